//! What conditional interactions search by: `If-None-Exist: identifier=…`, `PUT /Patient?identifier=…`.

use fhir_definitions::resource_type;
use fhir_model::json::Json;

use super::find::{Keep, some};
use super::query::{Context, Limits, Query, Unknown};
use super::resolve;
use crate::error::Error;
use crate::store::{Key, Run, Store, Version};

/// A resource type and search parameters, all of them understood.
#[derive(Clone, Debug)]
pub struct Criteria {
    query: Query,
    normalized: String,
    resource_type: &'static str,
}

/// Matches that are told apart; a Bundle may delete some of them, and no Bundle has so many entries.
const MOST: usize = 10_000;

impl Criteria {
    /// Reads the parameters of a conditional interaction. Unknown parameters always fail, and so do having none and one
    /// without a value.
    ///
    /// `base` is the server's own address, `now` milliseconds since 1970.
    pub fn parse(
        resource_type_: &'static str,
        query: &[(String, String)],
        base: &str,
        now: i64,
    ) -> Result<Self, Error> {
        let definition = resource_type(resource_type_);
        let limits = Limits { page_size: 2, max_page_size: 2 };
        let context = Context { base, now, unknown: Unknown::Criteria, limits };
        let mut parameters: Vec<(String, String)> =
            query.iter().filter(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty")).cloned().collect();
        // A search leaves it out. Without one of its criteria a conditional interaction is another: what a template with an
        // empty variable sends would act upon whatever the others match.
        if let Some((name, _)) = parameters.iter().find(|(_, value)| value.trim().is_empty()) {
            let name: String = name.chars().take(64).collect();
            return Err(Error::Parameter(format!("the criterion \"{name}\" has no value")));
        }
        parameters.sort();
        let query = Query::parse(definition, &parameters, context)?;
        if query.conditions.is_empty() {
            return Err(Error::Precondition(
                "the criteria of a conditional interaction name no search parameter".to_owned(),
            ));
        }
        let normalized =
            form_urlencoded::Serializer::new(format!("{resource_type_}?")).extend_pairs(&parameters).finish();
        Ok(Self { query, normalized, resource_type: resource_type_ })
    }

    /// The resource type.
    #[must_use]
    pub fn resource_type(&self) -> &'static str {
        self.resource_type
    }

    /// The same text for the same criteria: what a claim is keyed by ([`crate::store::Claim`]).
    #[must_use]
    pub fn normalized(&self) -> &str {
        &self.normalized
    }

    /// Current versions that match, at most `limit`.
    pub async fn matches(&self, store: &Store, run: &Run, limit: usize) -> Result<Vec<Version>, Error> {
        let types = self.query.searched();
        let wanted = resolve::wanted(store, run, &types, &self.query.conditions).await?;
        let Some(wanted) = wanted.into_iter().next() else { return Ok(Vec::new()) };
        let limit = limit.min(MOST);
        let found = some(store, run, wanted.definition, wanted.checks, limit, Keep::Versions).await?;
        // Fewer than were asked for, and there may be more: it was too much to look at.
        let found = found.filter(|found| found.next.is_none() || found.matches.len() >= limit);
        let too_broad =
            || Error::MultipleMatches("the criteria match very many resources; name an identifier".to_owned());
        Ok(found.ok_or_else(too_broad)?.matches.into_iter().map(|found| found.version).collect())
    }

    /// Which of these match, though they are not stored yet: by their contents.
    pub async fn among<'k>(
        &self,
        store: &Store,
        run: &Run,
        resources: &[(&'k Key, &Json<'_>)],
    ) -> Result<Vec<&'k Key>, Error> {
        let wanted = resolve::wanted(store, run, &self.query.searched(), &self.query.conditions).await?;
        let Some(wanted) = wanted.into_iter().next() else { return Ok(Vec::new()) };
        let accepts = |(key, json): &&(&Key, &Json<'_>)| {
            wanted.checks.iter().all(|check| check.accepts(&key.id, json, store.base_url()))
        };
        Ok(resources.iter().filter(accepts).map(|(key, _)| *key).collect())
    }
}
