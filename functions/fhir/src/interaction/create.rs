//! create: <https://hl7.org/fhir/R4/http.html#create>.

use fhir_model::json::Json;
use uuid::Uuid;

use super::{Answer, Plan, Server, again, resource, update};
use crate::error::Error;
use crate::http::negotiate::Conditions;
use crate::store::{Base, Content, Draft, Key, Method, Version};

/// Creates a resource; with If-None-Exist (or criteria in the URL) only if none matches, so that of any number who ask at once one creates it.
pub async fn create(
    server: &Server<'_>,
    resource_type: &'static str,
    query: &[(String, String)],
    body: &[u8],
    conditions: &Conditions,
) -> Result<Answer, Error> {
    let mut json = Some(read(resource_type, body)?);
    let criteria = conditions.unless(resource_type, query, server.base)?;
    let criteria = criteria.map(|query| server.criteria(resource_type, query)).transpose()?;
    again(async || {
        let mut claims = Vec::new();
        if let Some(criteria) = &criteria {
            let (found, claimed) = server.claimed(criteria).await?;
            if let Some(answer) = among(found)? {
                return Ok(answer);
            }
            claims = claimed;
        }
        let json = json.take().map_or_else(|| read(resource_type, body), Ok)?; // parsed again only after a conflict
        server.carry_out(plan(resource_type, json), &claims).await
    })
    .await
}

/// The resource to be created. What id it has does not matter: <https://hl7.org/fhir/R4/http.html#create>.
pub fn read<'a>(resource_type: &str, body: &'a [u8]) -> Result<Json<'a>, Error> {
    if body.is_empty() {
        return resource::read(resource_type, body);
    }
    let mut json = Json::parse(body)?;
    if let Some(object) = json.as_object_mut() {
        object.remove("id");
    }
    resource::check(resource_type, &json)?;
    update::check_whole(&json)?;
    Ok(json)
}

/// What a conditional create answers if something matches already.
pub fn among(found: Vec<Version>) -> Result<Option<Answer>, Error> {
    match <[Version; 1]>::try_from(found) {
        Ok([version]) => Ok(Some(Answer::written(200, version))),
        Err(found) if found.is_empty() => Ok(None),
        Err(_) => Err(several()),
    }
}

/// Several match the criteria of a conditional interaction.
#[must_use]
pub fn several() -> Error {
    Error::MultipleMatches("more than one resource matches the criteria; they must be selective enough".to_owned())
}

/// A new resource under a new id.
#[must_use]
pub fn plan<'a>(resource_type: &'static str, json: Json<'a>) -> Plan<'a> {
    let key = Key::new(resource_type, &Uuid::new_v4().to_string());
    let draft = Draft { key, base: Base::default(), method: Method::Post, content: Content::Json(json) };
    Plan::Write { draft, status: 201 }
}
