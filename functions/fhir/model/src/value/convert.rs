//! From FHIR's types to what the kinds of search parameters compare, after the tables of
//! <https://hl7.org/fhir/R4/search.html#ptypes>.

use fhir_definitions::SearchKind;

use super::reference::{Target, canonical, is_type, literal};
use super::{Quantity, Reference, Span, Token, Value, ordered};
use crate::decimal::Decimal;
use crate::json::Json;
use crate::time;

/// The code system of `Money.currency`.
const CURRENCIES: &str = "urn:iso:std:iso:4217";

/// What a conversion needs besides the element.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    pub(super) base: &'c str,
    /// Of elements of type code: their one code system.
    pub(super) system: Option<&'static str>,
}

/// Adds what an element of the FHIR type `fhir` is to a search parameter of that kind: nothing, if that can't be compared.
pub(super) fn convert(kind: SearchKind, fhir: &str, json: &Json<'_>, context: Context<'_>, out: &mut Vec<Value>) {
    match kind {
        SearchKind::Number => out.extend(number(json)),
        SearchKind::Date => out.extend(date(fhir, json).map(Value::Date)),
        SearchKind::String => strings(fhir, json, out),
        SearchKind::Token => tokens(fhir, json, context, &mut |token| out.push(Value::Token(token))),
        SearchKind::Reference => out.extend(reference(fhir, json, context).map(Value::Reference)),
        SearchKind::Quantity => out.extend(quantity(fhir, json).map(Value::Quantity)),
        SearchKind::Uri => uris(fhir, json, out),
        // `near` is R4's only special parameter with a path.
        SearchKind::Special => out.extend(position(json)),
        SearchKind::Composite => {}
    }
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn decimal(json: Option<&Json<'_>>) -> Option<Decimal> {
    json.and_then(Json::as_number).and_then(Decimal::parse)
}

/// Both ends, unless there is neither.
fn range(json: &Json<'_>) -> Option<(Option<Decimal>, Option<Decimal>)> {
    let end = |name| json.get(name).and_then(|end| decimal(end.get("value")));
    let (low, high) = (end("low"), end("high"));
    (low.is_some() || high.is_some()).then_some((low, high))
}

fn number(json: &Json<'_>) -> Option<Value> {
    if json.as_number().is_some() {
        let number = decimal(Some(json))?;
        return Some(Value::Number(Some(number.clone()), Some(number)));
    }
    range(json).map(|(low, high)| Value::Number(low, high))
}

fn date(fhir: &str, json: &Json<'_>) -> Option<Span> {
    match fhir {
        "Period" => period(json),
        "Timing" => timing(json),
        _ => time::span(json.as_str()?),
    }
}

/// A missing end is open; a period whose ends can't be read, or that has none, is none.
fn period(json: &Json<'_>) -> Option<Span> {
    let end = |name| json.text(name).map(|text| time::span(text).ok_or(())).transpose();
    let (Ok(start), Ok(end)) = (end("start"), end("end")) else { return None };
    start.or(end)?;
    Some(Span { from: start.and_then(|span| span.from), to: end.and_then(|span| span.to) })
}

/// The outer limits of the events and of the bounds. Schedules without either float in time: they have no value.
fn timing(json: &Json<'_>) -> Option<Span> {
    let events = json.get("event").map_or(&[][..], Json::each).iter().filter_map(|event| time::span(event.as_str()?));
    let bounds = json.get("repeat").and_then(|repeat| repeat.get("boundsPeriod")).and_then(period);
    events.chain(bounds).reduce(|one, other| Span {
        from: one.from.zip(other.from).map(|(one, other)| one.min(other)),
        to: one.to.zip(other.to).map(|(one, other)| one.max(other)),
    })
}

fn strings(fhir: &str, json: &Json<'_>, out: &mut Vec<Value>) {
    let parts: &[&str] = match fhir {
        "HumanName" => &["family", "given", "prefix", "suffix", "text"],
        "Address" => &["text", "line", "city", "district", "state", "country", "postalCode"],
        "CodeableConcept" => &["text"],
        _ => return out.extend(json.as_str().map(|text| Value::String(text.to_owned()))),
    };
    let found = parts.iter().filter_map(|part| json.get(part)).flat_map(Json::each).filter_map(Json::as_str);
    out.extend(found.map(|text| Value::String(text.to_owned())));
}

fn tokens(fhir: &str, json: &Json<'_>, context: Context<'_>, found: &mut dyn FnMut(Token)) {
    match (fhir, json) {
        ("CodeableConcept", _) => {
            let codings = json.get("coding").map_or(&[][..], Json::each);
            codings.iter().filter_map(coding).for_each(&mut *found);
            if let Some(text) = json.text("text") {
                found(Token { text: Some(text.to_owned()), ..Token::default() });
            }
        }
        ("Coding", _) => coding(json).into_iter().for_each(found),
        ("Identifier", _) => identifier(json).into_iter().for_each(found),
        // In lower case, as operands are: R4 lets servers treat telephone numbers and addresses as people do.
        ("ContactPoint", _) => {
            if let Some(code) = json.text("value").map(str::to_lowercase) {
                found(Token { code: Some(code), ..Token::default() });
            }
        }
        (_, Json::Bool(value)) => found(Token { code: Some(value.to_string()), ..Token::default() }),
        (_, Json::Number(digits)) => found(Token { code: Some(digits.to_string()), ..Token::default() }),
        (_, Json::String(text)) => {
            let system = if fhir == "code" { owned(context.system) } else { None };
            found(Token { system, code: Some(text.to_string()), ..Token::default() });
        }
        _ => {}
    }
}

fn coding(json: &Json<'_>) -> Option<Token> {
    let (system, code, text) = (owned(json.text("system")), owned(json.text("code")), owned(json.text("display")));
    (system.is_some() || code.is_some() || text.is_some()).then_some(Token { system, code, text, of_type: Vec::new() })
}

fn identifier(json: &Json<'_>) -> Option<Token> {
    let kind = json.get("type");
    let codings = kind.and_then(|kind| kind.get("coding")).map_or(&[][..], Json::each);
    let of_type = codings.iter().filter_map(|coding| Some((owned(coding.text("system")), owned(coding.text("code"))?)));
    let (system, code) = (owned(json.text("system")), owned(json.text("value")));
    let text = owned(kind.and_then(|kind| kind.text("text")));
    (system.is_some() || code.is_some() || text.is_some()).then(|| Token {
        system,
        code,
        text,
        of_type: of_type.collect(),
    })
}

fn reference(fhir: &str, json: &Json<'_>, context: Context<'_>) -> Option<Reference> {
    let of = |target: Target<'_>| Reference {
        resource_type: owned(target.resource_type),
        id: owned(target.id),
        version: owned(target.version),
        url: owned(target.url),
        ..Reference::default()
    };
    if let Some(text) = json.as_str() {
        return canonical(text, context.base).map(of);
    }
    // A resource inside the resource, as the entries of a Bundle: a reference to what it is.
    if let Some(resource_type) = json.text("resourceType") {
        let id = json.text("id")?;
        return Some(of(Target { resource_type: Some(resource_type), id: Some(id), ..Target::default() }));
    }
    // CodeableReference and the like have no reference of their own in R4.
    if fhir != "Reference" {
        return None;
    }
    let text = json.text("reference");
    let inside = || text.filter(|text| text.starts_with('#')).map(|url| Target { url: Some(url), ..Target::default() });
    let target = text.and_then(|text| literal(text, context.base).or_else(inside)).map(of);
    let identifier = json.get("identifier").and_then(identifier);
    let display = owned(json.text("display"));
    if target.is_none() && identifier.is_none() && display.is_none() {
        return None;
    }
    let target = target.unwrap_or_default();
    let said = || owned(json.text("type").filter(|name| is_type(name)));
    Some(Reference { resource_type: target.resource_type.clone().or_else(said), identifier, display, ..target })
}

/// Without `SampledData`: its values are a text of many numbers (with E, L and U among them) to be scaled, and R4 names no
/// one of them that a search would compare.
fn quantity(fhir: &str, json: &Json<'_>) -> Option<Quantity> {
    let of = |from, to, unit: &Json<'_>| Quantity {
        from,
        to,
        beyond: matches!(json.text("comparator"), Some("<" | ">")),
        system: owned(unit.text("system")),
        code: owned(unit.text("code")),
        unit: owned(unit.text("unit")),
    };
    match fhir {
        "SampledData" => None,
        "Money" => {
            let value = decimal(json.get("value"))?;
            let currency = json.text("currency");
            let system = currency.map(|_| CURRENCIES.to_owned());
            let code = owned(currency);
            Some(Quantity { from: Some(value.clone()), to: Some(value), beyond: false, system, code, unit: None })
        }
        "Range" => {
            let (low, high) = range(json)?;
            Some(of(low, high, json.get("low").or_else(|| json.get("high"))?))
        }
        _ => {
            let value = decimal(json.get("value"))?;
            let (from, to) = match json.text("comparator") {
                Some("<" | "<=") => (None, Some(value)),
                Some(">" | ">=") => (Some(value), None),
                _ => (Some(value.clone()), Some(value)),
            };
            Some(of(from, to, json))
        }
    }
}

/// A canonical with a version is found with and without it.
fn uris(fhir: &str, json: &Json<'_>, out: &mut Vec<Value>) {
    let Some(text) = json.as_str() else { return };
    out.push(Value::Uri(text.to_owned()));
    if fhir == "canonical"
        && let Some((url, _)) = text.split_once('|')
    {
        out.push(Value::Uri(url.to_owned()));
    }
}

fn position(json: &Json<'_>) -> Option<Value> {
    let degrees = |name| decimal(json.get(name)).map(|number| ordered::F64(number.to_f64()));
    Some(Value::Position(degrees("latitude")?, degrees("longitude")?))
}
