//! Terms: what a token, reference or URI is listed under, and what a client's operand looks for.
//!
//! For every value and operand: if the operand matches the value, one of the operand's terms is one of the value's.

use fhir_definitions::{SearchKind, SearchParameter};
use fhir_model::operand::{Modifier, Operand, System};
use fhir_model::value::{Token, Value};

/// What references to resources inside their resource are listed under, for chains: what these are is read there.
pub const CONTAINED: &str = "u:#";

/// The terms that a value is listed under.
#[must_use]
pub fn of_value(parameter: &SearchParameter, value: &Value) -> Vec<String> {
    match value {
        Value::Token(token) => of_token(parameter, token),
        Value::Reference(reference) => {
            let mut terms: Vec<String> = reference.id.iter().map(|id| format!("r:{id}")).collect();
            let inside = |url: &str| url.starts_with('#');
            terms.extend(
                reference.url.iter().map(|url| if inside(url) { CONTAINED.to_owned() } else { format!("u:{url}") }),
            );
            if let Some(identifier) = &reference.identifier {
                terms.extend(of_token(parameter, identifier).into_iter().map(|term| format!("i{term}")));
            }
            terms
        }
        Value::Uri(uri) => vec![format!("u:{uri}")],
        _ => Vec::new(),
    }
}

/// `c:code`, `t:system|code`, `s:system`, and `n:code` where there is no system.
fn of_token(parameter: &SearchParameter, token: &Token) -> Vec<String> {
    let mut terms = Vec::with_capacity(3);
    if let Some(code) = &token.code {
        let code = fold(code);
        terms.push(format!("c:{code}"));
        if parameter.system.is_some() {
            return terms; // the code says it all
        }
        match &token.system {
            Some(system) => terms.push(format!("t:{system}|{code}")),
            None => terms.push(format!("n:{code}")),
        }
    }
    terms.extend(token.system.iter().map(|system| format!("s:{system}")));
    terms
}

/// Whether the term names a code: worth a list of its own for each patient.
#[must_use]
pub fn is_specific(term: &str) -> bool {
    term.starts_with("c:") || term.starts_with("t:")
}

/// The terms of which a match has at least one; none, if the operand can't be looked up.
#[must_use]
pub fn of_operand(parameter: &SearchParameter, modifier: Modifier, operand: &Operand) -> Option<Vec<String>> {
    let identifier = |terms: Vec<String>| terms.into_iter().map(|term| format!("i{term}")).collect();
    match (modifier, operand) {
        (Modifier::Not | Modifier::NotIn | Modifier::Missing | Modifier::Text | Modifier::Contains, _) => None,
        (Modifier::Identifier, Operand::Token { system, code }) => {
            of_system(parameter, system, code.as_deref()).map(identifier)
        }
        (_, Operand::Token { system, code }) => of_system(parameter, system, code.as_deref()),
        (_, Operand::OfType { value, .. }) => Some(vec![format!("c:{}", fold(value))]),
        (_, Operand::Codes(codes)) => {
            let terms = codes.iter().map(|(system, code)| {
                let system = system.clone().map_or(System::Any, System::Is);
                of_system(parameter, &system, code.as_deref())
            });
            terms.collect::<Option<Vec<Vec<String>>>>().map(|terms| terms.concat())
        }
        (Modifier::Above | Modifier::Below, _) => None,
        (_, Operand::Reference { id: Some(id), .. }) => Some(vec![format!("r:{id}")]),
        (_, Operand::Reference { url: Some(url), .. }) => Some(vec![format!("u:{url}")]),
        (_, Operand::Uri(uri)) if parameter.kind != SearchKind::String => Some(vec![format!("u:{uri}")]),
        _ => None,
    }
}

fn of_system(parameter: &SearchParameter, system: &System, code: Option<&str>) -> Option<Vec<String>> {
    let code = code.map(fold);
    let plain = parameter.system.is_some();
    Some(vec![match (system, code) {
        (System::Is(_) | System::Any | System::None, Some(code)) if plain => format!("c:{code}"),
        (System::Any, Some(code)) => format!("c:{code}"),
        (System::None, Some(code)) => format!("n:{code}"),
        (System::Is(system), Some(code)) => format!("t:{system}|{code}"),
        (System::Is(system), None) if !plain => format!("s:{system}"),
        _ => return None,
    }])
}

/// Codes are listed without regard to case: matching by content may or may not regard it.
fn fold(code: &str) -> String {
    code.to_lowercase()
}
