use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const BASE: &str = "https://example.org/r4";

fn of<T>(kind: &'static str, id: &str, resource: &Value, ask: impl Fn(&Key, &Json<'_>) -> T) -> T {
    let text = resource.to_string();
    ask(&Key::new(kind, id), &Json::parse(text.as_bytes()).unwrap())
}

fn place(resource: &Value) -> String {
    let kind = resource_type(resource["resourceType"].as_str().unwrap()).unwrap();
    of(kind.name, "1", resource, |_, json| order(kind, json, "1", BASE))
}

#[test]
fn a_main_date_without_a_beginning_stands_before_all_others_and_none_at_all_behind_them() {
    let encounter = |period: Value| place(&json!({"resourceType": "Encounter", "period": period}));
    let open = encounter(json!({"end": "2025"}));
    let early = encounter(json!({"start": "0001", "end": "0002"}));
    let late = encounter(json!({"start": "9999"}));
    let none = place(&json!({"resourceType": "Encounter"}));
    assert!(open < early && early < late && late.as_str() < BEFORE_NO_DATE && late < none, "{open} {early} {late}");
    assert!(is_undated(&none) && !is_undated(&late));
    assert_eq!(open.get(16..17), Some("w"), "it may reach anywhere");
}

#[test]
fn rows_are_counted_before_they_are_made() {
    let appointment = |patients: usize, codes: usize| {
        json!({
            "resourceType": "Appointment",
            "participant": (0..patients).map(|n| json!({"actor": {"reference": format!("Patient/{n}")}})).collect::<Vec<_>>(),
            "serviceType": (0..codes).map(|n| json!({"coding": [{"system": "urn:s", "code": n.to_string()}]})).collect::<Vec<_>>(),
        })
    };
    let too_many = |resource: &Value| of("Appointment", "1", resource, |key, json| has_too_many_rows(key, json, BASE));
    assert!(!too_many(&appointment(3, 20)));
    assert!(!too_many(&appointment(3_000, 0)), "a Provenance of a large transaction has as many references");
    assert!(too_many(&appointment(20_000, 20_000)), "400 million pairs");
    assert!(too_many(&appointment(60, 60)));
    let same = json!({
        "resourceType": "Observation", "subject": {"reference": "Patient/1"},
        "code": {"coding": vec![json!({"system": "urn:s", "code": "1"}); 9_000]},
    });
    assert!(!of("Observation", "1", &same, |key, json| has_too_many_rows(key, json, BASE)), "one code is one row");
    let system = json!({
        "resourceType": "CodeSystem", "concept": (0..30_000).map(|n| json!({"code": n.to_string()})).collect::<Vec<_>>(),
    });
    assert!(of("CodeSystem", "1", &system, |key, json| has_too_many_rows(key, json, BASE)));
}

fn text() -> impl Strategy<Value = String> {
    ("\\PC{0,3}", 0..1_200_usize).prop_map(|(some, times)| some.repeat(times))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_value_makes_a_key_longer_than_the_table_takes(
        id in "[A-Za-z0-9.-]{1,64}", patient in "[A-Za-z0-9.-]{1,64}", system in text(), code in text(), url in text(),
    ) {
        let coding = json!([{"system": system, "code": code, "display": url}]);
        let resource = json!({
            "resourceType": "Observation", "status": "final", "code": {"coding": coding, "text": code},
            "identifier": [{"system": system, "value": code}], "effectivePeriod": {"start": "2020", "end": "2021"},
            "subject": {"reference": format!("Patient/{patient}"), "identifier": {"system": system, "value": code}},
            "hasMember": [{"reference": url}], "valueString": url, "valueQuantity": {"value": 1e300, "code": code},
            "meta": {"profile": [url], "tag": coding, "source": url},
        });
        for row in of("Observation", &id, &resource, |key, json| rows(key, json, BASE)) {
            prop_assert!(row.pk.len() <= 2_048 && row.sk.len() <= 1_024, "{} {}", row.pk.len(), row.sk.len());
        }
        let named = json!({"resourceType": "Patient", "name": [{"family": system, "given": [code], "text": url}]});
        for row in of("Patient", &id, &named, |key, json| rows(key, json, BASE)) {
            prop_assert!(row.pk.len() <= 2_048 && row.sk.len() <= 1_024, "{} {}", row.pk.len(), row.sk.len());
        }
    }
}
