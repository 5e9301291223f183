//! Objects and their members, by the tables: what is unknown, missing, too many, or of another JSON type.

use std::cell::OnceCell;
use std::collections::HashMap;

use fhir_definitions::{Element, Kind, Structure};

use super::report::{At, Report};
use super::{binding, primitive, reference, rules};
use crate::json::{Json, Object};
use crate::tables::{choice, extension_structure, path_name, structure_of};

/// The resource that `#` refers to: for contained ones that which contains them.
pub(super) struct Container<'r, 'a> {
    resource: &'r Json<'a>,
    /// The types of what it contains, by id: there may be thousands, and as many references.
    contained: OnceCell<HashMap<String, &'static str>>,
}

impl<'r, 'a> Container<'r, 'a> {
    pub(super) fn new(resource: &'r Json<'a>) -> Self {
        Self { resource, contained: OnceCell::new() }
    }

    /// The type of the contained resource of that id, if there is one.
    pub(super) fn contained(&self, id: &str) -> Option<&'static str> {
        let entry =
            |json: &Json<'_>| Some((json.text("id")?.to_owned(), structure_of(json.text("resourceType")?)?.name));
        let contained = self.resource.get("contained").map_or(&[][..], Json::items).iter();
        self.contained.get_or_init(|| contained.filter_map(entry).collect()).get(id).copied()
    }
}

/// Where a resource or an element stands, as far as it matters.
#[derive(Clone, Copy)]
pub(super) struct Context<'r, 'a> {
    pub(super) container: &'r Container<'r, 'a>,
    /// Whether it is contained.
    pub(super) contained: bool,
    /// Whether it is within a Bundle whose references may be `Patient?identifier=x`.
    pub(super) conditional: bool,
}

/// Checks a resource. `at` is its place, or for one that stands alone its type.
pub(super) fn resource<'a>(json: &Json<'a>, at: &At<'_>, context: Context<'_, 'a>, report: &mut Report) {
    let Json::Object(object) = json else { return report.add("structure", at, "a resource must be an object") };
    let Some(name) = json.get("resourceType") else {
        return report.add("required", &at.child("resourceType"), "a resource must say its resourceType");
    };
    let Some(structure) = name.as_str().and_then(structure_of) else {
        return report.add("value", &at.child("resourceType"), "must be a resource type of FHIR R4");
    };
    if context.contained {
        rules::contained(object, at, report);
    }
    members(object, structure, at, context, report);
    rules::resource(structure.name, json, at, report);
}

/// Checks an object that is an element.
fn complex<'a>(
    json: &Json<'a>,
    (element, structure): (&'static Element, &'static Structure),
    at: &At<'_>,
    context: Context<'_, 'a>,
    report: &mut Report,
) {
    let Json::Object(object) = json else { return report.add("structure", at, "must be an object") };
    if object.is_empty() {
        return report.add("structure", at, "an object must not be empty");
    }
    members(object, structure, at, context, report);
    if let Some(codes) = element.binding {
        binding::complex(structure.name, json, codes, at, report);
    }
    match structure.name {
        "Reference" => reference::check(json, element, at, context, report),
        name => rules::element(name, json, at, report),
    }
}

/// Which elements of a structure were met. The largest, `ElementDefinition`, has 200.
#[derive(Default)]
struct Seen([u64; 8]);

impl Seen {
    fn set(&mut self, at: usize) {
        if let Some(word) = self.0.get_mut(at / 64) {
            *word |= 1 << (at % 64);
        }
    }

    fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_none_or(|word| word >> (at % 64) & 1 == 1)
    }
}

fn members<'a>(
    object: &Object<'a>,
    structure: &'static Structure,
    at: &At<'_>,
    context: Context<'_, 'a>,
    report: &mut Report,
) {
    let (mut seen, mut last) = (Seen::default(), 0);
    for (name, value) in object.iter() {
        if report.full() {
            return;
        }
        let (plain, is_twin) = name.strip_prefix('_').map_or((name, false), |plain| (plain, true));
        match find(structure, plain, last) {
            Some((index, element)) if !is_twin => {
                seen.set(index);
                last = index;
                member(value, element, object, at, context, report);
            }
            Some((index, element)) if matches!(element.kind, Kind::Primitive(_)) => {
                seen.set(index);
                twin(value, element, object, at, context, report);
            }
            _ if name == "resourceType" && structure_of(structure.name).is_some() => (),
            _ => unknown(name, at, report),
        }
    }
    presence(structure, &seen, at, report);
}

/// A walk that starts where the last one ended, as members mostly stand in the definition's order.
fn find(structure: &'static Structure, name: &str, from: usize) -> Option<(usize, &'static Element)> {
    let (before, after) = structure.elements.split_at_checked(from)?;
    (from..).zip(after).chain((0..).zip(before)).find(|(_, element)| element.name == name)
}

/// A name that is none may be anything, patients' data too: only what looks like an element's name is told.
fn unknown(name: &str, at: &At<'_>, report: &mut Report) {
    let tellable = name.len() <= 64 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if tellable && !name.is_empty() {
        report.add("structure", &at.child(name), "there is no such element in FHIR R4");
    } else {
        report.add("structure", at, "it has a member that is no element of FHIR R4");
    }
}

/// What must be there, and what may be there in one type only.
fn presence(structure: &'static Structure, seen: &Seen, at: &At<'_>, report: &mut Report) {
    let mut first = 0;
    for group in structure.elements.chunk_by(|one, next| choice(one).is_some() && one.path == next.path) {
        let there = (first..).take(group.len()).filter(|index| seen.has(*index)).count();
        first += group.len();
        let Some(element) = group.first() else { continue };
        let at = at.child(path_name(element));
        if there > 1 {
            report.add("structure", &at, "a choice of types: only one of them may be there");
        }
        let in_group =
            |names: &&&[&str]| names.first().is_some_and(|name| group.iter().any(|element| element.name == *name));
        let mandatory = element.min > 0
            || choice(element).is_some() && structure.mandatory_choices.iter().any(|names| in_group(&names));
        if there == 0 && mandatory {
            report.add("required", &at, "is mandatory");
        }
    }
}

fn member<'a>(
    value: &Json<'a>,
    element: &'static Element,
    object: &Object<'a>,
    at: &At<'_>,
    context: Context<'_, 'a>,
    report: &mut Report,
) {
    let at = at.child(path_name(element));
    match value {
        Json::Array(_) if !element.array => report.add("structure", &at, "must not be an array: there may be one only"),
        Json::Array(items) if items.is_empty() => report.add("structure", &at, "an array must not be empty"),
        Json::Array(items) => {
            count(items.len(), element, &at, report);
            let twins = if items.contains(&Json::Null) { twins(object, element) } else { &[] };
            for (index, json) in items.iter().enumerate() {
                if report.full() {
                    return;
                }
                let at = at.item(index);
                match json {
                    // It has an id or extensions instead.
                    Json::Null if twins.get(index).is_some_and(|twin| *twin != Json::Null) => (),
                    _ => item(json, element, &at, context, report),
                }
            }
        }
        single => {
            if element.array {
                report.add("structure", &at, "must be an array");
            }
            count(1, element, &at, report);
            item(single, element, &at, context, report);
        }
    }
}

fn count(count: usize, element: &Element, at: &At<'_>, report: &mut Report) {
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    if count > element.max {
        report.add("structure", at, format!("there may be {} of it at most", element.max));
    }
    if count < element.min {
        report.add("required", at, format!("there must be {} of it at least", element.min));
    }
}

fn twins<'o, 'a>(object: &'o Object<'a>, element: &Element) -> &'o [Json<'a>] {
    let primitive = matches!(element.kind, Kind::Primitive(_));
    let twins = primitive.then(|| object.get(&format!("_{}", element.name))).flatten();
    twins.map_or(&[], Json::items)
}

fn item<'a>(json: &Json<'a>, element: &'static Element, at: &At<'_>, context: Context<'_, 'a>, report: &mut Report) {
    if *json == Json::Null {
        let right = "null may stand only in an array of primitives, with an id or extension at the same place in its twin array";
        return report.add("structure", at, right);
    }
    match element.kind {
        Kind::Primitive(kind) => match primitive::check(kind, json) {
            Err((code, right)) => report.add(code, at, right),
            Ok(()) => {
                if let Some((codes, code)) = element.binding.zip(json.as_str()) {
                    binding::code(code, codes, at, report);
                }
            }
        },
        Kind::Complex(structure) => complex(json, (element, structure), at, context, report),
        Kind::Resource if element.name == "contained" => {
            if context.contained {
                return report.add("invariant", at, "a contained resource must not contain resources (dom-2)");
            }
            resource(json, at, Context { contained: true, ..context }, report);
        }
        Kind::Resource => {
            let container = Container::new(json);
            resource(
                json,
                at,
                Context { container: &container, contained: false, conditional: context.conditional },
                report,
            );
        }
    }
}

/// `_birthDate`, `_given`: ids and extensions of primitives.
fn twin<'a>(
    value: &Json<'a>,
    element: &'static Element,
    object: &Object<'a>,
    at: &At<'_>,
    context: Context<'_, 'a>,
    report: &mut Report,
) {
    let at = at.child(path_name(element));
    let primary = object.get(element.name);
    match value {
        Json::Array(twins) if element.array => {
            if primary.is_some_and(|primary| primary.items().len() != twins.len()) {
                report.add("structure", &at, "the array and its twin with _ must be of one length");
            }
            if twins.iter().all(|twin| *twin == Json::Null) {
                report.add("structure", &at, "the twin array with _ must have an item that is not null");
            }
            for (index, twin) in twins.iter().enumerate() {
                let null = |primary: &Json<'_>| primary.items().get(index).is_none_or(|value| *value == Json::Null);
                match twin {
                    Json::Null if primary.is_none_or(null) => {
                        report.add(
                            "structure",
                            &at.item(index),
                            "null stands both for the value and for its extensions",
                        );
                    }
                    Json::Null => (),
                    twin => twin_item(twin, &at.item(index), context, report),
                }
            }
        }
        _ if element.array => report.add("structure", &at, "the twin with _ must be an array"),
        twin => twin_item(twin, &at, context, report),
    }
}

fn twin_item<'a>(twin: &Json<'a>, at: &At<'_>, context: Context<'_, 'a>, report: &mut Report) {
    let Some(object) = twin.as_object().filter(|object| !object.is_empty()) else {
        return report.add("structure", at, "what stands under the name with _ must be an object with id or extension");
    };
    for (name, value) in object.iter() {
        let element = extension_structure().and_then(|structure| find(structure, name, 0));
        match element {
            Some((_, element)) if matches!(name, "id" | "extension") => {
                member(value, element, object, at, context, report);
            }
            _ => unknown(name, at, report),
        }
    }
}
