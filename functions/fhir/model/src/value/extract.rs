//! To come.

use fhir_definitions::SearchParameter;

use super::Value;
use crate::json::Json;

pub(super) fn values(_parameter: &SearchParameter, _resource: &Json<'_>, _base: &str) -> Vec<Value> {
    Vec::new()
}
