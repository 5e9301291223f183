//! What a plan must know of the store, read with as few round trips as can be.

use std::collections::{HashMap, HashSet};

use futures_util::future::try_join3;

use crate::error::Error;
use crate::interaction::Server;
use crate::search::Criteria;
use crate::store::table::in_parallel;
use crate::store::{Base, Claim, Key, Version};

/// Claims are asked for in portions of one call each.
const CLAIMS: usize = 100;

/// What is to be found out.
#[derive(Debug, Default)]
pub(super) struct Questions {
    /// Resources that are named by their ids.
    pub(super) keys: HashSet<Key>,
    /// Criteria of entries, by their normalized text.
    pub(super) claimed: HashMap<String, Criteria>,
    /// Criteria of references, by their normalized text.
    pub(super) referred: HashMap<String, Criteria>,
    /// How many resources the Bundle deletes: so many matches may not count.
    pub(super) deletions: usize,
}

/// What was found out.
#[derive(Debug, Default)]
pub(super) struct Facts {
    bases: HashMap<Key, Base>,
    claims: HashMap<String, Claim>,
    found: HashMap<String, Vec<Version>>,
}

impl Facts {
    /// Reads it all: heads, claims and searches for references at once, then the searches that the claims guard.
    pub(super) async fn read(server: &Server<'_>, questions: Questions) -> Result<Self, Error> {
        let Questions { keys, claimed, mut referred, deletions } = questions;
        referred.retain(|text, _| !claimed.contains_key(text));
        let limit = 2 + deletions;
        let guarded = async {
            let claims = claims(server, claimed.keys().cloned().collect()).await?; // before the search, see Claim
            Ok((claims, search(server, &claimed, limit).await?))
        };
        let ((claims, mut found), more, bases) =
            try_join3(guarded, search(server, &referred, limit), bases(server, keys.into_iter().collect())).await?;
        found.extend(more);
        Ok(Self { bases, claims, found })
    }

    /// Reads further heads: of what the searches have found.
    pub(super) async fn also(&mut self, server: &Server<'_>, keys: HashSet<Key>) -> Result<(), Error> {
        let keys: Vec<Key> = keys.into_iter().filter(|key| !self.bases.contains_key(key)).collect();
        self.bases.extend(bases(server, keys).await?);
        Ok(())
    }

    /// What a write of the resource starts from.
    pub(super) fn base(&self, key: &Key) -> Base {
        self.bases.get(key).cloned().unwrap_or_default()
    }

    /// What matches.
    pub(super) fn found(&self, criteria: &Criteria) -> &[Version] {
        self.found.get(criteria.normalized()).map_or(&[], Vec::as_slice)
    }

    /// The claim that guards the criteria.
    pub(super) fn claim(&self, criteria: &Criteria) -> Option<Claim> {
        self.claims.get(criteria.normalized()).cloned()
    }
}

async fn claims(server: &Server<'_>, texts: Vec<String>) -> Result<HashMap<String, Claim>, Error> {
    let read = in_parallel(texts.chunks(CLAIMS).map(|texts| server.store.claims(texts))).await?;
    Ok(texts.into_iter().zip(read.into_iter().flatten()).collect())
}

async fn search(
    server: &Server<'_>,
    criteria: &HashMap<String, Criteria>,
    limit: usize,
) -> Result<HashMap<String, Vec<Version>>, Error> {
    let store = &server.store;
    in_parallel(criteria.iter().map(async |(text, criteria)| {
        let found: Vec<Version> = store.consistently(async |run| criteria.matches(store, run, limit).await).await?;
        Ok((text.clone(), found))
    }))
    .await
    .map(|found: Vec<_>| found.into_iter().collect())
}

async fn bases(server: &Server<'_>, keys: Vec<Key>) -> Result<HashMap<Key, Base>, Error> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let bases = server.store.base(&keys).await?;
    Ok(keys.into_iter().zip(bases).collect())
}
