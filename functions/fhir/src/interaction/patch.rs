//! patch: <https://hl7.org/fhir/R4/http.html#patch>.

use fhir_model::json::Json;
use fhir_model::patch::{Patch, PatchError};

use super::{Answer, Plan, Server, again, create, resource, update};
use crate::error::Error;
use crate::http::negotiate::Conditions;
use crate::http::request::BodyKind;
use crate::store::{Base, Content, Draft, Key, Method, Version};

/// Changes a resource.
pub async fn patch(server: &Server<'_>, key: &Key, patch: &Patch, conditions: &Conditions) -> Result<Answer, Error> {
    again(async || apply(server, server.base(key).await?, key, patch, conditions).await).await
}

/// Changes the resource that matches the criteria.
pub async fn conditional(
    server: &Server<'_>,
    resource_type: &'static str,
    query: &[(String, String)],
    patch: &Patch,
    conditions: &Conditions,
) -> Result<Answer, Error> {
    let criteria = server.criteria(resource_type, query)?;
    again(async || {
        let found = target(server.matches(&criteria).await?, resource_type)?;
        apply(server, server.same(&found).await?, &found.key, patch, conditions).await
    })
    .await
}

async fn apply(
    server: &Server<'_>,
    base: Base,
    key: &Key,
    patch: &Patch,
    conditions: &Conditions,
) -> Result<Answer, Error> {
    let json = match &base.current {
        Some(current) => server.store.json(current).await?,
        None => None,
    };
    server.carry_out(plan(key, base, json.as_deref(), patch, conditions)?, &[]).await
}

/// Reads what a request brings.
pub fn read(kind: BodyKind, body: &[u8]) -> Result<Patch, Error> {
    if body.is_empty() {
        return Err(Error::Malformed("the request has no body; it must be a patch".to_owned()));
    }
    let json = Json::parse(body)?;
    let patch = if kind == BodyKind::JsonPatch { Patch::json_patch(&json) } else { Patch::fhirpath(&json) };
    Ok(patch?)
}

/// The one that is to be patched, of those that match.
pub fn target(found: Vec<Version>, resource_type: &str) -> Result<Version, Error> {
    match <[Version; 1]>::try_from(found) {
        Ok([version]) => Ok(version),
        Err(found) if found.is_empty() => Err(Error::NotFound(format!("a {resource_type} that matches the criteria"))),
        Err(_) => Err(create::several()),
    }
}

/// The next version of a resource: the current one's JSON as the patch changes it, if that is a valid resource.
pub fn plan(
    key: &Key,
    base: Base,
    current: Option<&[u8]>,
    patch: &Patch,
    conditions: &Conditions,
) -> Result<Plan<'static>, Error> {
    let json = match (&base.current, current) {
        (Some(version), None) => {
            return Err(Error::Gone { what: key.to_string(), version: version.number });
        }
        (None, _) => return Err(Error::NotFound(key.to_string())),
        (_, Some(json)) => json,
    };
    update::hold(&base, conditions)?;
    let json = patch.apply(Json::parse(json).map_err(Error::internal)?.into_owned())?;
    resource::check(key.resource_type, &json)?;
    let draft = Draft { key: key.clone(), base, method: Method::Patch, content: Content::Json(json) };
    Ok(Plan::Write { draft, status: 200 })
}

impl From<PatchError> for Error {
    fn from(error: PatchError) -> Self {
        match error {
            PatchError::Malformed(_) | PatchError::MalformedOperation { .. } => Self::Malformed(error.to_string()),
            _ => Self::Unprocessable(error.to_string()),
        }
    }
}
