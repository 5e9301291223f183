//! What must be true.

use std::sync::LazyLock;

use fhir_definitions::resource_type;
use fhir_model::json::Json;
use fhir_model::operand::{Clause, Modifier};
use fhir_model::patch::Patch;
use fhir_model::subset::Subset;
use fhir_model::validate::validate;
use fhir_model::value::values;

use crate::config::Edge;
use crate::function::search::query::{Condition, Context, Limits, Query, Unknown};
use crate::http::event::Received;
use crate::index;
use crate::store::Key;

const BASE: &str = "https://example.org/fhir";
const NOW: i64 = 1_800_000_000_000;
/// `DynamoDB`'s bounds of keys, in bytes.
const LONGEST_PK: usize = 2_048;
const LONGEST_SK: usize = 1_024;

static PATIENT: LazyLock<Json<'static>> = LazyLock::new(|| valid(include_bytes!("../corpus/resource/patient.json")));
static OBSERVATION: LazyLock<Json<'static>> =
    LazyLock::new(|| valid(include_bytes!("../corpus/resource/observation.json")));

fn valid(text: &[u8]) -> Json<'static> {
    let json = Json::parse(text).expect("it is JSON").into_owned();
    assert_eq!(validate(&json), [], "what is searched and patched is valid");
    json
}

/// Any bytes as a resource: what is read is written back to the same, index rows fit the table, and what is left out of
/// a valid resource leaves all that is mandatory. (References to contained resources may be left without these.)
pub fn resource(bytes: &[u8]) {
    let Ok(json) = Json::parse(bytes) else { return };
    let (compact, pretty) = (json.to_vec(), json.to_pretty());
    assert_eq!(Json::parse(&compact).as_ref(), Ok(&json));
    assert_eq!(Json::parse(&pretty).as_ref(), Ok(&json));
    let issues = validate(&json);
    let Some(definition) = json.text("resourceType").and_then(resource_type) else {
        assert!(!issues.is_empty(), "a resource has a type");
        return;
    };
    for parameter in definition.parameters {
        for value in values(parameter, &json, BASE) {
            let _ = index::terms::of_value(parameter, &value);
        }
    }
    if !issues.is_empty() {
        return; // only what is valid is stored
    }
    let key = Key { resource_type: definition.name, id: "1".repeat(64) };
    for row in index::rows(&key, &json, BASE) {
        assert!(row.pk.len() <= LONGEST_PK && (1..=LONGEST_SK).contains(&row.sk.len()), "{row:?}");
    }
    for subset in [Subset::Summary, Subset::Text, Subset::Data, Subset::Elements(vec!["name".to_owned()])] {
        let issues = validate(&subset.apply(&json));
        assert!(!issues.iter().any(|issue| matches!(issue.code, "required" | "structure")), "{subset:?}: {issues:?}");
    }
}

/// Any text as a search: `Patient?name=x`. An operand that matches a value is listed under one of the value's terms.
pub fn search(text: &str) {
    let (kind, query) = text.split_once('?').unwrap_or(("", text));
    let parameters: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let limits = Limits { page_size: 50, max_page_size: 200 };
    for unknown in [Unknown::Refused, Unknown::LeftOut, Unknown::Criteria] {
        let context = Context { base: BASE, now: NOW, unknown, limits };
        if let Ok(query) = Query::parse(resource_type(kind), &parameters, context) {
            assert!(query.count <= 200);
            query.conditions.iter().for_each(condition);
        }
    }
}

fn condition(condition: &Condition) {
    match condition {
        Condition::Clause(clause) => [&*PATIENT, &*OBSERVATION].into_iter().for_each(|json| listed(clause, json)),
        Condition::OfTypes(types) => types.iter().for_each(|(_, inner)| self::condition(inner)),
        Condition::Chain { targets, .. } => targets.iter().for_each(|(_, inner)| self::condition(inner)),
        Condition::Has { condition, .. } => self::condition(condition),
        Condition::List(_) | Condition::Compartment(..) => {}
    }
}

fn listed(clause: &Clause, json: &Json<'_>) {
    let found = values(clause.parameter, json, BASE);
    let _ = clause.matches(&found);
    if matches!(clause.modifier, Modifier::Not | Modifier::NotIn | Modifier::Missing) {
        return;
    }
    for operand in &clause.operands {
        let only = Clause { operands: vec![operand.clone()], ..clause.clone() };
        let Some(terms) = index::terms::of_operand(clause.parameter, clause.modifier, operand) else { continue };
        for value in found.iter().filter(|value| only.matches(std::slice::from_ref(value))) {
            let of = index::terms::of_value(clause.parameter, value);
            assert!(terms.iter().any(|term| of.contains(term)), "{operand:?} finds {value:?}, but by none of {of:?}");
        }
    }
}

/// Any bytes as a JSON Patch and as a `FHIRPath` Patch: what it makes can be written and read again.
pub fn patch(bytes: &[u8]) {
    let Ok(json) = Json::parse(bytes) else { return };
    for patch in [Patch::json_patch(&json), Patch::fhirpath(&json)].into_iter().flatten() {
        let Ok(patched) = patch.apply(PATIENT.clone()) else { continue };
        assert_eq!(patched.get("id"), PATIENT.get("id"));
        assert_eq!(Json::parse(&patched.to_vec()).as_ref(), Ok(&patched));
        let _ = validate(&patched);
    }
}

/// Any text as an event.
pub fn request(text: &str) {
    for base_url in [None, Some(BASE.to_owned())] {
        let edge = Edge { base_url, cors_origin: None };
        let Ok(Received { request: Ok(request), .. }) = Received::read(text, &edge) else { continue };
        assert!(!request.base.ends_with('/') && request.path.iter().all(|segment| !segment.is_empty()));
    }
}
