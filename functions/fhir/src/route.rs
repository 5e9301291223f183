//! Which interaction a request is: <https://hl7.org/fhir/R4/http.html#summary>. The same for the entries of a Bundle, whose
//! `request.url` is a path below the base.

use fhir_definitions::{ResourceType, resource_type};

use crate::error::Error;
use crate::http::request::{Method, number};
use crate::store::Key;

/// An interaction and what it is about. HEAD is GET; the body is left out on the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `OPTIONS`: what a browser asks before it lets a page of another origin call.
    Preflight,
    /// `GET /`, by somebody who looks what is there.
    Home,
    /// `GET /metadata`
    Capabilities,
    /// `POST /`: a batch or a transaction.
    Bundle,
    /// `GET /Patient/1`
    Read(Key),
    /// `GET /Patient/1/_history/2`
    Vread(Key, u64),
    /// `POST /Patient`
    Create(&'static str),
    /// `PUT /Patient/1`
    Update(Key),
    /// `PUT /Patient?identifier=…`
    ConditionalUpdate(&'static str),
    /// `PATCH /Patient/1`
    Patch(Key),
    /// `PATCH /Patient?identifier=…`
    ConditionalPatch(&'static str),
    /// `DELETE /Patient/1`
    Delete(Key),
    /// `DELETE /Patient?identifier=…`
    ConditionalDelete(&'static str),
    /// `GET /Patient/1/_history`, `/Patient/_history`, `/_history`
    History(Scope),
    /// `GET /Patient?…`, `POST /Patient/_search`, and the same of everything or of a compartment.
    Search(Scope),
    /// `POST /Patient/$validate`, `/Patient/1/$validate`
    Validate(&'static str, Option<String>),
}

/// Of what history is asked for, or where is searched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    System,
    /// One type.
    Type(&'static str),
    /// One resource: of history only.
    Instance(Key),
    /// What is in the compartment of that resource; of one type, or (`*`) of all that can be: of search only.
    Compartment(Key, Option<&'static str>),
}

/// Which interaction it is. `parameters` tells whether the query has any that are not about the answer's format.
pub fn route(method: Method, path: &[&str], parameters: bool) -> Result<Route, Error> {
    let method = match method {
        Method::Head => Method::Get,
        Method::Options => return Ok(Route::Preflight),
        method => method,
    };
    match (path, method) {
        ([], Method::Get) if parameters => Ok(Route::Search(Scope::System)),
        ([], Method::Get) => Ok(Route::Home),
        ([], Method::Post) => Ok(Route::Bundle),
        ([], _) => refuse("GET, HEAD, POST"),
        (["metadata"], method) => only_get(method, Route::Capabilities),
        (["_history"], method) => only_get(method, Route::History(Scope::System)),
        (["_search"], method) => only_post(method, Route::Search(Scope::System)),
        ([operation], _) if operation.starts_with('$') => no_operation(),
        ([name, rest @ ..], method) => of_type(known(name)?, rest, method),
    }
}

fn of_type(kind: &'static ResourceType, path: &[&str], method: Method) -> Result<Route, Error> {
    match (path, method) {
        ([], Method::Get) => Ok(Route::Search(Scope::Type(kind.name))),
        ([], Method::Post) => Ok(Route::Create(kind.name)),
        ([], Method::Put) => Ok(Route::ConditionalUpdate(kind.name)),
        ([], Method::Patch) => Ok(Route::ConditionalPatch(kind.name)),
        ([], Method::Delete) => Ok(Route::ConditionalDelete(kind.name)),
        ([], _) => refuse("GET, HEAD, POST, PUT, PATCH, DELETE"),
        (["_search"], method) => only_post(method, Route::Search(Scope::Type(kind.name))),
        (["_history"], method) => only_get(method, Route::History(Scope::Type(kind.name))),
        (["$validate"], method) => only_post(method, Route::Validate(kind.name, None)),
        ([operation], _) if operation.starts_with('$') => no_operation(),
        ([id, rest @ ..], method) => {
            if !is_id(id) {
                return Err(no_id(method));
            }
            of_instance(kind, Key::new(kind.name, id), rest, method)
        }
    }
}

fn of_instance(kind: &'static ResourceType, key: Key, path: &[&str], method: Method) -> Result<Route, Error> {
    match (path, method) {
        ([], Method::Get) => Ok(Route::Read(key)),
        ([], Method::Put) => Ok(Route::Update(key)),
        ([], Method::Patch) => Ok(Route::Patch(key)),
        ([], Method::Delete) => Ok(Route::Delete(key)),
        ([], _) => refuse("GET, HEAD, PUT, PATCH, DELETE"),
        (["_history"], method) => only_get(method, Route::History(Scope::Instance(key))),
        (["_history", version], method) => {
            // Versions are numbers here, so that another text is none that is known.
            let number = number(version).ok_or_else(|| Error::NotFound(format!("that version of {key}")))?;
            only_get(method, Route::Vread(key, number))
        }
        (["$validate"], method) => only_post(method, Route::Validate(kind.name, Some(key.id))),
        ([operation], _) if operation.starts_with('$') => no_operation(),
        (["_search"], method) => {
            let scope = compartment(key, None)?;
            only_post(method, Route::Search(scope))
        }
        ([name, rest @ ..], method) => {
            let within = if *name == "*" { None } else { Some(known(name)?) };
            let search = Route::Search(compartment(key, within)?);
            match rest {
                [] => only_get(method, search),
                ["_search"] => only_post(method, search),
                _ => Err(no_path()),
            }
        }
    }
}

/// A compartment's search; an error if there is no such compartment, or nothing of that type is ever in it.
fn compartment(key: Key, within: Option<&'static ResourceType>) -> Result<Scope, Error> {
    const COMPARTMENTS: [&str; 5] = ["Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"];
    let possible = within.is_none_or(|kind| kind.compartment(key.resource_type).is_some());
    if possible && COMPARTMENTS.contains(&key.resource_type) {
        Ok(Scope::Compartment(key, within.map(|kind| kind.name)))
    } else {
        Err(Error::NoSuchPath("R4 defines no such compartment".to_owned()))
    }
}

fn known(name: &str) -> Result<&'static ResourceType, Error> {
    resource_type(name).ok_or_else(|| {
        Error::NoSuchPath(
            "there is nothing at that URL: where a resource type of FHIR R4 is expected it has none (GET metadata lists \
             them)"
                .to_owned(),
        )
    })
}

/// `[A-Za-z0-9\-\.]{1,64}`: <https://hl7.org/fhir/R4/datatypes.html#id>. But not `.` and `..`, which clients leave out of URLs, or
/// which lead elsewhere: nobody would reach that resource again.
#[must_use]
pub fn is_id(text: &str) -> bool {
    !matches!(text, "." | "..")
        && (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
}

fn no_id(method: Method) -> Error {
    let message = "an id has 1 to 64 letters, digits, hyphens and dots, and is neither . nor ..".to_owned();
    if method == Method::Put { Error::Malformed(message) } else { Error::NoSuchPath(message) }
}

fn no_path() -> Error {
    Error::NoSuchPath("there is nothing at that URL; GET metadata tells what there is".to_owned())
}

fn no_operation() -> Result<Route, Error> {
    Err(Error::NoSuchPath("of operations, this server has POST [type]/$validate only".to_owned()))
}

fn only_get(method: Method, route: Route) -> Result<Route, Error> {
    if method == Method::Get { Ok(route) } else { refuse("GET, HEAD") }
}

fn only_post(method: Method, route: Route) -> Result<Route, Error> {
    if method == Method::Post { Ok(route) } else { refuse("POST") }
}

fn refuse(allow: &'static str) -> Result<Route, Error> {
    Err(Error::Method { allow })
}

impl Route {
    /// The interaction's name, as the value sets of `CapabilityStatement` have it where they do: for logs and metrics.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Home => "home",
            Self::Capabilities => "capabilities",
            Self::Bundle => "bundle",
            Self::Read(_) => "read",
            Self::Vread(..) => "vread",
            Self::Create(_) => "create",
            Self::Update(_) => "update",
            Self::ConditionalUpdate(_) => "conditional-update",
            Self::Patch(_) => "patch",
            Self::ConditionalPatch(_) => "conditional-patch",
            Self::Delete(_) => "delete",
            Self::ConditionalDelete(_) => "conditional-delete",
            Self::History(Scope::Instance(_)) => "history-instance",
            Self::History(Scope::Type(_)) => "history-type",
            Self::History(_) => "history-system",
            Self::Search(Scope::System) => "search-system",
            Self::Search(Scope::Compartment(..)) => "search-compartment",
            Self::Search(_) => "search-type",
            Self::Validate(..) => "validate",
        }
    }

    /// The resource type that it is about; empty if it is about none or all.
    #[must_use]
    pub fn resource_type(&self) -> &'static str {
        match self {
            Self::Create(kind)
            | Self::ConditionalUpdate(kind)
            | Self::ConditionalPatch(kind)
            | Self::ConditionalDelete(kind)
            | Self::Validate(kind, _)
            | Self::History(Scope::Type(kind))
            | Self::Search(Scope::Type(kind) | Scope::Compartment(_, Some(kind))) => kind,
            _ => self.key().map_or("", |key| key.resource_type),
        }
    }

    /// The resource that it is about.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Read(key) | Self::Vread(key, _) | Self::Update(key) | Self::Patch(key) | Self::Delete(key) => {
                Some(key)
            }
            Self::History(scope) | Self::Search(scope) => match scope {
                Scope::Instance(key) | Scope::Compartment(key, _) => Some(key),
                _ => None,
            },
            _ => None,
        }
    }

    /// Refuses parameters that an interaction by id does not have: who sends criteria along means another interaction. Reads
    /// pass over them if the client is lenient.
    pub fn check_query(&self, query: &[(String, String)], lenient: bool) -> Result<(), Error> {
        let known: &[&str] = match self {
            Self::Update(_) | Self::Patch(_) | Self::Delete(_) => &["_format", "_pretty"],
            Self::Read(_) | Self::Vread(..) if !lenient => &["_format", "_pretty", "_summary", "_elements"],
            _ => return Ok(()),
        };
        if query.iter().all(|(name, _)| known.contains(&name.as_str())) {
            return Ok(());
        }
        Err(Error::Parameter(format!("by its id, a {} has the parameters {} only", self.name(), known.join(", "))))
    }

    /// Whether it brings something to store.
    #[must_use]
    pub fn stores(&self) -> bool {
        matches!(
            self,
            Self::Bundle
                | Self::Create(_)
                | Self::Update(_)
                | Self::ConditionalUpdate(_)
                | Self::Patch(_)
                | Self::ConditionalPatch(_)
        )
    }
}

#[cfg(test)]
mod tests;
