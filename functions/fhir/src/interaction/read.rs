//! read and vread: <https://hl7.org/fhir/R4/http.html#read>.

use super::answer::time;
use super::{Answer, Server};
use crate::error::Error;
use crate::http::negotiate::Conditions;
use crate::store::{Key, StoreError, Version};

/// The current version. One round trip.
pub async fn read(server: &Server<'_>, key: &Key, conditions: &Conditions) -> Result<Answer, Error> {
    let keys = std::slice::from_ref(key);
    let read = server.store.consistently(async |run| server.store.current(run, keys).await);
    let found: Vec<Option<Version>> = read.await?;
    answer(found.into_iter().flatten().next(), key.to_string(), conditions)
}

/// That version.
pub async fn vread(server: &Server<'_>, key: &Key, number: u64, conditions: &Conditions) -> Result<Answer, Error> {
    let wanted = [(key.clone(), number)];
    let read = server.store.consistently(async |run| server.store.versions(run, &wanted).await);
    let found: Result<Vec<Option<Version>>, StoreError> = read.await;
    answer(found?.into_iter().flatten().next(), format!("{key}/_history/{number}"), conditions)
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
