//! update: <https://hl7.org/fhir/R4/http.html#update>. Clients may choose ids: what is not there yet is created.

use fhir_model::json::Json;

use super::{Answer, Plan, Server, again, create, resource};
use crate::error::Error;
use crate::http::negotiate::Conditions;
use crate::route::is_id;
use crate::store::{Base, Content, Draft, Key, Method, Version};

/// Makes the body the resource's new version.
pub async fn update(server: &Server<'_>, key: &Key, body: &[u8], conditions: &Conditions) -> Result<Answer, Error> {
    let checked = || {
        let json = read(key.resource_type, body)?;
        resource::check_id(&json, &key.id)?;
        Ok::<_, Error>(json)
    };
    let mut json = Some(checked()?);
    again(async || {
        let base = server.base(key).await?;
        let json = json.take().map_or_else(checked, Ok)?; // parsed again only after a conflict
        server.carry_out(plan(key, base, json, conditions)?, &[]).await
    })
    .await
}

/// Updates the resource that matches the criteria, or creates it.
pub async fn conditional(
    server: &Server<'_>,
    resource_type: &'static str,
    query: &[(String, String)],
    body: &[u8],
    conditions: &Conditions,
) -> Result<Answer, Error> {
    let mut json = Some(read(resource_type, body)?);
    let criteria = server.criteria(resource_type, query)?;
    again(async || {
        let (found, claims) = server.claimed(&criteria).await?;
        let json = json.take().map_or_else(|| read(resource_type, body), Ok)?;
        let plan = match target(resource_type, found, json.text("id"))? {
            Target::Found(version) => {
                let plan = plan(&version.key, server.same(&version).await?, json, conditions)?;
                return server.carry_out(plan, &[]).await; // the claim is of use only if there is none
            }
            Target::New(_) if conditions.if_match.is_some() => return Err(mismatch(None)),
            Target::New(None) => create::plan(resource_type, json),
            Target::New(Some(key)) => {
                let base = server.base(&key).await?;
                if base.current.as_ref().is_some_and(|current| !current.is_deleted()) {
                    return Err(Error::Rule(format!("{key} exists, and does not match the criteria")));
                }
                plan(&key, base, json, conditions)?
            }
        };
        server.carry_out(plan, &claims).await
    })
    .await
}

fn read<'a>(resource_type: &str, body: &'a [u8]) -> Result<Json<'a>, Error> {
    let json = resource::read(resource_type, body)?;
    check_whole(&json)?;
    Ok(json)
}

/// Refuses a part of a resource, what `_elements` and `_summary` give: R4 has the tag so that it overwrites nothing.
/// <https://hl7.org/fhir/R4/search.html#summary>
pub fn check_whole(json: &Json<'_>) -> Result<(), Error> {
    const SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
    let is_subset = |tag: &Json<'_>| tag.text("code") == Some("SUBSETTED") && tag.text("system") == Some(SYSTEM);
    let tags = json.get("meta").and_then(|meta| meta.get("tag"));
    if tags.is_some_and(|tags| tags.items().iter().any(is_subset)) { Err(Error::Subset) } else { Ok(()) }
}

/// Upon what a conditional update works.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// The one that matches.
    Found(Version),
    /// Nothing matches: it is to be created, under that id if the client chose one.
    New(Option<Key>),
}

/// Chooses: <https://hl7.org/fhir/R4/http.html#cond-update>.
pub fn target(resource_type: &'static str, found: Vec<Version>, id: Option<&str>) -> Result<Target, Error> {
    match (<[Version; 1]>::try_from(found), id) {
        (Ok([version]), Some(id)) if version.key.id != id => {
            Err(Error::Malformed("the resource's id is not that of the resource that matches".to_owned()))
        }
        (Ok([version]), _) => Ok(Target::Found(version)),
        (Err(found), Some(id)) if found.is_empty() && !is_id(id) => {
            Err(Error::Malformed("the resource's id is none that a URL can name".to_owned()))
        }
        (Err(found), id) if found.is_empty() => Ok(Target::New(id.map(|id| Key::new(resource_type, id)))),
        (Err(_), _) => Err(create::several()),
    }
}

/// The next version of a resource; 201 if there was none, or if it had been deleted.
pub fn plan<'a>(key: &Key, base: Base, json: Json<'a>, conditions: &Conditions) -> Result<Plan<'a>, Error> {
    hold(&base, conditions)?;
    let is_there = base.current.as_ref().is_some_and(|current| !current.is_deleted());
    let (status, method) = if is_there { (200, Method::Put) } else { (201, Method::Create) };
    let draft = Draft { key: key.clone(), base, method, content: Content::Json(json) };
    Ok(Plan::Write { draft, status })
}

/// If-Match must name the current version, If-None-Match must not. What is deleted has none.
pub fn hold(base: &Base, conditions: &Conditions) -> Result<(), Error> {
    let current = base.current.as_ref().filter(|current| !current.is_deleted()).map(|current| current.number);
    if conditions.if_match.as_ref().is_some_and(|tags| !tags.hold(current)) {
        return Err(mismatch(current));
    }
    if conditions.if_none_match.as_ref().is_some_and(|tags| tags.hold(current)) {
        return Err(Error::Precondition("the resource is there already, as If-None-Match forbids".to_owned()));
    }
    Ok(())
}

fn mismatch(current: Option<u64>) -> Error {
    let message = match current {
        Some(_) => "the resource is not at the version that If-Match names; read it again",
        None => "the resource is not there, and so not at a version that If-Match could name",
    };
    Error::Precondition(message.to_owned())
}

impl Server<'_> {
    /// What a write of a version that a search has found starts from: it must still be the current one.
    pub async fn same(&self, found: &Version) -> Result<Base, Error> {
        let base = self.base(&found.key).await?;
        match &base.current {
            Some(current) if current.number == found.number => Ok(base),
            _ => Err(Error::Conflict("another request has changed the resource meanwhile".to_owned())),
        }
    }
}
