//! history of a resource, of a type and of all: <https://hl7.org/fhir/R4/http.html#history>.
//!
//! The newest comes first. A page ends with a cursor, the place of the last version that was looked at; that stays where
//! it is whatever is written meanwhile.

mod bundle;
mod log;
mod parameters;

use super::Server;
use crate::error::Error;
use crate::route::Scope;
use crate::store::{Key, Run, Version};
use parameters::{Parameters, Place};

/// How many calls, one after another, are made for one page: where little is found it is short, and has a next link.
const ROUNDS: usize = 10;
/// JSON of a page's resources: beyond, the page ends early. An answer must fit Lambda's 6 MB.
const BYTES: usize = 4_000_000;

/// A page of history.
#[derive(Default)]
struct Page {
    versions: Vec<Version>,
    /// After what the next page begins, if there is one.
    next: Option<Place>,
}

/// A page of history, a Bundle. `lenient` passes over parameters that history does not have.
pub async fn history(
    server: &Server<'_>,
    scope: &Scope,
    query: &[(String, String)],
    lenient: bool,
) -> Result<Vec<u8>, Error> {
    let asked = Parameters::read(query, server.config, lenient)?;
    let page = server.store.consistently(async |run| match scope {
        Scope::Instance(key) => of_instance(server, run, key, &asked).await,
        Scope::Type(kind) => log::walk(server, run, kind, &asked).await,
        Scope::System | Scope::Compartment(..) => log::walk(server, run, "", &asked).await,
    });
    let page: Page = page.await?;
    bundle::bundle(server, scope, &asked, page).await
}

async fn of_instance(server: &Server<'_>, run: &Run, key: &Key, asked: &Parameters) -> Result<Page, Error> {
    let mut page = Page::default();
    let mut last = asked.after.clone();
    for _ in 0..ROUNDS {
        let below = last.as_ref().map(|last| last.number);
        let found = server.store.history(run, key, below, asked.count + 1).await?;
        if found.is_empty() && last.is_none() {
            return Err(Error::NotFound(key.to_string()));
        }
        let all = found.len() <= asked.count;
        for version in found {
            // A version is the current one until the next, which is the one before it here.
            let ended = last.as_ref().map(|last| last.updated);
            if asked.is_over(version.updated, ended) {
                return Ok(page);
            }
            if page.versions.len() == asked.count {
                page.next = last;
                return Ok(page);
            }
            last = Some(Place::of(&version));
            if asked.shows(version.updated, ended) {
                page.versions.push(version);
            }
        }
        if all {
            return Ok(page);
        }
    }
    page.next = last;
    Ok(page)
}
