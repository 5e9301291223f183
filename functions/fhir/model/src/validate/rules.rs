//! The invariants that matter in practice and cost little: ext-1, per-1, att-1, obs-6, obs-7, dom-2 and dom-4 (with dom-2 in
//! [`super::structure`] and ref-1 in [`super::reference`]), and that contained resources have different ids. R4 has some 500 more, which need a `FHIRPath` engine.

use std::collections::HashSet;

use super::report::{At, Report};
use crate::json::{Json, Object};
use crate::time;

/// What holds for a data type.
pub(super) fn element(type_name: &str, json: &Json<'_>, at: &At<'_>, report: &mut Report) {
    match type_name {
        "Extension" if json.get("extension").is_some() == has_value(json) => {
            report.add("invariant", at, "an extension must have either a value or extensions (ext-1)");
        }
        "Period" if ends_before_it_starts(json) => {
            report.add("invariant", at, "a period must not end before it starts (per-1)");
        }
        "Attachment"
            if json.get("data").is_some() && json.get("contentType").or(json.get("_contentType")).is_none() =>
        {
            report.add("invariant", at, "an attachment with data must have a contentType (att-1)");
        }
        _ => (),
    }
}

/// What holds for a resource type.
pub(super) fn resource(type_name: &str, json: &Json<'_>, at: &At<'_>, report: &mut Report) {
    unique(json, at, report);
    if type_name != "Observation" || !has_value(json) {
        return;
    }
    if json.get("dataAbsentReason").is_some() {
        report.add("invariant", &at.child("dataAbsentReason"), "may be there only if there is no value (obs-6)");
    }
    let components = json.get("component").map_or(&[][..], Json::items);
    let own: HashSet<_> = if components.is_empty() { HashSet::new() } else { codings(json).collect() };
    if components.iter().flat_map(codings).any(|coding| own.contains(&coding)) {
        let message = "there must be no value if a component has the same code as the Observation (obs-7)";
        report.add("invariant", at, message);
    }
}

/// What holds for contained resources. That each must be referred to (dom-3) is not checked.
pub(super) fn contained(object: &Object<'_>, at: &At<'_>, report: &mut Report) {
    if object.get("id").is_none() {
        report.add("required", &at.child("id"), "a contained resource must have an id");
    }
    let meta = object.get("meta");
    if meta.is_some_and(|meta| meta.get("versionId").or(meta.get("lastUpdated")).is_some()) {
        let message = "a contained resource must not have a versionId or lastUpdated (dom-4)";
        report.add("invariant", &at.child("meta"), message);
    }
}

/// `#a` must mean one resource: <https://hl7.org/fhir/R4/references.html#contained>.
fn unique(json: &Json<'_>, at: &At<'_>, report: &mut Report) {
    let (all, mut ids) = (at.child("contained"), HashSet::new());
    for (index, contained) in json.get("contained").map_or(&[][..], Json::items).iter().enumerate() {
        if contained.text("id").is_some_and(|id| !ids.insert(id)) {
            let message = "a contained resource must have an id of its own, by which only it is referred to";
            report.add("invariant", &all.item(index).child("id"), message);
        }
    }
}

fn has_value(json: &Json<'_>) -> bool {
    let is_value = |name: &str| name.strip_prefix('_').unwrap_or(name).starts_with("value");
    json.as_object().is_some_and(|object| object.iter().any(|(name, _)| is_value(name)))
}

/// Where one end has a time and the other is a date only, which comes first depends on a zone that is not known.
fn ends_before_it_starts(period: &Json<'_>) -> bool {
    let ends =
        period.text("start").zip(period.text("end")).filter(|(start, end)| start.contains('T') == end.contains('T'));
    let spans = ends.and_then(|(start, end)| time::span(start).zip(time::span(end)));
    let first_and_last = spans.and_then(|(start, end)| start.from.zip(end.to));
    first_and_last.is_some_and(|(first, last)| first > last)
}

/// The codings of `code`, as far as they are compared.
fn codings<'j>(json: &'j Json<'_>) -> impl Iterator<Item = [Option<&'j str>; 4]> {
    let codings = json.get("code").and_then(|code| code.get("coding")).map_or(&[][..], Json::items);
    let parts = |coding: &'j Json<'_>| ["system", "version", "code", "display"].map(|name| coding.text(name));
    codings.iter().filter(|coding| coding.get("code").is_some()).map(parts)
}
