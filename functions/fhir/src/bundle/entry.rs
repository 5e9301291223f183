//! An entry, from JSON to what it asks for.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fhir_model::json::{Json, Object};
use fhir_model::patch::Patch;
use fhir_model::validate::Issue;
use percent_encoding::percent_decode_str;

use crate::error::Error;
use crate::http::negotiate::{Conditions, Prefer};
use crate::http::request::{Headers, Method, Request, parameters};
use crate::interaction::answer::time;
use crate::interaction::{Server, resource, update};
use crate::route::{Route, route};
use crate::search::Criteria;
use crate::store::Key;

/// What an entry asks for.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    /// Its place in the Bundle, from 0.
    pub(super) index: usize,
    /// What the other entries call it.
    pub(super) full_url: Option<String>,
    /// What is to be done.
    pub(super) action: Action<'a>,
    /// On which conditions.
    pub(super) conditions: Conditions,
}

/// What is to be done.
#[derive(Debug)]
pub(super) enum Action<'a> {
    /// Create, unless something matches.
    Create(&'static str, Option<Box<Criteria>>, Json<'a>),
    /// Update, or create.
    Update(On, Json<'a>),
    /// Patch.
    Patch(On, Change<'a>),
    /// Delete.
    Delete(On),
    /// Read, or search.
    Get(Box<Request>),
}

/// A resource by its id, or that which matches.
#[derive(Clone, Debug)]
pub(super) enum On {
    /// That one.
    Key(Key),
    /// What matches.
    Criteria(Box<Criteria>),
}

/// A patch as it comes in a Bundle.
#[derive(Debug)]
pub(super) enum Change<'a> {
    /// A JSON Patch, out of a Binary.
    Json(Patch),
    /// Parameters, whose references may still have to be rewritten.
    FhirPath(Json<'a>),
}

/// What is wrong with an entry.
#[derive(Debug)]
pub(super) struct Fault {
    index: usize,
    at: &'static str,
    error: Error,
}

impl Fault {
    /// As one of the issues of a transaction.
    pub(super) fn issue(&self) -> Issue {
        let expression = format!("Bundle.entry[{}]{}", self.index, self.at);
        Issue { code: self.error.code(), expression, message: self.error.to_string() }
    }

    /// As what the entry of a batch ends with.
    pub(super) fn into_error(self) -> Error {
        Error::Entry { index: self.index, at: self.at, error: Box::new(self.error) }
    }
}

/// Reads entries.
#[derive(Clone, Copy)]
pub(super) struct Reader<'r> {
    /// The server.
    pub(super) server: &'r Server<'r>,
    /// What brought the Bundle.
    pub(super) request: &'r Request,
}

impl Reader<'_> {
    /// Reads an entry. Whether its resource is valid is not its business.
    pub(super) fn entry<'a>(&self, index: usize, entry: Json<'a>) -> Result<Entry<'a>, Fault> {
        let fault = |(at, error)| Fault { index, at, error };
        let Json::Object(mut entry) = entry else { return Err(fault(malformed("", "an entry must be an object"))) };
        let request = entry.remove("request").unwrap_or(Json::Null);
        let body = entry.remove("resource");
        let full_url = entry.get("fullUrl").and_then(Json::as_str);
        if full_url.is_some_and(|url| url.contains("/_history/")) {
            return Err(fault(malformed(".fullUrl", "must not name a version (bdl-8)")));
        }
        let full_url = full_url.map(str::to_owned);
        let (action, conditions) = self.action(&request, body).map_err(fault)?;
        Ok(Entry { index, full_url, action, conditions })
    }

    fn action<'a>(&self, request: &Json<'a>, body: Option<Json<'a>>) -> Result<(Action<'a>, Conditions), At> {
        let Json::Object(object) = request else {
            return Err(malformed(".request", "an entry of a batch or transaction must have a request"));
        };
        let method = match request.text("method").map(Method::read) {
            Some(Method::Options | Method::Other) | None => {
                return Err(malformed(".request.method", "must be GET, HEAD, POST, PUT, PATCH or DELETE"));
            }
            Some(method) => method,
        };
        let url = request.text("url").ok_or_else(|| malformed(".request.url", "a request must have a url"))?;
        let conditions = conditions(object).map_err(|error| (".request", error))?;
        let (path, query) = target(url, self.server.base).map_err(|error| (".request.url", error))?;
        let segments: Vec<&str> = path.iter().map(String::as_str).collect();
        let route = route(method, &segments, !query.is_empty()).map_err(|error| (".request.url", error))?;
        let lenient = Prefer::read(&self.request.headers).lenient;
        route.check_query(&query, lenient).map_err(|error| (".request.url", error))?;
        let matching = |kind| {
            self.server
                .criteria(kind, &query)
                .map(|criteria| On::Criteria(Box::new(criteria)))
                .map_err(|error| (".request.url", error))
        };
        let action = match route {
            Route::Create(kind) => {
                let unless = conditions.unless(kind, &query, self.server.base);
                let unless = unless.map_err(|error| (".request.ifNoneExist", error))?;
                let unless = unless.map(|query| self.server.criteria(kind, query));
                let unless = unless.transpose().map_err(|error| (".request.ifNoneExist", error))?;
                let mut json = of_type(kind, body)?;
                json.as_object_mut().and_then(|object| object.remove("id")); // that of the sender: the server gives another
                Action::Create(kind, unless.map(Box::new), json)
            }
            Route::Update(key) => {
                let json = of_type(key.resource_type, body)?;
                resource::check_id(&json, &key.id).map_err(|error| (".resource.id", error))?;
                Action::Update(On::Key(key), json)
            }
            Route::ConditionalUpdate(kind) => Action::Update(matching(kind)?, of_type(kind, body)?),
            Route::Patch(key) => Action::Patch(On::Key(key), change(body)?),
            Route::ConditionalPatch(kind) => Action::Patch(matching(kind)?, change(body)?),
            Route::Delete(key) => Action::Delete(On::Key(key)),
            Route::ConditionalDelete(kind) => Action::Delete(matching(kind)?),
            Route::Read(_) | Route::Vread(..) | Route::History(_) | Route::Search(_) | Route::Capabilities
                if matches!(method, Method::Get | Method::Head) =>
            {
                Action::Get(Box::new(self.get(method, path, query, object)))
            }
            _ => return Err(malformed(".request.url", "there is no such interaction inside a Bundle")),
        };
        Ok((action, conditions))
    }

    /// The entry as a request of its own.
    fn get(&self, method: Method, path: Vec<String>, query: Vec<(String, String)>, entry: &Object<'_>) -> Request {
        let mut headers = Headers::default();
        let mut set = |name, value: Option<Cow<'_, str>>| value.into_iter().for_each(|value| headers.add(name, &value));
        let text = |name| entry.get(name).and_then(Json::as_str);
        set("if-none-match", text("ifNoneMatch").map(Cow::Borrowed));
        let since = text("ifModifiedSince").and_then(fhir_model::time::parse_instant);
        set("if-modified-since", since.map(|since| httpdate::fmt_http_date(time(since)).into()));
        set("prefer", self.request.headers.get("prefer").map(Cow::Borrowed));
        Request {
            method,
            path,
            query,
            headers,
            base: self.request.base.clone(),
            id: self.request.id.clone(),
            ..Request::default()
        }
    }
}

/// Where inside an entry, and what is wrong there.
type At = (&'static str, Error);

fn malformed(at: &'static str, message: &str) -> At {
    (at, Error::Malformed(message.to_owned()))
}

fn conditions(request: &Object<'_>) -> Result<Conditions, Error> {
    let text = |name| request.get(name).and_then(Json::as_str);
    Conditions::of_entry(text("ifMatch"), text("ifNoneMatch"), None, text("ifNoneExist"))
}

/// Segments of a path, and names and values of a query.
type Target = (Vec<String>, Vec<(String, String)>);

/// Path and query of an entry's URL, which is relative to the base, or the whole address of something here.
fn target(url: &str, base: &str) -> Result<Target, Error> {
    let here =
        url.strip_prefix(base).filter(|rest| !base.is_empty() && (rest.is_empty() || rest.starts_with(['/', '?'])));
    if here.is_none() && url.split(['?', '/']).next().is_some_and(|first| first.contains(':')) {
        return Err(Error::Malformed("must be relative to the server's base".to_owned()));
    }
    let url = here.unwrap_or(url);
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let decode = |segment| percent_decode_str(segment).decode_utf8_lossy().into_owned();
    let path = path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect();
    Ok((path, parameters(query.as_bytes())))
}

fn of_type<'a>(kind: &str, body: Option<Json<'a>>) -> Result<Json<'a>, At> {
    let json = body.ok_or_else(|| malformed(".resource", "POST and PUT must have a resource"))?;
    if json.text("resourceType") != Some(kind) {
        let message = format!("must be a resource of the type {kind}, as request.url says");
        return Err((".resource", Error::Malformed(message)));
    }
    update::check_whole(&json).map_err(|error| (".resource.meta.tag", error))?;
    Ok(json)
}

fn change(body: Option<Json<'_>>) -> Result<Change<'_>, At> {
    const WHAT: &str = "a PATCH has Parameters (FHIRPath Patch), or a Binary with JSON Patch as its data and the contentType \
                        application/json-patch+json";
    let body = body.ok_or_else(|| malformed(".resource", WHAT))?;
    match body.text("resourceType") {
        Some("Parameters") => {
            // Read twice: before anything is done it must be known to be a patch.
            Patch::fhirpath(&body).map_err(|error| (".resource", error.into()))?;
            Ok(Change::FhirPath(body))
        }
        Some("Binary") if body.text("contentType").is_some_and(is_json_patch) => {
            let data = body.text("data").unwrap_or_default();
            let data: String = data.chars().filter(|c| !c.is_ascii_whitespace()).collect();
            let data = STANDARD.decode(data).map_err(|_| malformed(".resource.data", "must be base64"))?;
            let json = Json::parse(&data).map_err(|error| (".resource.data", error.into()))?;
            Patch::json_patch(&json).map(Change::Json).map_err(|error| (".resource.data", error.into()))
        }
        _ => Err(malformed(".resource", WHAT)),
    }
}

fn is_json_patch(media: &str) -> bool {
    media.split(';').next().is_some_and(|name| name.trim().eq_ignore_ascii_case("application/json-patch+json"))
}

#[cfg(test)]
mod tests;
