//! Searches for what is in resources.

use fhir_model::time;
use fhir_model::value::{Quantity, Reference, Span, Token, Value};

/// A parameter's modifier and value.
pub type Query = (Option<&'static str>, String);

/// With the escapes of <https://hl7.org/fhir/R4/search.html#escaping>.
pub fn escaped(text: &str) -> String {
    text.chars().flat_map(|char| ",|$\\".contains(char).then_some('\\').into_iter().chain([char])).collect()
}

/// Searches that a resource with this value matches.
pub fn searches(value: &Value) -> Vec<Query> {
    match value {
        Value::Number(from, to) => match (from, to) {
            (Some(from), Some(to)) if from == to => plain([from.to_string(), format!("ge{from}"), format!("le{from}")]),
            (Some(from), _) => plain([format!("gt{from}")]),
            (None, Some(to)) => plain([format!("lt{to}")]),
            (None, None) => Vec::new(),
        },
        Value::Date(span) => plain(dates(*span)),
        Value::String(text) if text.trim().is_empty() => Vec::new(),
        Value::String(text) => vec![(None, escaped(text)), (Some("exact"), escaped(text))],
        Value::Token(token) => tokens(token),
        Value::Reference(reference) => references(reference),
        Value::Quantity(quantity) => plain(quantities(quantity)),
        Value::Uri(uri) => plain([escaped(uri)]),
        Value::Composite(components) => {
            let part = |values: &Vec<Value>| {
                values.iter().flat_map(searches).find_map(|(modifier, text)| modifier.is_none().then_some(text))
            };
            let parts: Option<Vec<String>> = components.iter().map(part).collect();
            plain(parts.map(|parts| parts.join("$")))
        }
        Value::Position(latitude, longitude) => plain([format!("{}|{}|1|m", latitude.0, longitude.0)]),
    }
}

fn plain(texts: impl IntoIterator<Item = String>) -> Vec<Query> {
    texts.into_iter().map(|text| (None, text)).collect()
}

/// The narrowest date that holds all of it, or searches by its ends.
fn dates(span: Span) -> Vec<String> {
    let (Some(from), Some(to)) = (span.from, span.to) else {
        let from = span.from.map(|from| format!("ge{}", time::instant(from)));
        let to = span.to.map(|to| format!("le{}", time::instant(to)));
        return from.into_iter().chain(to).collect();
    };
    let instant = time::instant(from);
    let second = instant.get(..19).map(|second| format!("{second}Z"));
    let longer = [10, 7, 4].into_iter().filter_map(|length| instant.get(..length).map(str::to_owned));
    let mut all = [instant.clone()].into_iter().chain(second).chain(longer);
    let holds = |text: &String| time::span(text).is_some_and(|span| span.from <= Some(from) && span.to >= Some(to));
    let narrowest = all.find(holds);
    narrowest.into_iter().chain([format!("ge{instant}"), format!("le{}", time::instant(to))]).collect()
}

/// `system|code`, `|code`, `code`, `system|`, and by text and type.
fn tokens(token: &Token) -> Vec<Query> {
    let system = token.system.as_deref().map(escaped);
    let code = token.code.as_deref().filter(|code| !code.is_empty()).map(escaped);
    let mut all = Vec::new();
    if let Some(code) = &code {
        all.push((None, format!("{}|{code}", system.as_deref().unwrap_or_default())));
        all.push((None, code.clone()));
        for (of, kind) in &token.of_type {
            if let Some(of) = of {
                all.push((Some("of-type"), format!("{}|{}|{code}", escaped(of), escaped(kind))));
            }
        }
    }
    all.extend(system.map(|system| (None, format!("{system}|"))));
    let text = token.text.as_deref().filter(|text| !text.trim().is_empty());
    all.extend(text.map(|text| (Some("text"), escaped(text))));
    all
}

fn references(reference: &Reference) -> Vec<Query> {
    let Reference { resource_type, id, url, version, identifier, .. } = reference;
    let mut all = Vec::new();
    if let Some(id) = id {
        all.extend(resource_type.iter().map(|kind| (None, format!("{kind}/{id}"))));
    }
    // What is contained is not searched for by its place in the resource.
    if let Some(url) = url.as_deref().filter(|url| !url.starts_with('#')) {
        all.push((None, escaped(url)));
        all.extend(
            version
                .iter()
                .filter(|_| id.is_none() && resource_type.is_none())
                .map(|version| (None, format!("{}|{}", escaped(url), escaped(version)))),
        );
    }
    let identifier = identifier.as_ref().map(tokens).unwrap_or_default();
    all.extend(identifier.into_iter().filter(|(how, _)| how.is_none()).map(|(_, text)| (Some("identifier"), text)));
    all
}

fn quantities(quantity: &Quantity) -> Vec<String> {
    let Quantity { from, to, system, code, unit, beyond: _ } = quantity;
    let number = match (from, to) {
        (Some(from), Some(to)) if from == to => from.to_string(),
        (Some(from), _) => format!("gt{from}"),
        (None, Some(to)) => format!("lt{to}"),
        (None, None) => return Vec::new(),
    };
    let mut all = vec![number.clone()];
    if let (Some(system), Some(code)) = (system, code) {
        all.push(format!("{number}|{}|{}", escaped(system), escaped(code)));
    }
    all.extend(code.iter().chain(unit).map(|unit| format!("{number}||{}", escaped(unit))));
    all
}
