//! The form of references (<https://hl7.org/fhir/R4/references.html>).

use fhir_definitions::Element;

use super::primitive::id;
use super::report::{At, Report};
use super::structure::Context;
use crate::json::Json;
use crate::tables::structure_of;

/// What HL7's own examples refer to, though the definitions don't name it; element and type. R5 allows the first.
const ALSO: &[(&str, &str)] = &[("reasonReference", "Procedure"), ("parent", "DeviceDefinition")];

/// What a reference's text tells.
enum Told<'t> {
    /// That it is of no form that FHIR knows.
    Nothing(&'static str),
    /// That there is something, of whatever type.
    Something,
    /// The type.
    Type(&'t str),
}

pub(super) fn check(json: &Json<'_>, element: &Element, at: &At<'_>, context: Context<'_, '_>, report: &mut Report) {
    let said =
        json.text("type").map(|said| said.strip_prefix("http://hl7.org/fhir/StructureDefinition/").unwrap_or(said));
    let told = match json.text("reference").map(|text| told(text, context)) {
        Some(Told::Nothing(right)) => return report.add("value", &at.child("reference"), right),
        Some(Told::Type(told)) => Some(told),
        Some(Told::Something) | None => None,
    };
    if said.zip(told).is_some_and(|(said, told)| said != told) {
        report.add("value", &at.child("type"), "must be the type that the reference says");
    }
    let targets = element.targets;
    let known = told.or(said.filter(|said| structure_of(said).is_some()));
    if let Some(known) = known
        && !targets.is_empty()
        && !targets.contains(&known)
        && !targets.contains(&"Resource")
        && !ALSO.contains(&(element.name, known))
    {
        report.add("value", at, format!("must refer to {}", targets.join(" or ")));
    }
}

fn told<'t>(text: &'t str, context: Context<'_, '_>) -> Told<'t> {
    if let Some(fragment) = text.strip_prefix('#') {
        if fragment.is_empty() {
            return Told::Something;
        }
        return match context.container.contained(fragment) {
            Some(contained) => Told::Type(contained),
            None => Told::Nothing("must refer to a contained resource (ref-1)"),
        };
    }
    let scheme = |scheme: &str| {
        let mut characters = scheme.chars();
        characters.next().is_some_and(|c| c.is_ascii_alphabetic())
            && characters.all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    };
    let absolute = text.split_once(':').is_some_and(|(before, rest)| scheme(before) && !rest.is_empty());
    if context.conditional
        && !absolute
        && let Some((name, _)) = text.split_once('?')
    {
        return if structure_of(name).is_some() { Told::Type(name) } else { Told::Nothing(RELATIVE) };
    }
    match (restful(text, absolute), absolute) {
        (Some(name), _) => Told::Type(name),
        (None, true) => Told::Something,
        (None, false) => Told::Nothing(RELATIVE),
    }
}

const RELATIVE: &str = "must be Type/id, Type/id/_history/version, an absolute URL, urn:uuid:, urn:oid:, or # and a contained resource's id";

/// The type of `Type/id` or `Type/id/_history/version`; of an absolute URL the part after its base.
fn restful(text: &str, absolute: bool) -> Option<&str> {
    let mut parts = text.rsplit('/');
    let mut last = parts.next()?;
    let mut before = parts.next()?;
    if before == "_history" {
        if !id(last) {
            return None;
        }
        last = parts.next()?;
        before = parts.next()?;
    }
    (id(last) && structure_of(before).is_some() && (absolute || parts.next().is_none())).then_some(before)
}
