//! Each official example, and each resource of Synthea's Bundles, is found by each of its own search parameters' values,
//! where the shared data are at hand.
#![expect(clippy::unwrap_used, reason = "these are tests")]

mod data;

use data::{OFFICIAL, synthea};
use fhir_definitions::{RESOURCE_TYPES, SearchKind, SearchParameter, resource_type};
use fhir_model::json::Json;
use fhir_model::operand::Clause;
use fhir_model::time;
use fhir_model::value::{Quantity, Reference, Span, Token, Value, values};

const BASE: &str = "https://example.org/fhir";

fn escaped(text: &str) -> String {
    text.chars().flat_map(|char| ",|$\\".contains(char).then_some('\\').into_iter().chain([char])).collect()
}

/// A search for the value: the modifier and the operand's text; none for what no search can name.
fn search(value: &Value) -> Option<(Option<&'static str>, String)> {
    let of_token = |token: &Token| {
        let code = escaped(token.code.as_deref()?);
        Some(token.system.as_deref().map_or_else(|| format!("|{code}"), |system| format!("{}|{code}", escaped(system))))
    };
    let plain = |text: String| Some((None, text));
    match value {
        Value::Number(Some(from), Some(to)) if from == to => plain(from.to_string()),
        Value::Number(low, high) => {
            plain(low.as_ref().map(|low| format!("ge{low}")).or(high.as_ref().map(|high| format!("le{high}")))?)
        }
        Value::Date(Span { from: Some(from), .. }) => plain(format!("ge{}", time::instant(*from))),
        Value::Date(Span { to, .. }) => plain(format!("le{}", time::instant((*to)?))),
        Value::String(text) => Some((Some("exact"), escaped(text))),
        Value::Token(token) => match of_token(token) {
            Some(text) => plain(text),
            None => Some((Some("text"), escaped(token.text.as_deref()?))),
        },
        Value::Reference(Reference { id: Some(id), resource_type, .. }) => {
            plain(resource_type.as_ref().map_or_else(|| id.clone(), |name| format!("{name}/{id}")))
        }
        // What is contained is not searched for by its place in the resource.
        Value::Reference(Reference { url: Some(url), .. }) if url.starts_with('#') => None,
        Value::Reference(Reference { url: Some(url), .. }) => plain(escaped(url)),
        Value::Reference(Reference { identifier: Some(identifier), .. }) => {
            Some((Some("identifier"), of_token(identifier)?))
        }
        Value::Quantity(Quantity { from, to, system, code, .. }) => {
            let number = match (from, to) {
                (Some(from), Some(to)) if from == to => from.to_string(),
                (Some(from), _) => format!("gt{from}"),
                (_, to) => format!("lt{}", to.as_ref()?),
            };
            plain(match (system, code) {
                (Some(system), Some(code)) => format!("{number}|{}|{}", escaped(system), escaped(code)),
                (_, Some(code)) => format!("{number}||{}", escaped(code)),
                _ => number,
            })
        }
        Value::Uri(uri) => plain(escaped(uri)),
        Value::Composite(components) => {
            let parts: Option<Vec<_>> = components
                .iter()
                .map(|values| values.iter().find_map(|value| search(value).filter(|(modifier, _)| modifier.is_none())))
                .collect();
            plain(parts?.into_iter().map(|(_, text)| text).collect::<Vec<_>>().join("$"))
        }
        Value::Position(latitude, longitude) => plain(format!("{}|{}|1|m", latitude.0, longitude.0)),
        Value::Reference(_) => None,
    }
}

/// Adds what is not found.
fn check(name: &str, resource: &Json<'_>, parameter: &'static SearchParameter, wrong: &mut Vec<String>) {
    let values = values(parameter, resource, BASE);
    for value in &values {
        let Some((modifier, text)) = search(value) else { continue };
        let found = match Clause::parse(parameter, modifier, &text, BASE, 0) {
            Ok(clause) => clause.matches(&values).then_some(()).ok_or_else(|| "does not find".to_owned()),
            Err(error) => Err(error.0),
        };
        if let Err(reason) = found {
            wrong.push(format!("{name}: {} = {text}: {reason}: {value:?}", parameter.code));
        }
        let missing = Clause::parse(parameter, Some("missing"), "true", BASE, 0).unwrap();
        assert!(!missing.matches(&values) && missing.matches(&[]));
    }
}

#[test]
fn every_example_is_found_by_its_own_values() {
    let mut wrong = Vec::new();
    let mut all = |name: &str, resource: &Json<'_>| {
        let definition = resource_type(resource.text("resourceType").unwrap()).unwrap();
        for parameter in definition.parameters {
            check(name, resource, parameter, &mut wrong);
        }
    };
    for (name, text) in &*OFFICIAL {
        all(name, &Json::parse(text).unwrap());
    }
    for (name, text) in synthea() {
        let bundle = Json::parse(&text).unwrap();
        for entry in bundle.get("entry").unwrap().items() {
            all(&name, entry.get("resource").unwrap());
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn any_parameter_can_be_run_on_any_example() {
    for (_, text) in &*OFFICIAL {
        let resource = Json::parse(text).unwrap();
        for parameter in RESOURCE_TYPES.iter().flat_map(|definition| definition.parameters) {
            let found = values(parameter, &resource, BASE);
            assert!(
                parameter.kind != SearchKind::Composite
                    || found.iter().all(|value| matches!(value, Value::Composite(_)))
            );
        }
    }
}
