use super::super::tests::{parameter, targets};
use super::*;
use proptest::prelude::*;

const BASE: &str = "https://example.org/fhir";
const NOW: i64 = 1_700_000_000_000;

fn parse(parameter: &'static SearchParameter, modifier: &str, value: &str) -> Result<Clause, BadOperand> {
    Clause::parse(parameter, Some(modifier).filter(|modifier| !modifier.is_empty()), value, BASE, NOW)
}

#[track_caller]
fn one(parameter: &'static SearchParameter, modifier: &str, value: &str) -> Operand {
    let [operand] = <[_; 1]>::try_from(parse(parameter, modifier, value).unwrap().operands).unwrap();
    operand
}

#[track_caller]
fn refused(parameter: &'static SearchParameter, modifier: &str, value: &str) -> String {
    let message = parse(parameter, modifier, value).unwrap_err().0;
    assert!(message.starts_with(parameter.code), "{message}");
    message
}

fn text(text: &str) -> Option<String> {
    Some(text).filter(|text| !text.is_empty()).map(str::to_owned)
}

#[test]
fn tokens_have_four_forms() {
    let code = parameter("code", SearchKind::Token, "CodeableConcept");
    let token = |system, code| Operand::Token { system, code };
    assert_eq!(one(code, "", "a"), token(System::Any, text("a")));
    assert_eq!(one(code, "", "|a"), token(System::None, text("a")));
    assert_eq!(one(code, "", "s|a"), token(System::Is("s".into()), text("a")));
    assert_eq!(one(code, "", "s|"), token(System::Is("s".into()), None));
    assert_eq!(one(code, "", r"s|a\|b\,c"), token(System::Is("s".into()), text("a|b,c")));
    assert_eq!(one(code, "not", "MiXed"), token(System::Any, text("MiXed")));
    assert_eq!(one(code, "text", "head"), Operand::String("head".into()));
    assert_eq!(one(code, "in", "http://a.org/vs"), Operand::ValueSet("http://a.org/vs".into()));
    let of_type = Operand::OfType { system: "s".into(), code: "MR".into(), value: "4".into() };
    assert_eq!(one(code, "of-type", "s|MR|4"), of_type);
    assert_eq!(parse(code, "", "a,b,s|c").unwrap().operands.len(), 3);
    for (modifier, value) in [
        ("", ""),
        ("", "|"),
        ("", "a|b|c"),
        ("", "a,"),
        ("of-type", "MR|4"),
        ("of-type", "|MR|4"),
        ("in", ""),
        ("text", " "),
    ] {
        refused(code, modifier, value);
    }
}

#[test]
fn telephone_numbers_and_truths_are_in_lower_case() {
    for kind in ["ContactPoint", "boolean"] {
        let parameter = parameter("p", SearchKind::Token, kind);
        assert_eq!(one(parameter, "", "TRUE"), Operand::Token { system: System::Any, code: text("true") });
    }
}

#[test]
fn a_modifier_must_fit_the_kind() {
    let allowed = |kind, fhir, modifier| parse(parameter("p", kind, fhir), modifier, "true").is_ok();
    assert!(allowed(SearchKind::String, "string", "exact") && allowed(SearchKind::String, "string", "contains"));
    assert!(allowed(SearchKind::Uri, "uri", "below") && allowed(SearchKind::Uri, "uri", "above"));
    assert!(
        allowed(SearchKind::Reference, "canonical", "below") && !allowed(SearchKind::Reference, "Reference", "below")
    );
    for (kind, fhir) in [
        (SearchKind::Number, "decimal"),
        (SearchKind::Date, "date"),
        (SearchKind::String, "string"),
        (SearchKind::Token, "code"),
        (SearchKind::Reference, "Reference"),
        (SearchKind::Composite, "BackboneElement"),
        (SearchKind::Quantity, "Quantity"),
        (SearchKind::Uri, "uri"),
        (SearchKind::Special, "BackboneElement"),
    ] {
        assert_eq!(one(parameter("p", kind, fhir), "missing", "true"), Operand::Missing(true));
        assert!(!allowed(kind, fhir, "Missing") && !allowed(kind, fhir, "exactly"));
        refused(parameter("p", kind, fhir), "missing", "yes");
    }
    let message = refused(parameter("name", SearchKind::String, "string"), "text", "a");
    assert_eq!(message, "name: expected no modifier, or one of :missing, :exact, :contains");
}

#[test]
fn a_references_type_comes_from_the_value_the_modifier_or_the_only_target() {
    let reference = |resource_type: &str, id: &str, version: Option<&str>| Operand::Reference {
        resource_type: text(resource_type),
        id: text(id),
        url: None,
        version: version.map(str::to_owned),
    };
    let (subject, patient) = (targets("subject", &["Group", "Patient"]), targets("patient", &["Patient"]));
    assert_eq!(one(subject, "", "1"), reference("", "1", None));
    assert_eq!(one(patient, "", "1"), reference("Patient", "1", None));
    assert_eq!(one(subject, "Patient", "1"), reference("Patient", "1", None));
    assert_eq!(one(subject, "", "Patient/1/_history/2"), reference("Patient", "1", Some("2")));
    assert_eq!(one(subject, "", "https://example.org/fhir/Patient/1"), reference("Patient", "1", None));
    let elsewhere = |url: &str| Operand::Reference { resource_type: None, id: None, url: text(url), version: None };
    assert_eq!(one(subject, "", "http://other.org/Patient/1"), elsewhere("http://other.org/Patient/1"));
    assert_eq!(one(subject, "", "urn:uuid:1-2"), elsewhere("urn:uuid:1-2"));
    assert_eq!(one(subject, "identifier", "s|1"), Operand::Token { system: System::Is("s".into()), code: text("1") });
    refused(subject, "Patient", "Group/1");
    refused(subject, "", "Patient/a b");
    refused(subject, "", "a/b/c");
    assert!(refused(subject, "Device", "1").ends_with("one of :missing, :identifier, :Group, :Patient"));
}

#[test]
fn a_canonical_may_have_a_version() {
    let questionnaire = parameter("questionnaire", SearchKind::Reference, "canonical");
    let operand = |id: Option<&str>, url: Option<&str>, version: Option<&str>| Operand::Reference {
        resource_type: id.map(|_| "Questionnaire".into()),
        id: id.map(str::to_owned),
        url: url.map(str::to_owned),
        version: version.map(str::to_owned),
    };
    assert_eq!(one(questionnaire, "", "http://a.org/q"), operand(None, Some("http://a.org/q"), None));
    assert_eq!(one(questionnaire, "", "http://a.org/q|1"), operand(None, Some("http://a.org/q"), Some("1")));
    assert_eq!(one(questionnaire, "", "Questionnaire/3"), operand(Some("3"), None, None));
    assert_eq!(one(questionnaire, "below", "http://a.org/"), operand(None, Some("http://a.org/"), None));
}

#[test]
fn quantities_may_have_units() {
    let quantity = parameter("value-quantity", SearchKind::Quantity, "Quantity");
    let operand = |value: &str| match one(quantity, "", value) {
        Operand::Quantity { prefix, system, code, .. } => (prefix, system, code),
        other => panic!("{other:?}"),
    };
    let ucum = || System::Is("http://unitsofmeasure.org".into());
    assert_eq!(operand("5.4|http://unitsofmeasure.org|mg"), (Prefix::Eq, ucum(), text("mg")));
    assert_eq!(operand("5.4||mg"), (Prefix::Eq, System::Any, text("mg")));
    assert_eq!(operand("5.4"), (Prefix::Eq, System::Any, None));
    assert_eq!(operand("ap5.4|http://unitsofmeasure.org|"), (Prefix::Ap, ucum(), None));
    for value in ["", "mg", "5.4|mg", "5.4|a|b|c", "eq", "xx5", "gt gt5", "EQ5"] {
        refused(quantity, "", value);
    }
}

#[test]
fn approximate_dates_widen_with_their_age() {
    let date = parameter("date", SearchKind::Date, "dateTime");
    let width = |value: &str| match one(date, "", value) {
        Operand::Date { span: Span { from: Some(from), to: Some(to) }, .. } => to - from + 1,
        other => panic!("{other:?}"),
    };
    let (second, ago) = (time::instant(NOW - 1_000_000), time::instant(NOW + 1_000_000));
    assert_eq!(width(&format!("ap{second}")), 1 + 2 * 100_000);
    assert_eq!(width(&format!("ap{ago}")), 1 + 2 * 100_000);
    assert_eq!(width(&format!("ap{}", time::instant(NOW))), 1);
    assert_eq!(width("2020-05"), 31 * 86_400_000);
}

#[test]
fn what_is_wrong_is_said_without_the_value() {
    for (kind, fhir, value) in [
        (SearchKind::Date, "date", "2020-13"),
        (SearchKind::Number, "decimal", "abc"),
        (SearchKind::Quantity, "Quantity", "abc|def"),
        (SearchKind::Token, "code", "abc|def|ghi"),
        (SearchKind::Reference, "Reference", "abc def"),
        (SearchKind::Special, "BackboneElement", "91|0"),
        (SearchKind::String, "string", ""),
    ] {
        let message = refused(parameter("p", kind, fhir), "", value);
        assert!(value.is_empty() || !message.contains(value), "{message}");
    }
}

#[test]
fn a_prefix_of_a_string_is_part_of_it() {
    assert_eq!(one(parameter("name", SearchKind::String, "string"), "", "leonard"), Operand::String("leonard".into()));
}

#[test]
fn near_is_a_point_and_a_distance() {
    let near = parameter("near", SearchKind::Special, "BackboneElement");
    let kilometres = |value: &str| match one(near, "", value) {
        Operand::Near { kilometres, .. } => kilometres.0,
        other => panic!("{other:?}"),
    };
    for (value, expected) in [
        ("-83.694810|42.256500|11.20|km", 11.2),
        ("42.2565|-83.69481|11.2", 11.2),
        ("42.2565|-83.69481|1500|m", 1.5),
        ("42.2565|-83.69481|10|[mi_i]", 16.093_44),
        ("42.2565|-83.69481", 10.0),
    ] {
        assert!((kilometres(value) - expected).abs() < 1e-9, "{value}");
    }
    for value in ["", "1", "91|0|1|km", "0|181|1|km", "0|0|-1|km", "0|0|1|mi", "0|0|1e400|km", "a|b|c|d", "1|2|3|km|5"]
    {
        refused(near, "", value);
    }
}

#[test]
fn the_latitude_is_first_and_the_example_says_so() {
    let example = super::super::near::FORM.split_once("such as ").unwrap().1.split_once(';').unwrap().0;
    let near = one(parameter("near", SearchKind::Special, "BackboneElement"), "", example);
    let Operand::Near { latitude, longitude, .. } = near else { panic!("{near:?}") };
    assert_eq!((latitude.0.to_bits(), longitude.0.to_bits()), (42.25_f64.to_bits(), (-83.69_f64).to_bits()));
}

proptest! {
    #[test]
    fn nothing_panics(
        kind in 0..8_usize,
        modifier in prop::option::of("[a-zA-Z-]{0,8}"),
        value in prop_oneof![".{0,30}", "(eq|ne|gt|ap)?[0-9.,|$\\\\:TZ-]{0,20}"],
    ) {
        use SearchKind::{Date, Number, Quantity, Reference, Special, String, Token, Uri};
        let kinds = [(Number, "decimal"), (Date, "date"), (String, "string"), (Token, "code"), (Reference, "Reference"),
            (Reference, "canonical"), (Quantity, "Quantity"), (Uri, "uri"), (Special, "BackboneElement")];
        let (kind, fhir) = kinds[kind];
        let _ = Clause::parse(parameter("p", kind, fhir), modifier.as_deref(), &value, BASE, NOW);
    }
}
