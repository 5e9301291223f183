use proptest::prelude::*;

use super::report::MAX_ISSUES;
use super::validate;
use crate::json::{Json, Object};
use crate::patch::Patch;
use crate::subset::Subset;

/// What is found, each as `code expression`.
fn found(text: &str) -> Vec<String> {
    let resource = Json::parse(text.as_bytes()).unwrap();
    validate(&resource).into_iter().map(|issue| format!("{} {}", issue.code, issue.expression)).collect()
}

/// Members of a Patient, and what is found.
const PATIENTS: &[(&str, &[&str])] = &[
    (r#""active":true"#, &[]),
    (r#""id":"a_b","implicitRules":"a b","language":"de""#, &["value Patient.id", "value Patient.implicitRules"]),
    (
        r#""nmae":[],"na me":1,"_name":[{}]"#,
        &["structure Patient.nmae", "structure Patient", "structure Patient._name"],
    ),
    (r#""active":"true""#, &["structure Patient.active"]),
    (r#""active":[true]"#, &["structure Patient.active"]),
    (r#""active":null"#, &["structure Patient.active"]),
    (r#""active":{}"#, &["structure Patient.active"]),
    (r#""name":{"family":"F"}"#, &["structure Patient.name"]),
    (r#""name":["F"]"#, &["structure Patient.name[0]"]),
    (r#""name":[]"#, &["structure Patient.name"]),
    (r#""name":[{}]"#, &["structure Patient.name[0]"]),
    (r#""name":[null]"#, &["structure Patient.name[0]"]),
    (r#""name":[{"family":"F"},{"given":["A",""]}]"#, &["value Patient.name[1].given[1]"]),
    (r#""name":[{"given":["A",null],"_given":[null,{"id":"x"}]}]"#, &[]),
    (r#""name":[{"_given":[{"id":"x"}]}]"#, &[]),
    (r#""name":[{"given":["A",null]}]"#, &["structure Patient.name[0].given[1]"]),
    (r#""name":[{"given":["A"],"_given":[{"id":"x"},{"id":"y"}]}]"#, &["structure Patient.name[0].given"]),
    (
        r#""name":[{"given":["A",null],"_given":[{"id":"x"},null]}]"#,
        &["structure Patient.name[0].given[1]", "structure Patient.name[0].given[1]"],
    ),
    (r#""name":[{"given":["A"],"_given":[null]}]"#, &["structure Patient.name[0].given"]),
    (r#""_birthDate":{"extension":[{"url":"u","valueDateTime":"2000-01-01T10:00:00Z"}]}"#, &[]),
    (
        r#""_birthDate":{"extension":[{"valueDateTime":"2000-01-01T10:00"}]}"#,
        &["value Patient.birthDate.extension[0].value", "required Patient.birthDate.extension[0].url"],
    ),
    (r#""_birthDate":[{"id":"x"}]"#, &["structure Patient.birthDate"]),
    (r#""_birthDate":{}"#, &["structure Patient.birthDate"]),
    (r#""_birthDate":{"valueCode":"x"}"#, &["structure Patient.birthDate.valueCode"]),
    (r#""birthDate":"2000-13-01""#, &["value Patient.birthDate"]),
    (r#""gender":"woman""#, &["code-invalid Patient.gender"]),
    (r#""deceasedBoolean":false,"deceasedDateTime":"2000""#, &["structure Patient.deceased"]),
    (r#""link":[{"type":"refer"}]"#, &["required Patient.link[0].other"]),
    (r#""multipleBirthInteger":1.5"#, &["value Patient.multipleBirth"]),
    (r#""extension":[{"url":"u"}]"#, &["invariant Patient.extension[0]"]),
    (
        r#""extension":[{"url":"u","valueCode":"x","extension":[{"url":"u","valueCode":"x"}]}]"#,
        &["invariant Patient.extension[0]"],
    ),
    (r#""name":[{"period":{"start":"2020-02","end":"2020-01"}}]"#, &["invariant Patient.name[0].period"]),
    (r#""name":[{"period":{"start":"2020-02-10","end":"2020-02"}}]"#, &[]),
    (r#""photo":[{"data":"AAAA"}]"#, &["invariant Patient.photo[0]"]),
    (
        r#""generalPractitioner":[{"reference":"Practitioner/1"},{"reference":"Practitioner/1/_history/2"},
        {"reference":"http://example.org/fhir/Organization/1"},{"reference":"urn:uuid:c757873d-ec9a-4326-a141-556f43239520"},
        {"reference":"http://example.org/other"},{"display":"x"},{"reference":"Practitioner/1","type":"Practitioner"}]"#,
        &[],
    ),
    (
        r##""generalPractitioner":[{"reference":"Practitioner"},{"reference":"Doctor/1"},{"reference":"Practitioner/a b"},
        {"reference":"x/Practitioner/1"},{"reference":"Practitioner/1/_history"},{"reference":"#none"},
        {"reference":"Practitioner?identifier=1"}]"##,
        &[
            "value Patient.generalPractitioner[0].reference",
            "value Patient.generalPractitioner[1].reference",
            "value Patient.generalPractitioner[2].reference",
            "value Patient.generalPractitioner[3].reference",
            "value Patient.generalPractitioner[4].reference",
            "value Patient.generalPractitioner[5].reference",
            "value Patient.generalPractitioner[6].reference",
        ],
    ),
    (r#""managingOrganization":{"reference":"Patient/1"}"#, &["value Patient.managingOrganization"]),
    (
        r#""managingOrganization":{"reference":"https://e.org/Patient/1/_history/1"}"#,
        &["value Patient.managingOrganization"],
    ),
    (r#""managingOrganization":{"type":"Patient","display":"x"}"#, &["value Patient.managingOrganization"]),
    (
        r#""managingOrganization":{"reference":"Organization/1","type":"Patient"}"#,
        &["value Patient.managingOrganization.type"],
    ),
    (r##""contained":[{"resourceType":"Organization","id":"o"}],"managingOrganization":{"reference":"#o"}"##, &[]),
    (
        r##""contained":[{"resourceType":"Patient","id":"o"}],"managingOrganization":{"reference":"#o"}"##,
        &["value Patient.managingOrganization"],
    ),
    (
        r#""contained":[{"resourceType":"Organization","meta":{"versionId":"1"},"contained":[{"resourceType":"Basic"}],"x":1}]"#,
        &[
            "required Patient.contained[0].id",
            "invariant Patient.contained[0].meta",
            "invariant Patient.contained[0].contained[0]",
            "structure Patient.contained[0].x",
        ],
    ),
    (
        r#""contained":[{"resourceType":"Organization","id":"a"},{"resourceType":"Organization","id":"b"},
            {"resourceType":"Practitioner","id":"a"},{"resourceType":"Organization","id":"a"}]"#,
        &["invariant Patient.contained[2].id", "invariant Patient.contained[3].id"],
    ),
    (r##""contained":[{"resourceType":"Basic","id":"b","code":{"text":"c"},"subject":{"reference":"#"}}]"##, &[]),
    (
        r#""text":{"status":"generated","div":"<div xmlns='http://www.w3.org/1999/xhtml'><script/></div>"}"#,
        &["security Patient.text.div"],
    ),
];

#[test]
fn all_that_is_wrong_with_a_patient_is_said_at_once() {
    for (members, expected) in PATIENTS {
        assert_eq!(found(&format!(r#"{{"resourceType":"Patient",{members}}}"#)), *expected, "{members}");
    }
    let all = r#"{"resourceType":"Patient","gender":"x","birthDate":"x","link":[{}],"y":1}"#;
    let expected =
        ["code-invalid Patient.gender", "value Patient.birthDate", "structure Patient.link[0]", "structure Patient.y"];
    assert_eq!(found(all), expected);
}

#[test]
fn other_resources_are_checked_too() {
    let coding = r#"{"coding":[{"system":"s","code":"c"}]}"#;
    for (text, expected) in [
        ("[]".to_owned(), &["structure Resource"][..]),
        ("{}".to_owned(), &["required Resource.resourceType"]),
        (r#"{"resourceType":"Patent"}"#.to_owned(), &["value Resource.resourceType"]),
        (r#"{"resourceType":1}"#.to_owned(), &["value Resource.resourceType"]),
        (r#"{"resourceType":"Patient"}"#.to_owned(), &[]),
        (r#"{"resourceType":"Observation"}"#.to_owned(), &["required Observation.status", "required Observation.code"]),
        (
            r#"{"resourceType":"MedicationRequest","status":"active","intent":"order","subject":{"display":"x"}}"#.to_owned(),
            &["required MedicationRequest.medication"],
        ),
        (
            format!(r#"{{"resourceType":"Observation","status":"final","code":{coding},"valueString":"x","dataAbsentReason":{coding}}}"#),
            &["invariant Observation.dataAbsentReason"],
        ),
        (
            format!(r#"{{"resourceType":"Observation","status":"final","code":{coding},"valueString":"x","component":[{{"code":{coding}}}]}}"#),
            &["invariant Observation"],
        ),
        (
            format!(r#"{{"resourceType":"AllergyIntolerance","patient":{{"display":"x"}},"clinicalStatus":{coding}}}"#),
            &["code-invalid AllergyIntolerance.clinicalStatus"],
        ),
        (
            r#"{"resourceType":"AllergyIntolerance","patient":{"display":"x"},"clinicalStatus":{"coding":[{"system":"s","code":"c"},
                {"system":"http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical","code":"active"}]}}"#
                .to_owned(),
            &[],
        ),
        (
            r#"{"resourceType":"Bundle","type":"transaction","entry":[{"resource":{"resourceType":"Patient"},"request":{"method":"PUT","url":"Patient/1"}},
                {"resource":{"resourceType":"Patient","name":[{"use":"x"}],"generalPractitioner":[{"reference":"Practitioner?identifier=1"}]},
                "request":{"method":"POST"}}]}"#
                .to_owned(),
            &["code-invalid Bundle.entry[1].resource.name[0].use", "required Bundle.entry[1].request.url"],
        ),
        (
            r#"{"resourceType":"Parameters","parameter":[{"name":"x","resource":{"resourceType":"Patient","x":1}}]}"#.to_owned(),
            &["structure Parameters.parameter[0].resource.x"],
        ),
    ] {
        assert_eq!(found(&text), expected, "{text}");
    }
}

#[test]
fn issues_come_to_an_end_that_says_so() {
    let names = vec!["{}"; 10_000].join(",");
    let issues =
        validate(&Json::parse(format!(r#"{{"resourceType":"Patient","name":[{names}]}}"#).as_bytes()).unwrap());
    assert_eq!(issues.len(), MAX_ISSUES + 1);
    assert_eq!(issues.last().unwrap().code, "informational");
}

#[test]
fn no_structure_has_more_elements_than_are_counted() {
    let resources = fhir_definitions::RESOURCE_TYPES.iter().map(|it| it.structure);
    let largest = resources.chain(fhir_definitions::DATA_TYPES.iter().copied()).map(|it| it.elements.len()).max();
    assert!((100..=512).contains(&largest.unwrap()), "{largest:?}");
}

/// Names that resources and patches have, so that what is generated gets somewhere.
const NAMES: &[&str] = &[
    "resourceType",
    "id",
    "meta",
    "extension",
    "_id",
    "url",
    "valueString",
    "_valueString",
    "valueReference",
    "reference",
    "type",
    "contained",
    "name",
    "_name",
    "given",
    "_given",
    "part",
    "parameter",
    "path",
    "value",
    "op",
    "from",
    "entry",
    "resource",
    "code",
    "coding",
    "system",
    "component",
    "status",
    "text",
    "div",
    "period",
    "start",
    "end",
    "birthDate",
    "_birthDate",
    "index",
];
const TEXTS: &[&str] = &[
    "",
    "Patient",
    "Bundle",
    "Parameters",
    "Observation",
    "operation",
    "add",
    "insert",
    "delete",
    "replace",
    "move",
    "copy",
    "test",
    "Patient.name",
    "Patient.name.given[0]",
    "Patient.extension('')",
    "name",
    "given",
    "/name/0",
    "/name/-",
    "/extension/0/valueString",
    "#",
    "#a",
    "Patient/1",
    "a",
    "2020",
    "2020-01-01T00:00:00Z",
    "<div xmlns=\"http://www.w3.org/1999/xhtml\">x</div>",
    "<div",
    "type",
    "path",
    "value",
    "source",
    "destination",
    "index",
    "transaction",
];

fn any_json() -> impl Strategy<Value = Json<'static>> {
    let text = prop_oneof![proptest::sample::select(TEXTS).prop_map(str::to_owned), any::<String>()];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::Bool),
        (0..4_u64).prop_map(Json::integer),
        text.prop_map(Json::string),
    ];
    let name = prop_oneof![9 => proptest::sample::select(NAMES).prop_map(str::to_owned), 1 => any::<String>()];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        let members = proptest::collection::btree_map(name.clone(), inner.clone(), 0..6);
        let object =
            |members: std::collections::BTreeMap<_, _>| Json::Object(members.into_iter().collect::<Object<'_>>());
        let resource_type = proptest::sample::select(&["Patient", "Bundle", "Parameters", "Observation"][..]);
        prop_oneof![
            proptest::collection::vec(inner, 0..4).prop_map(Json::Array),
            members.clone().prop_map(object),
            (members, resource_type).prop_map(move |(mut members, name)| {
                members.insert("resourceType".to_owned(), Json::string(name));
                object(members)
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 2_000 } else { 50_000 }))]

    #[test]
    fn whatever_the_json_nothing_panics(resource in any_json(), patch in any_json()) {
        let _ = validate(&resource);
        for subset in [Subset::Summary, Subset::Text, Subset::Data, Subset::Elements(vec!["name".to_owned()])] {
            let _ = validate(&subset.apply(&resource));
        }
        for patch in [Patch::json_patch(&patch), Patch::fhirpath(&patch)].into_iter().flatten() {
            let _ = patch.apply(resource.clone());
        }
    }

    #[test]
    fn no_text_makes_xhtml_panic(text: String, parts in proptest::collection::vec(
        proptest::sample::select(&["<div", " xmlns=\"http://www.w3.org/1999/xhtml\"", ">", "</div>", "<!--", "-->", "&", ";", "#x", "é", "<a href=\"", "\"", "/>"][..]), 0..12)) {
        let _ = super::xhtml::check(&text);
        let _ = super::xhtml::check(&parts.concat());
    }
}
