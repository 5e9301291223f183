use super::super::tests::{composite, parameter, targets};
use crate::decimal::Decimal;
use crate::time;
use fhir_definitions::{SearchKind, SearchParameter};
use proptest::prelude::*;

use super::*;

const BASE: &str = "https://example.org/fhir";

fn clause_of(parameter: &'static SearchParameter, modifier: &str, value: &str) -> Clause {
    let modifier = Some(modifier).filter(|modifier| !modifier.is_empty());
    Clause::parse(parameter, modifier, value, BASE, 1_700_000_000_000).unwrap()
}

fn finds(parameter: &'static SearchParameter, modifier: &str, value: &str, values: &[Value]) -> bool {
    clause_of(parameter, modifier, value).matches(values)
}

fn number(text: &str) -> Option<Decimal> {
    if text.is_empty() { None } else { Some(Decimal::parse(text).unwrap()) }
}

fn range(low: &str, high: &str) -> Value {
    Value::Number(number(low), number(high))
}

/// `2020-05`, or a period `2020/2021`, `2020/`, `/2021`.
fn date(text: &str) -> Value {
    let (start, end) = text.split_once('/').unwrap_or((text, text));
    let span = |text: &str| if text.is_empty() { None } else { Some(time::span(text).unwrap()) };
    Value::Date(Span { from: span(start).and_then(|span| span.from), to: span(end).and_then(|span| span.to) })
}

#[test]
fn numbers_match_as_r4_says() {
    let parameter = parameter("probability", SearchKind::Number, "decimal");
    for (value, matching, others) in [
        ("100", &["99.5", "100", "100.00", "100.49999"][..], &["99.4999", "100.5", "101"][..]),
        ("100.00", &["99.995", "100", "100.00499"], &["99.994", "100.005", "100.1"]),
        ("1e2", &["95", "104.999"], &["94.9", "105"]),
        ("lt100", &["99.999", "-5"], &["100", "100.1"]),
        ("le100", &["99.999", "100.0"], &["100.1"]),
        ("gt100", &["100.1", "100.0000000000000000000000000000001"], &["100", "99.9"]),
        ("ge100", &["100", "100.1"], &["99.9999"]),
        ("ne100", &["99.4", "100.5"], &["100", "100.4"]),
        ("sa100", &["100.1"], &["100"]),
        ("eb100", &["99.9"], &["100"]),
        ("ap100", &["90", "110", "100"], &["89.9", "110.1"]),
        ("eq-5", &["-5", "-5.5"], &["5", "-4.5"]),
    ] {
        for number in matching {
            assert!(finds(parameter, "", value, &[range(number, number)]), "{value} finds {number}");
        }
        for number in others {
            assert!(!finds(parameter, "", value, &[range(number, number)]), "{value} does not find {number}");
        }
    }
}

#[test]
fn ranges_of_numbers_match_by_their_ends() {
    let parameter = parameter("probability", SearchKind::Number, "Range");
    for (value, low, high, expected) in [
        ("100", "99.6", "100.4", true),
        ("100", "99", "100", false),
        ("100", "100", "", false),
        ("ne100", "100", "", true),
        ("gt100", "90", "110", true),
        ("lt100", "90", "110", true),
        ("gt100", "90", "100", false),
        ("gt100", "90", "", true),
        ("lt100", "", "200", true),
        ("sa100", "101", "", true),
        ("sa100", "100", "110", false),
        ("sa100", "", "110", false),
        ("eb100", "90", "99", true),
        ("eb100", "90", "", false),
        ("ap100", "105", "200", true),
        ("ap100", "", "50", false),
    ] {
        assert_eq!(finds(parameter, "", value, &[range(low, high)]), expected, "{value}: {low} to {high}");
    }
}

/// The examples of <https://hl7.org/fhir/R4/search.html#date>, and the ends of periods.
#[test]
fn dates_match_as_r4_says() {
    let parameter = parameter("date", SearchKind::Date, "dateTime");
    for (value, matching, others) in [
        (
            "eq2013-01-14",
            &["2013-01-14T00:00:00Z", "2013-01-14T10:00:00Z", "2013-01-14"][..],
            &["2013-01-15T00:00:00Z", "2013-01", "2013-01-14/", "2013-01-13T23:59:59.999Z"][..],
        ),
        ("2013", &["2013-05-31", "2013"], &["2012", "2012-12-31/2013-01-01"]),
        (
            "ne2013-01-14",
            &["2013-01-15T00:00:00Z", "2013", "2013-01-14/"],
            &["2013-01-14T00:00:00Z", "2013-01-14T10:00:00Z"],
        ),
        ("lt2013-01-14T10:00", &["2013-01-14", "2013-01-14T09:59:59Z"], &["2013-01-14T10:00:00Z", "2013-01-15"]),
        ("gt2013-01-14T10:00", &["2013-01-14", "2013-01-14T10:01:00Z"], &["2013-01-14T10:00:30Z", "2013-01-13"]),
        (
            "ge2013-03-14",
            &["2013-01-21/", "2013-03-14", "2013-03-14T01:00:00Z", "2013-03-15"],
            &["2013-03-13", "/2013-03-13"],
        ),
        ("le2013-03-14", &["2013-01-21/", "2013-03-14", "/2013-04"], &["2013-03-15", "2013-03-15/"]),
        ("sa2013-03-14", &["2013-03-15/", "2013-03-15"], &["2013-01-21/", "2013-03-14T23:00:00Z", "2013"]),
        ("eb2013-03-14", &["2013-03-13", "/2013-03-13"], &["2013-01-21/", "2013-03-14", "2013"]),
        ("ap2013-03-14", &["2013-03-14", "2013-01-21/", "2013-06-15"], &["1990", "2023-03-14"]),
        ("gt2013-03-14", &["2013", "2013-03-14/"], &["2013-03-14", "/2013-03-14"]),
    ] {
        for text in matching {
            assert!(finds(parameter, "", value, &[date(text)]), "{value} finds {text}");
        }
        for text in others {
            assert!(!finds(parameter, "", value, &[date(text)]), "{value} does not find {text}");
        }
    }
}

fn strings(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::String((*text).to_owned())).collect()
}

#[test]
fn strings_match_as_r4_says() {
    let given = parameter("given", SearchKind::String, "HumanName");
    for (modifier, value, name, expected) in [
        ("", "eve", "Eve", true),
        ("", "eve", "Evelyn", true),
        ("", "eve", "Severine", false),
        ("", "ÉVE", "eve", true),
        ("contains", "eve", "Severine", true),
        ("contains", "eve", "Sév\u{e8}rine", true),
        ("contains", "eve", "Adam", false),
        ("exact", "Eve", "Eve", true),
        ("exact", "Eve", "eve", false),
        ("exact", "Eve", "EVE", false),
        ("exact", "Eve", "Evelyn", false),
        ("exact", "Eve", "Éve", false),
        ("", "peter  james", "Peter James Chalmers", true),
        ("", "adam,eve", "Evelyn", true),
    ] {
        assert_eq!(finds(given, modifier, value, &strings(&["x", name])), expected, "{modifier} {value}: {name}");
    }
}

fn token(system: &str, code: &str, text: &str) -> Value {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    Value::Token(Token { system: some(system), code: some(code), text: some(text), of_type: Vec::new() })
}

#[test]
fn tokens_match_as_r4_says() {
    let code = parameter("code", SearchKind::Token, "CodeableConcept");
    let values =
        [token("http://s.org", "M", "Married person"), token("", "x", ""), token("", "", "Großer Kopfschmerz")];
    for (modifier, value, expected) in [
        ("", "M", true),
        ("", "m", false),
        ("", "http://s.org|M", true),
        ("", "http://s.org|", true),
        ("", "http://t.org|", false),
        ("", "http://t.org|M", false),
        ("", "|M", false),
        ("", "|x", true),
        ("", "y,M", true),
        ("not", "M", false),
        ("not", "y", true),
        ("not", "y,M", false),
        ("text", "married", true),
        ("text", "grosser", true),
        ("text", "person", true),
        ("text", "single", false),
        ("above", "M", true),
        ("in", "http://vs.org", false),
        ("not-in", "http://vs.org", false),
        ("missing", "true", false),
        ("missing", "false", true),
    ] {
        assert_eq!(finds(code, modifier, value, &values), expected, "{modifier} {value}");
    }
    for (modifier, value, expected) in
        [("", "M", false), ("not", "M", true), ("missing", "true", true), ("missing", "false", false)]
    {
        assert_eq!(finds(code, modifier, value, &[]), expected, "{modifier} {value} of nothing");
    }
}

#[test]
fn a_resolved_value_set_is_a_list_of_codes() {
    let codes = |modifier, system: Option<&str>, code: Option<&str>| Clause {
        parameter: parameter("code", SearchKind::Token, "Coding"),
        modifier,
        operands: vec![Operand::Codes(vec![(system.map(str::to_owned), code.map(str::to_owned))])],
    };
    let values = [token("s", "a", ""), token("t", "b", "")];
    assert!(codes(Modifier::In, Some("s"), Some("a")).matches(&values));
    assert!(codes(Modifier::In, Some("t"), None).matches(&values));
    assert!(!codes(Modifier::In, Some("t"), Some("a")).matches(&values));
    assert!(!codes(Modifier::NotIn, Some("s"), Some("a")).matches(&values));
    assert!(codes(Modifier::NotIn, Some("s"), Some("c")).matches(&values));
    assert!(codes(Modifier::NotIn, Some("s"), Some("c")).matches(&[]));
}

#[test]
fn of_type_is_about_the_identifiers_type() {
    let identifier = parameter("identifier", SearchKind::Token, "Identifier");
    let of_type = vec![(Some("v2".to_owned()), "MR".to_owned())];
    let values = [Value::Token(Token { code: Some("446053".into()), of_type, ..Token::default() }), token("", "1", "")];
    for (value, expected) in
        [("v2|MR|446053", true), ("v2|MR|1", false), ("v2|SS|446053", false), ("v3|MR|446053", false)]
    {
        assert_eq!(finds(identifier, "of-type", value, &values), expected, "{value}");
    }
}

#[test]
fn references_match_as_r4_says() {
    let subject = targets("subject", &["Group", "Patient"]);
    let read = |text: &str| {
        let target = crate::value::reference::literal(text, BASE).unwrap();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let identifier = Some(Token { system: Some("s".into()), code: Some("9".into()), ..Token::default() });
        let (resource_type, id, version) = (owned(target.resource_type), owned(target.id), owned(target.version));
        [Value::Reference(Reference { resource_type, id, version, url: owned(target.url), identifier, display: None })]
    };
    for (value, modifier, text, expected) in [
        ("1", "", "Patient/1", true),
        ("1", "", "Group/1", true),
        ("1", "Patient", "Patient/1", true),
        ("1", "Patient", "Group/1", false),
        ("Patient/1", "", "Patient/1", true),
        ("Patient/1", "Patient", "Patient/1/_history/3", true),
        ("Patient/1", "", "https://example.org/fhir/Patient/1", true),
        ("https://example.org/fhir/Patient/1", "", "Patient/1", true),
        ("Patient/1", "", "https://other.org/fhir/Patient/1", false),
        ("https://other.org/fhir/Patient/1", "", "https://other.org/fhir/Patient/1/_history/1", true),
        ("https://other.org/fhir/Patient/1", "Patient", "https://other.org/fhir/Patient/1", true),
        ("Patient/1/_history/3", "", "Patient/1/_history/3", true),
        ("Patient/1/_history/3", "", "Patient/1", false),
        ("Patient/2", "", "Patient/1", false),
        ("urn:uuid:1-2", "", "urn:uuid:1-2", true),
        ("s|9", "identifier", "Patient/1", true),
        ("s|8", "identifier", "Patient/1", false),
    ] {
        assert_eq!(finds(subject, modifier, value, &read(text)), expected, "{value} {modifier}: {text}");
    }
}

#[test]
fn canonicals_match_with_and_without_version() {
    let parameter = parameter("questionnaire", SearchKind::Reference, "canonical");
    let reference =
        Reference { url: Some("http://a.org/q/1".into()), version: Some("2".into()), ..Reference::default() };
    let values = [Value::Reference(reference)];
    for (modifier, value, expected) in [
        ("", "http://a.org/q/1", true),
        ("", "http://a.org/q/1|2", true),
        ("", "http://a.org/q/1|3", false),
        ("", "http://a.org/q", false),
        ("below", "http://a.org/q", true),
        ("below", "http://a.org/", true),
        ("above", "http://a.org/q/1/2", true),
    ] {
        assert_eq!(finds(parameter, modifier, value, &values), expected, "{modifier} {value}");
    }
}

#[test]
fn uris_match_whole_or_by_their_parts() {
    let url = parameter("url", SearchKind::Uri, "uri");
    for (modifier, value, uri, expected) in [
        ("", "http://acme.org/fhir/ValueSet/123", "http://acme.org/fhir/ValueSet/123", true),
        ("", "http://acme.org/fhir/valueset/123", "http://acme.org/fhir/ValueSet/123", false),
        ("", "http://acme.org/fhir", "http://acme.org/fhir/ValueSet/123", false),
        ("below", "http://acme.org/fhir/", "http://acme.org/fhir/ValueSet/123", true),
        ("below", "http://acme.org/fhir", "http://acme.org/fhir/ValueSet/123", true),
        ("below", "http://acme.org/fhi", "http://acme.org/fhir/ValueSet/123", false),
        ("below", "http://acme.org/fhir/ValueSet/123", "http://acme.org/fhir/ValueSet/123", true),
        ("above", "http://acme.org/fhir/ValueSet/123/_history/5", "http://acme.org/fhir/ValueSet/123", true),
        ("above", "http://acme.org/fhir/ValueSet/123/_history/5", "http://acme.org/", true),
        ("above", "http://acme.org/fhir/ValueSet/123", "http://acme.org/fhir/ValueSet/12", false),
        ("", "urn:oid:1.2.3.4.5", "urn:oid:1.2.3.4.5", true),
        ("below", "urn:oid:1.2", "urn:oid:1.2.3", false),
    ] {
        assert_eq!(finds(url, modifier, value, &[Value::Uri(uri.to_owned())]), expected, "{modifier} {value}: {uri}");
    }
}

fn quantity(from: &str, to: &str, unit: (&str, &str, &str)) -> Value {
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let (system, code, unit) = (some(unit.0), some(unit.1), some(unit.2));
    Value::Quantity(Quantity { from: number(from), to: number(to), beyond: false, system, code, unit })
}

#[test]
fn what_is_beyond_a_number_starts_after_it_and_ends_before_it() {
    let parameter = parameter("value-quantity", SearchKind::Quantity, "Quantity");
    for (value, from, to, beyond, expected) in [
        ("sa100", "100", "", true, true),
        ("sa100", "100", "", false, false),
        ("sa100.1", "100", "", true, false),
        ("eb5", "", "5", true, true),
        ("eb5", "", "5", false, false),
        ("eb4.9", "", "5", true, false),
        ("gt100", "100", "", true, true),
        ("le100", "100", "", true, false),
    ] {
        let quantity = match quantity(from, to, ("", "", "")) {
            Value::Quantity(quantity) => Value::Quantity(Quantity { beyond, ..quantity }),
            other => other,
        };
        assert_eq!(finds(parameter, "", value, &[quantity]), expected, "{value}: {from} to {to}, beyond: {beyond}");
    }
}

#[test]
fn quantities_match_as_r4_says() {
    const UCUM: &str = "http://unitsofmeasure.org";
    let parameter = parameter("value-quantity", SearchKind::Quantity, "Quantity");
    let (coded, people) = ((UCUM, "mg", "milligram"), ("", "", "mg"));
    for (value, unit, from, to, expected) in [
        ("5.4|http://unitsofmeasure.org|mg", coded, "5.4", "5.4", true),
        ("5.4|http://unitsofmeasure.org|mg", coded, "5.449", "5.449", true),
        ("5.4|http://unitsofmeasure.org|mg", coded, "5.45", "5.45", false),
        ("5.40e-3|http://unitsofmeasure.org|mg", coded, "0.005404", "0.005404", true),
        ("5.4|http://unitsofmeasure.org|g", coded, "5.4", "5.4", false),
        ("5.4|http://unitsofmeasure.org|", coded, "5.4", "5.4", true),
        ("5.4|http://unitsofmeasure.org|mg", people, "5.4", "5.4", false),
        ("5.4||mg", coded, "5.4", "5.4", true),
        ("5.4||mg", people, "5.4", "5.4", true),
        ("5.4||milligram", coded, "5.4", "5.4", true),
        ("5.4||g", coded, "5.4", "5.4", false),
        ("5.4", people, "5.4", "5.4", true),
        ("le5.4|http://unitsofmeasure.org|mg", coded, "5.4", "5.4", true),
        ("ap5.4|http://unitsofmeasure.org|mg", coded, "5.9", "5.9", true),
        ("ap5.4|http://unitsofmeasure.org|mg", coded, "6", "6", false),
        ("lt5", people, "", "5", true),
        ("gt5", people, "", "5", false),
        ("eq5", people, "", "5", false),
        ("gt100", people, "5", "", true),
    ] {
        assert_eq!(
            finds(parameter, "", value, &[quantity(from, to, unit)]),
            expected,
            "{value}: {from} to {to} {unit:?}"
        );
    }
}

#[test]
fn a_composites_parts_match_in_one_element() {
    let parameter =
        composite("code-value", &[(SearchKind::Token, "CodeableConcept"), (SearchKind::Quantity, "Quantity")]);
    let element =
        |code, value| Value::Composite(vec![vec![token("s", code, "")], vec![quantity(value, value, ("", "", ""))]]);
    let values = [element("a", "1"), element("b", "2")];
    for (value, expected) in [("a$1", true), ("s|b$ge2", true), ("a$2", false), ("c$1,b$2", true)] {
        assert_eq!(finds(parameter, "", value, &values), expected, "{value}");
    }
    let error = Clause::parse(parameter, None, "a", BASE, 0).unwrap_err();
    assert_eq!(error.0, "code-value: expected 2 values joined by $: part$part");
}

#[test]
fn near_is_within_the_distance() {
    let near = parameter("near", SearchKind::Special, "BackboneElement");
    let f64 = |degrees| crate::value::ordered::F64(degrees);
    let berlin = [Value::Position(f64(52.52), f64(13.405))]; // Paris is 877.5 km away
    for (value, expected) in [
        ("48.8566|2.3522|880|km", true),
        ("48.8566|2.3522|875", false),
        ("48.8566|2.3522|550|[mi_i]", true),
        ("52.52|13.41", true),
        ("-52.52|-166.595|20000|km", false),
    ] {
        assert_eq!(finds(near, "", value, &berlin), expected, "{value}");
    }
}

fn any_date() -> impl Strategy<Value = String> {
    (1999..2003, 1..=3, 1..=4, 0..3).prop_map(|(year, month, day, precision)| match precision {
        0 => format!("{year}"),
        1 => format!("{year}-{month:02}"),
        _ => format!("{year}-{month:02}-{day:02}"),
    })
}

proptest! {
    #[test]
    fn prefixes_of_dates_agree(search in any_date(), one in any_date(), other in any_date(), open in 0..4) {
        let parameter = parameter("date", SearchKind::Date, "Period");
        let (start, end) = if one <= other { (one, other) } else { (other, one) };
        let value = match open { 0 => format!("{start}/"), 1 => format!("/{end}"), 2 => start, _ => format!("{start}/{end}") };
        let is = |prefix: &str| finds(parameter, "", &format!("{prefix}{search}"), &[date(&value)]);
        prop_assert_eq!(is("eq"), !is("ne"));
        prop_assert_eq!(is("ge"), is("gt") || is("eq"));
        prop_assert_eq!(is("le"), is("lt") || is("eq"));
        prop_assert!(!is("sa") || is("gt"));
        prop_assert!(!is("eb") || is("lt"));
        prop_assert!(!is("eq") || is("ap"));
        prop_assert!(!(is("sa") && is("eb")));
        prop_assert_eq!(is("eq"), is(""));
        prop_assert!(is("eq") || is("gt") || is("lt"));
    }

    #[test]
    fn prefixes_of_numbers_agree(search in -200..200_i32, low in -200..200_i32, width in 0..30_i32, scale in 0..3_u32) {
        let parameter = parameter("number", SearchKind::Number, "decimal");
        let value = [range(&format!("{low}e-1"), &format!("{}e-1", low + width))];
        let is = |prefix: &str| finds(parameter, "", &format!("{prefix}{search}e-{scale}"), &value);
        let same = width == 0 && low * 10_i32.pow(scale) == search * 10;
        prop_assert_eq!(is("eq"), !is("ne"));
        prop_assert_eq!(is("ge"), is("gt") || same);
        prop_assert_eq!(is("le"), is("lt") || same);
        prop_assert!(!is("sa") || is("gt"));
        prop_assert!(!is("eb") || is("lt"));
        prop_assert!(is("ge") || is("lt"));
    }
}
