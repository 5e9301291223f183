//! Stale index rows: what a search stumbles over, and may remove.
//!
//! A row is stale if its resource's current version *n* has no such row and no version above *n* has asserted it. Who
//! writes version *n* + 1 with that row asserts it anew, since *n* lacks it, with *n* + 1 as its version: the removal is
//! conditional on the version that was seen, so it comes before that, or fails. Rows of resources that never were stay:
//! their writers may be on the way, and rows have no time to tell.

use fhir_definitions::{ResourceType, SearchKind, SearchParameter, resource_type};
use fhir_model::json::Json;
use fhir_model::value::{Value, values};

use super::merge::{Candidate, Row};
use crate::index::{self, moves::Destinations};
use crate::store::item::ItemKey;
use crate::store::sweep::{LINGERS, MOST_EXPIRED, MOST_SWEPT, Stale};
use crate::store::{Run, Version};

/// Looks at some of the candidates that were no matches: most are none for other reasons, and looking costs time.
#[derive(Debug, Default)]
pub(super) struct Sweeper {
    looked: usize,
}

impl Sweeper {
    /// Looks at one, and notes its row if that is stale. `json`: the current version's, unless it is a deletion.
    pub(super) fn look(
        &mut self,
        run: &Run,
        candidate: &Candidate,
        version: &Version,
        json: Option<&[u8]>,
        base: &str,
    ) {
        if self.looked >= MOST_SWEPT {
            return;
        }
        let Some(row) = &candidate.row else { return };
        // What a transaction has dropped a moment ago tells other readers of it: store/prepare.rs, `lingers`.
        if version.transaction.as_ref().is_some_and(|transaction| transaction.at >= run.began() - LINGERS) {
            return;
        }
        self.looked += 1;
        let is_recent = version.updated >= run.began() - LINGERS;
        if is_stale(row, &candidate.place, version, is_recent, json, base) {
            let key = ItemKey { pk: row.pk.clone(), sk: candidate.place.clone() };
            run.note(Stale { row: key, version: row.version }, MOST_SWEPT + MOST_EXPIRED);
        }
    }
}

fn is_stale(row: &Row, place: &str, version: &Version, is_recent: bool, json: Option<&[u8]>, base: &str) -> bool {
    let asserted = u64::try_from(row.version).unwrap_or(u64::MAX);
    // Rows of the log (`l#`) are history.
    if !row.pk.starts_with("i#") || asserted > version.number {
        return false;
    }
    let Some(json) = json else { return true };
    // Rows that other rules made, those of a release that is going or coming, are theirs.
    if version.stamp != index::stamp(base) {
        return false;
    }
    let (Some(definition), Ok(json)) = (resource_type(version.key.resource_type), Json::parse(json)) else {
        return false;
    };
    let key = ItemKey { pk: row.pk.clone(), sk: place.to_owned() };
    let moved = || index::order(definition, &json, &version.key.id, base) != place;
    let rows = index::rows(&version.key, &json, base);
    // For searches that are at it, as in `Prepared::lingers`.
    let lingers = || {
        let places = Destinations::of(rows.iter().map(|row| row.pk.as_str()));
        places.has_family_of(&row.pk) || places.has_alternative_to(&row.pk)
    };
    let is_needed = rows.contains(&key) || (is_recent && lingers());
    !is_needed && (moved() || !may_be_of_another_base(definition, row, &json))
}

/// Whether a request to another address of this server may have had reason to write the row: by an absolute reference,
/// which is one to here for it, and one to elsewhere for this request.
fn may_be_of_another_base(definition: &ResourceType, row: &Row, json: &Json<'_>) -> bool {
    let parameter = match row.pk.split('#').nth(2) {
        Some(code) if code.starts_with('@') => index::patient_parameter(definition),
        Some(code) => definition.parameter(code),
        None => None,
    };
    let absolute = |parameter: &&SearchParameter| {
        let mut found = values(parameter, json, "").into_iter();
        found.any(|value| matches!(value, Value::Reference(reference) if reference.url.is_some()))
    };
    parameter.filter(|parameter| parameter.kind == SearchKind::Reference).as_ref().is_some_and(absolute)
}
