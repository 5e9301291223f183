//! Required bindings.

use fhir_definitions::ValueSet;

use super::report::{At, Report};
use crate::json::Json;

fn refuse(codes: &ValueSet, at: &At<'_>, report: &mut Report) {
    report.add("code-invalid", at, format!("must be a code of {}", codes.url));
}

pub(super) fn code(code: &str, codes: &ValueSet, at: &At<'_>, report: &mut Report) {
    if !codes.has_code(code) {
        refuse(codes, at, report);
    }
}

/// A Coding, or a `CodeableConcept`, of which one coding must be of the value set. What has extensions instead of a
/// code may say why it has none.
pub(super) fn complex(type_name: &str, json: &Json<'_>, codes: &ValueSet, at: &At<'_>, report: &mut Report) {
    let of_set = |coding: &Json<'_>| match (coding.text("system"), coding.text("code")) {
        (Some(system), Some(code)) => codes.has(system, code),
        _ => false,
    };
    let codings = match type_name {
        "Coding" => std::slice::from_ref(json),
        "CodeableConcept" => json.get("coding").map_or(&[][..], Json::items),
        _ => return,
    };
    let excused = json.get("extension").is_some() && json.get("code").or(json.get("coding")).is_none();
    if !excused && !codings.iter().any(of_set) {
        refuse(codes, at, report);
    }
}
