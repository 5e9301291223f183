//! Index rows. To come.

use std::collections::BTreeSet;

use fhir_model::json::Json;

use crate::store::Key;
use crate::store::item::ItemKey;

/// To come.
#[must_use]
pub fn rows(_key: &Key, _json: &Json<'_>, _base: &str) -> BTreeSet<ItemKey> {
    BTreeSet::new()
}

/// To come.
#[must_use]
pub fn log(_key: &Key, _number: u64, _updated: i64) -> BTreeSet<ItemKey> {
    BTreeSet::new()
}
