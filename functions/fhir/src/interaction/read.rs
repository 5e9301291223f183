//! read and vread: <https://hl7.org/fhir/R4/http.html#read>.

use super::answer::time;
use super::{Answer, Server};
use crate::error::Error;
use crate::http::negotiate::Conditions;
use crate::store::{Key, Version};

/// The current version. One round trip.
pub async fn read(server: &Server<'_>, key: &Key, conditions: &Conditions) -> Result<Answer, Error> {
    let found = server.store.current(&server.store.once(), std::slice::from_ref(key)).await?;
    answer(found.into_iter().flatten().next(), key.to_string(), conditions)
}

/// That version.
pub async fn vread(server: &Server<'_>, key: &Key, number: u64, conditions: &Conditions) -> Result<Answer, Error> {
    let found = server.store.versions(&server.store.once(), &[(key.clone(), number)]).await?;
    answer(found.into_iter().flatten().next(), format!("{key}/_history/{number}"), conditions)
}

fn answer(version: Option<Version>, what: String, conditions: &Conditions) -> Result<Answer, Error> {
    match version {
        None => Err(Error::NotFound(what)),
        Some(version) if version.is_deleted() => Err(Error::Gone { what, version: version.number }),
        Some(version) if conditions.not_modified(version.number, time(version.updated)) => {
            Ok(Answer::empty(304, Some(version)))
        }
        Some(version) => Ok(Answer::resource(version)),
    }
}
