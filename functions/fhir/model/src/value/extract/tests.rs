use super::super::{Quantity, Reference, Span, ordered};
use super::*;
use crate::decimal::Decimal;
use crate::time;
use proptest::prelude::*;

#[track_caller]
fn found(resource: &str, code: &str) -> Vec<Value> {
    let resource = Json::parse(resource.as_bytes()).unwrap();
    let definition = fhir_definitions::resource_type(resource.text("resourceType").unwrap()).unwrap();
    values(definition.parameter(code).unwrap(), &resource, "https://example.org/fhir")
}

fn text(text: &str) -> Option<String> {
    Some(text).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn token(system: &str, code: &str, display: &str) -> Value {
    Value::Token(Token { system: text(system), code: text(code), text: text(display), of_type: Vec::new() })
}

fn strings(texts: &[&str]) -> Vec<Value> {
    texts.iter().map(|text| Value::String((*text).to_owned())).collect()
}

fn span(start: &str, end: &str) -> Vec<Value> {
    let span = |text: &str| if text.is_empty() { None } else { Some(time::span(text).unwrap()) };
    vec![Value::Date(Span { from: span(start).and_then(|span| span.from), to: span(end).and_then(|span| span.to) })]
}

fn number(digits: &str) -> Option<Decimal> {
    Decimal::parse(digits)
}

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1","active":true,"gender":"male","birthDate":"1974-12",
    "meta":{"lastUpdated":"2020-05-01T10:00:00.5Z","profile":["http://a.org/p|2"],"source":"urn:x","tag":[{"system":"s","code":"t"}]},
    "name":[{"family":"Chalmers","given":["Peter","James"],"prefix":["Dr"],"text":"Dr P. Chalmers","use":"official",
             "_given":[null,{"id":"x"}]},{"given":[null,"Jim"]}],
    "address":[{"line":["534 Erewhon St"],"city":"PleasantVille","postalCode":"3999","use":"home"}],
    "telecom":[{"system":"phone","value":"(03) 5555 6473"},{"system":"email","value":"P.Chalmers@Example.org"}],
    "identifier":[{"type":{"text":"MRN","coding":[{"system":"v2","code":"MR"}]},"system":"urn:oid:1.2","value":"12345"}],
    "generalPractitioner":[{"reference":"Practitioner/1"},{"reference":"Organization/2"},{"reference":"x","type":"Practitioner"}]}"#;

#[test]
fn a_patients_values() {
    for (code, expected) in [
        ("_id", vec![token("", "p1", "")]),
        ("active", vec![token("", "true", "")]),
        ("gender", vec![token("http://hl7.org/fhir/administrative-gender", "male", "")]),
        ("birthdate", span("1974-12", "1974-12")),
        ("_lastUpdated", span("2020-05-01T10:00:00.500Z", "2020-05-01T10:00:00.599Z")),
        ("_profile", vec![Value::Uri("http://a.org/p|2".into()), Value::Uri("http://a.org/p".into())]),
        ("_source", vec![Value::Uri("urn:x".into())]),
        ("_tag", vec![token("s", "t", "")]),
        ("_security", vec![]),
        ("family", strings(&["Chalmers"])),
        ("given", strings(&["Peter", "James", "Jim"])),
        ("name", strings(&["Chalmers", "Peter", "James", "Dr", "Dr P. Chalmers", "Jim"])),
        ("address", strings(&["534 Erewhon St", "PleasantVille", "3999"])),
        ("address-use", vec![token("http://hl7.org/fhir/address-use", "home", "")]),
        ("phone", vec![token("", "(03) 5555 6473", "")]),
        ("email", vec![token("", "p.chalmers@example.org", "")]),
        ("death-date", vec![]),
        ("deceased", vec![token("", "false", "")]),
        (
            "identifier",
            vec![Value::Token(Token {
                system: text("urn:oid:1.2"),
                code: text("12345"),
                text: text("MRN"),
                of_type: vec![(text("v2"), "MR".into())],
            })],
        ),
    ] {
        assert_eq!(found(PATIENT, code), expected, "{code}");
    }
    assert_eq!(found(PATIENT, "general-practitioner").len(), 3);
}

#[test]
fn deceased_is_whether_it_exists_and_is_not_false() {
    for (member, code) in [
        (r#""deceasedBoolean":true"#, "true"),
        (r#""deceasedBoolean":false"#, "false"),
        (r#""deceasedDateTime":"2020""#, "true"),
    ] {
        assert_eq!(found(&format!(r#"{{"resourceType":"Patient",{member}}}"#), "deceased"), [token("", code, "")]);
    }
}

#[test]
fn an_observations_values() {
    let observation = |rest: &str| {
        format!(
            r#"{{"resourceType":"Observation","status":"final","code":{{"text":"Pressure","coding":[{{"system":"l","code":"85354-9","display":"BP"}},
            {{"system":"s","code":"x"}}]}},"subject":{{"reference":"Patient/1/_history/3","display":"P"}},{rest}}}"#
        )
    };
    let code = vec![token("l", "85354-9", "BP"), token("s", "x", ""), token("", "", "Pressure")];
    let quantity = |from: &str, to: &str| {
        let (from, to) = (number(from), number(to));
        let beyond = from.is_none();
        Value::Quantity(Quantity { from, to, beyond, system: text("u"), code: text("mm"), unit: text("millis") })
    };
    let whole = observation(
        r#""effectivePeriod":{"start":"2020-05-01T10:00:00+02:00"},
        "component":[{"code":{"coding":[{"code":"sys"}]},"valueQuantity":{"value":120.0,"unit":"millis","system":"u","code":"mm"}},
                     {"code":{"coding":[{"code":"dia"}]},"valueQuantity":{"comparator":"<","value":80,"unit":"millis","system":"u","code":"mm"}},
                     {"code":{"coding":[{"code":"none"}]}}]"#,
    );
    assert_eq!(found(&whole, "code"), code);
    assert_eq!(found(&whole, "date"), span("2020-05-01T08:00:00Z", ""));
    assert_eq!(found(&whole, "component-value-quantity"), [quantity("120", "120"), quantity("", "80")]);
    let component = |code, value| Value::Composite(vec![vec![token("", code, "")], vec![value]]);
    let parts = [component("sys", quantity("120", "120")), component("dia", quantity("", "80"))];
    assert_eq!(found(&whole, "component-code-value-quantity"), parts);
    assert_eq!(found(&whole, "combo-code-value-quantity"), parts);
    let patient = Reference {
        resource_type: text("Patient"),
        id: text("1"),
        version: text("3"),
        display: text("P"),
        ..Reference::default()
    };
    assert_eq!(found(&whole, "subject"), [Value::Reference(patient.clone())]);
    assert_eq!(found(&whole, "patient"), [Value::Reference(patient)]);

    let timing = observation(
        r#""effectiveTiming":{"event":["2020-05-02","2020-05-01"],"repeat":{"boundsPeriod":{"end":"2021"}}}"#,
    );
    assert_eq!(found(&timing, "date"), span("", "2021"));
    let events = observation(r#""effectiveTiming":{"event":["2020-05-02","2020-05-01"]}"#);
    assert_eq!(found(&events, "date"), span("2020-05-01", "2020-05-02"));
    let value =
        observation(r#""valueQuantity":{"comparator":">=","value":5,"unit":"millis","system":"u","code":"mm"}"#);
    assert_eq!(found(&value, "value-quantity"), [quantity("5", "")]);
    assert_eq!(found(&value, "code-value-quantity"), [Value::Composite(vec![code, vec![quantity("5", "")]])]);
    for rest in [
        r#""valueSampledData":{"origin":{"value":1}}"#,
        r#""effectivePeriod":{}"#,
        r#""effectivePeriod":{"start":"x","end":"2020"}"#,
    ] {
        assert_eq!(found(&observation(rest), "value-quantity"), []);
        assert_eq!(found(&observation(rest), "date"), []);
    }
}

#[test]
fn references_are_of_all_forms() {
    let reference = |json: &str| {
        let task = format!(r#"{{"resourceType":"Task","focus":{json}}}"#);
        let values = found(&task, "focus");
        values
            .into_iter()
            .map(|value| if let Value::Reference(reference) = value { reference } else { panic!("{value:?}") })
            .next()
    };
    let logical = reference(r#"{"type":"Device","identifier":{"system":"s","value":"1"},"display":"d"}"#).unwrap();
    assert_eq!(
        (logical.resource_type.as_deref(), logical.id, logical.display.as_deref()),
        (Some("Device"), None, Some("d"))
    );
    assert_eq!(logical.identifier.unwrap().code.as_deref(), Some("1"));
    let urn = reference(r#"{"reference":"urn:uuid:1","type":"Device"}"#).unwrap();
    assert_eq!((urn.resource_type.as_deref(), urn.url.as_deref()), (Some("Device"), Some("urn:uuid:1")));
    let inside = reference(r##"{"reference":"#c","display":"d"}"##).unwrap();
    assert_eq!((inside.id, inside.url.as_deref()), (None, Some("#c")));
    assert!(reference(r##"{"reference":"#c","identifier":{"value":"1"}}"##).is_some());
    assert_eq!(reference("{}"), None);
    let bundle = r#"{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Composition","id":"c"}},{"resource":{"resourceType":"Composition","id":"d"}}]}"#;
    let composition = Reference { resource_type: text("Composition"), id: text("c"), ..Reference::default() };
    assert_eq!(found(bundle, "composition"), [Value::Reference(composition)]);
    assert_eq!(found(bundle, "message"), []);
    let canonical =
        found(r#"{"resourceType":"QuestionnaireResponse","questionnaire":"http://a.org/q|3"}"#, "questionnaire");
    assert_eq!(
        canonical,
        [Value::Reference(Reference { url: text("http://a.org/q"), version: text("3"), ..Reference::default() })]
    );
}

#[test]
fn money_ranges_and_positions() {
    let invoice = r#"{"resourceType":"Invoice","totalGross":{"value":48.00,"currency":"EUR"}}"#;
    let (from, to) = (number("48"), number("48"));
    let money =
        Quantity { from, to, beyond: false, system: text("urn:iso:std:iso:4217"), code: text("EUR"), unit: None };
    assert_eq!(found(invoice, "totalgross"), [Value::Quantity(money)]);
    let condition =
        r#"{"resourceType":"Condition","onsetRange":{"low":{"value":40,"unit":"a"},"high":{"value":50,"unit":"a"}}}"#;
    let age =
        Quantity { from: number("40"), to: number("50"), beyond: false, system: None, code: None, unit: text("a") };
    assert_eq!(found(condition, "onset-age"), [Value::Quantity(age)]);
    let risk = r#"{"resourceType":"RiskAssessment","prediction":[{"probabilityRange":{"high":{"value":0.5}}},{"probabilityDecimal":1e-2}]}"#;
    let probabilities = [Value::Number(number("0.01"), number("0.01")), Value::Number(None, number("0.5"))];
    let values = found(risk, "probability");
    assert!(values.len() == 2 && probabilities.iter().all(|value| values.contains(value)));
    let location = r#"{"resourceType":"Location","position":{"longitude":-83.69,"latitude":42.25}}"#;
    assert_eq!(found(location, "near"), [Value::Position(ordered::F64(42.25), ordered::F64(-83.69))]);
    let sequence = r#"{"resourceType":"MolecularSequence","referenceSeq":{"chromosome":{"coding":[{"code":"1"}]},"windowStart":5,"windowEnd":7}}"#;
    assert_eq!(found(sequence, "chromosome-window-coordinate").len(), 1);
}

#[test]
fn what_has_a_wrong_shape_has_no_value() {
    for resource in [
        r#"{"resourceType":"Patient","name":"x","birthDate":5,"telecom":{},"identifier":[[]],"active":"true","address":[null,1],"gender":{}}"#,
        r#"{"resourceType":"Patient","name":{"family":1,"given":{}},"birthDate":"2020-02-30","meta":[],"generalPractitioner":[5,"x"]}"#,
    ] {
        for parameter in fhir_definitions::resource_type("Patient").unwrap().parameters {
            let values = found(resource, parameter.code);
            let tolerated = ["active", "deceased", "general-practitioner"].contains(&parameter.code);
            assert!(tolerated || values.is_empty(), "{}: {values:?}", parameter.code);
        }
    }
}

/// JSON of the words that extraction looks for, in any order and of any shape.
fn any_json() -> impl Strategy<Value = Json<'static>> {
    const NAMES: &[&str] = &[
        "system",
        "code",
        "coding",
        "text",
        "value",
        "low",
        "high",
        "start",
        "end",
        "event",
        "repeat",
        "boundsPeriod",
        "reference",
        "type",
        "identifier",
        "display",
        "comparator",
        "currency",
        "family",
        "given",
        "resourceType",
    ];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        "-?[0-9]{1,3}(\\.[0-9]{1,3})?(e[0-9]{1,6})?".prop_map(|digits| Json::Number(digits.into())),
        "[a-zA-Z0-9/#|:.-]{0,12}|20[0-9]{2}-[01][0-9]".prop_map(Json::string),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        let member = (prop::sample::select(NAMES), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Json::Array),
            prop::collection::vec(member, 0..5).prop_map(|members| Json::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_shape_panics(json in any_json()) {
        for name in ["Observation", "Patient", "Claim", "Bundle", "MolecularSequence", "CarePlan", "RiskAssessment", "Location"] {
            let definition = fhir_definitions::resource_type(name).unwrap();
            let members = definition.structure.elements.iter().map(|element| (element.name, json.clone()));
            let resource = Json::Object(members.collect());
            for parameter in definition.parameters {
                let _ = values(parameter, &resource, "https://example.org/fhir");
            }
        }
    }
}

/// Looked up one by one, 8 MB of them used up the 29 s that a request has.
#[test]
fn tens_of_thousands_of_references_to_what_is_inside_take_no_longer_than_reading_them() {
    const MANY: usize = 40_000;
    let inside = |n| format!(r#"{{"resourceType":"{}","id":"{n}"}}"#, if n % 2 == 0 { "Patient" } else { "Device" });
    let actor = |n| format!(r##"{{"actor":{{"reference":"#{n}"}}}}"##);
    let appointment = format!(
        r#"{{"resourceType":"Appointment","contained":[{}],"participant":[{}]}}"#,
        (0..MANY).map(inside).collect::<Vec<_>>().join(","),
        (0..MANY).map(actor).collect::<Vec<_>>().join(","),
    );
    let began = std::time::Instant::now();
    assert_eq!(found(&appointment, "patient").len(), MANY / 2);
    assert!(began.elapsed().as_secs() < 3, "{:?}", began.elapsed());
}
