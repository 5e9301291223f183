//! delete: <https://hl7.org/fhir/R4/http.html#delete>. References to what is deleted stay, as in other servers they do
//! without a rule against it: what they say of the past is true.

use super::{Answer, Content, Plan, Server, again, create, update};
use crate::error::Error;
use crate::http::negotiate::Conditions;
use crate::store::{Base, Content as Written, Draft, Key, Method, Version};

/// Deletes a resource; what is not there, or no longer, is deleted already.
pub async fn delete(server: &Server<'_>, key: &Key, conditions: &Conditions) -> Result<Answer, Error> {
    again(async || server.carry_out(plan(key, server.base(key).await?, conditions)?, &[]).await).await
}

/// Deletes the resource that matches the criteria. Several are too many: the `CapabilityStatement` says `single`.
pub async fn conditional(
    server: &Server<'_>,
    resource_type: &'static str,
    query: &[(String, String)],
    conditions: &Conditions,
) -> Result<Answer, Error> {
    let criteria = server.criteria(resource_type, query)?;
    again(async || match target(server.matches(&criteria).await?)? {
        None => {
            update::hold(&Base::default(), conditions)?;
            Ok(nothing(None))
        }
        Some(found) => server.carry_out(plan(&found.key, server.same(&found).await?, conditions)?, &[]).await,
    })
    .await
}

/// The one that is to be deleted, if any matches.
pub fn target(found: Vec<Version>) -> Result<Option<Version>, Error> {
    match <[Version; 1]>::try_from(found) {
        Ok([version]) => Ok(Some(version)),
        Err(found) if found.is_empty() => Ok(None),
        Err(_) => Err(create::several()),
    }
}

/// A version that says that the resource is deleted.
pub fn plan(key: &Key, base: Base, conditions: &Conditions) -> Result<Plan<'static>, Error> {
    update::hold(&base, conditions)?;
    match &base.current {
        Some(current) if !current.is_deleted() => {
            let draft = Draft { key: key.clone(), base, method: Method::Delete, content: Written::Deleted };
            Ok(Plan::Write { draft, status: 204 })
        }
        deleted => Ok(Plan::Done(nothing(deleted.clone()))),
    }
}

fn nothing(version: Option<Version>) -> Answer {
    Answer { status: 204, version, content: Content::Preferred }
}
