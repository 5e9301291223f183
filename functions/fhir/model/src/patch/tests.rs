//! `FHIRPath` Patch: the specification's own cases (fhir-path-patch-tests), and lists of primitives with their twins.

use proptest::prelude::*;

use super::{Patch, PatchError};
use crate::json::Json;

fn json(text: &str) -> Json<'static> {
    Json::parse(text.as_bytes()).unwrap().into_owned()
}

/// A patch of operations, each the JSON of its parts; `path` and the like are given short.
fn patch(operations: &[&str]) -> Json<'static> {
    let operations =
        operations.iter().map(|parts| format!(r#"{{"name":"operation","part":[{parts}]}}"#)).collect::<Vec<_>>();
    json(&format!(r#"{{"resourceType":"Parameters","parameter":[{}]}}"#, operations.join(",")))
}

fn parts(operation: &str, path: &str, rest: &str) -> String {
    let comma = if rest.is_empty() { "" } else { "," };
    let path = path.replace('\\', "\\\\");
    format!(r#"{{"name":"type","valueCode":"{operation}"}},{{"name":"path","valueString":"{path}"}}{comma}{rest}"#)
}

fn apply(resource: &str, operation: &str, path: &str, rest: &str) -> Result<String, PatchError> {
    let patched = Patch::fhirpath(&patch(&[&parts(operation, path, rest)]))?.apply(json(resource))?;
    Ok(String::from_utf8(patched.to_vec()).unwrap())
}

/// Operations that are well formed, on places that may or may not be there.
fn any_operation() -> impl Strategy<Value = String> {
    let path = proptest::sample::select(
        &[
            "Patient",
            "Patient.name",
            "Patient.name[0]",
            "Patient.name[0].given",
            "Patient.name.given[0]",
            "Patient.name[1].given[1]",
            "Patient.name[0].given[0].extension",
            "Patient.birthDate",
            "Patient.birthDate.extension[0]",
            "Patient.deceased",
            "Patient.name.last()",
        ][..],
    );
    let kind = proptest::sample::select(&["add", "insert", "delete", "replace", "move"][..]);
    let name = proptest::sample::select(&["name", "given", "extension", "birthDate", "deceased", "id"][..]);
    let value = proptest::sample::select(
        &[
            r#""valueString":"x""#,
            r#""_valueString":{"id":"x"}"#,
            r#""valueHumanName":{"given":["x"]}"#,
            r#""valueBoolean":true"#,
            r#""valueExtension":{"url":"u","valueCode":"c"}"#,
            r#""part":[{"name":"given","valueString":"x"}]"#,
        ][..],
    );
    (kind, path, name, value, 0..3_u8, 0..3_u8).prop_map(|(kind, path, name, value, index, destination)| {
        let rest = format!(
            r#"{{"name":"name","valueString":"{name}"}},{{"name":"value",{value}}},{{"name":"index","valueInteger":{index}}},
               {{"name":"source","valueInteger":{index}}},{{"name":"destination","valueInteger":{destination}}}"#
        );
        parts(kind, path, &rest)
    })
}

proptest! {
    /// What these operations leave is aligned and without emptiness: the validator has nothing to say about its structure,
    /// but that values may be of a wrong type or that an id stands where the patch put it.
    #[test]
    fn operations_leave_no_empty_objects_and_no_crooked_twins(operations in proptest::collection::vec(any_operation(), 1..8)) {
        let mut resource = json(r#"{"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null,{"id":"x"}]},{"_given":[{"id":"y"}]}]}"#);
        for operation in operations {
            let Ok(patch) = Patch::fhirpath(&patch(&[&operation])) else { continue };
            resource = patch.apply(resource.clone()).unwrap_or(resource);
            let crooked = ["empty", "length", "null"];
            let issues = crate::validate::validate(&resource);
            let crooked = issues.iter().find(|issue| crooked.iter().any(|word| issue.message.contains(word)));
            prop_assert!(crooked.is_none(), "{crooked:?} in {}", String::from_utf8(resource.to_vec()).unwrap());
        }
    }
}

const IDENTIFIERS: &str = r#"{"resourceType":"Patient","identifier":[{"system":"http://example.org","value":"value 1"},{"system":"http://example.org","value":"value 2"},{"system":"http://example.org","value":"value 3"}]}"#;

fn patient(members: &str) -> String {
    let comma = if members.is_empty() { "" } else { "," };
    format!(r#"{{"resourceType":"Patient"{comma}{members}}}"#)
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn the_specifications_cases_are_done() {
    let moved = |order: [u8; 3]| {
        let item = |n: u8| format!(r#"{{"system":"http://example.org","value":"value {n}"}}"#);
        patient(&format!(r#""identifier":[{}]"#, order.map(item).join(",")))
    };
    let name_part = r#"{"name":"name","valueString":"contact"},{"name":"value","part":[{"name":"name","valueHumanName":{"text":"a name"}}]}"#;
    let nested = r#"{"name":"name","valueString":"contact"},{"name":"value","part":[
        {"name":"name","part":[{"name":"given","valueString":"a"},{"name":"given","valueString":"b"}]},
        {"name":"extension","part":[{"name":"url","valueUri":"u"},{"name":"value","valueDecimal":1.00}]}]}"#;
    for (before, operation, path, rest, after) in [
        (
            patient(r#""birthDate":"1920-01-01""#),
            "replace",
            "Patient.birthDate",
            r#"{"name":"value","valueDate":"1930-01-01"}"#,
            patient(r#""birthDate":"1930-01-01""#),
        ),
        (
            patient(r#""contact":[{"name":{"text":"a name"}}]"#),
            "replace",
            "Patient.contact[0].name.text",
            r#"{"name":"value","valueString":"the name"}"#,
            patient(r#""contact":[{"name":{"text":"the name"}}]"#),
        ),
        (
            patient(r#""maritalStatus":{"coding":[{"code":"M"}],"text":"m"}"#),
            "replace",
            "Patient.maritalStatus",
            r#"{"name":"value","valueCodeableConcept":{"coding":[{"code":"S"}]}}"#,
            patient(r#""maritalStatus":{"coding":[{"code":"S"}]}"#),
        ),
        (
            patient(""),
            "add",
            "Patient",
            r#"{"name":"name","valueString":"birthDate"},{"name":"value","valueDate":"1930-01-01"}"#,
            patient(r#""birthDate":"1930-01-01""#),
        ),
        (patient(""), "add", "Patient", name_part, patient(r#""contact":[{"name":{"text":"a name"}}]"#)),
        (
            patient(r#""contact":[{"name":{"text":"a"}}]"#),
            "add",
            "Patient",
            name_part,
            patient(r#""contact":[{"name":{"text":"a"}},{"name":{"text":"a name"}}]"#),
        ),
        (
            patient(""),
            "add",
            "Patient",
            nested,
            patient(r#""contact":[{"name":{"given":["a","b"]},"extension":[{"url":"u","valueDecimal":1.00}]}]"#),
        ),
        (
            patient(r#""contact":[{"name":{"text":"a"}}]"#),
            "add",
            "Patient.contact[0]",
            r#"{"name":"name","valueString":"gender"},{"name":"value","valueCode":"male"}"#,
            patient(r#""contact":[{"name":{"text":"a"},"gender":"male"}]"#),
        ),
        (patient(r#""birthDate":"1920""#), "delete", "Patient.birthDate", "", patient("")),
        (patient(r#""contact":[{"name":{"text":"a"}}]"#), "delete", "Patient.contact[0]", "", patient("")),
        (patient(r#""contact":[{"name":{"text":"a"}}]"#), "delete", "Patient.contact.name.text", "", patient("")),
        (
            patient(r#""contact":[{"name":{"text":"a"},"gender":"male"}]"#),
            "delete",
            "Patient.contact[0].name.text",
            "",
            patient(r#""contact":[{"gender":"male"}]"#),
        ),
        (patient(""), "delete", "Patient.birthDate", "", patient("")),
        (
            moved([1, 2, 3]),
            "insert",
            "Patient.identifier",
            r#"{"name":"index","valueInteger":3},{"name":"value","valueIdentifier":{"value":"x"}}"#,
            moved([1, 2, 3]).replace("]}", r#",{"value":"x"}]}"#),
        ),
        (
            moved([1, 2, 3]),
            "insert",
            "Patient.identifier",
            r#"{"name":"index","valueInteger":0},{"name":"value","valueIdentifier":{"value":"x"}}"#,
            moved([1, 2, 3]).replace(":[", r#":[{"value":"x"},"#),
        ),
        (
            patient(""),
            "insert",
            "Patient.identifier",
            r#"{"name":"index","valueInteger":0},{"name":"value","valueIdentifier":{"value":"x"}}"#,
            patient(r#""identifier":[{"value":"x"}]"#),
        ),
        (
            moved([1, 2, 3]),
            "move",
            "Patient.identifier",
            r#"{"name":"source","valueInteger":2},{"name":"destination","valueInteger":0}"#,
            moved([3, 1, 2]),
        ),
        (
            moved([1, 2, 3]),
            "move",
            "Patient.identifier",
            r#"{"name":"source","valueInteger":0},{"name":"destination","valueInteger":2}"#,
            moved([2, 3, 1]),
        ),
        (
            moved([1, 2, 3]),
            "delete",
            "Patient.identifier.where(value = 'value 2')",
            "",
            moved([1, 2, 3]).replace(r#"{"system":"http://example.org","value":"value 2"},"#, ""),
        ),
    ] {
        assert_eq!(apply(&before, operation, path, rest).as_deref(), Ok(after.as_str()), "{operation} {path} {rest}");
    }
}

#[test]
fn twins_stay_beside_their_values() {
    let before = r#"{"resourceType":"Patient","name":[{"given":["A","B"],"_given":[null,{"id":"b"}]}]}"#;
    let (path, index) = ("Patient.name.given", |n: u8| {
        format!(r#"{{"name":"index","valueInteger":{n}}},{{"name":"value","valueString":"X"}}"#)
    });
    let after = |given: &str| format!(r#"{{"resourceType":"Patient","name":[{{{given}}}]}}"#);
    for (operation, path, rest, expected) in [
        ("insert", path, index(0).as_str(), r#""given":["X","A","B"],"_given":[null,null,{"id":"b"}]"#),
        ("insert", path, &index(2), r#""given":["A","B","X"],"_given":[null,{"id":"b"},null]"#),
        ("delete", "Patient.name.given[0]", "", r#""given":["B"],"_given":[{"id":"b"}]"#),
        ("delete", "Patient.name.given[1]", "", r#""given":["A"]"#),
        ("replace", "Patient.name.given[1]", r#"{"name":"value","valueString":"X"}"#, r#""given":["A","X"]"#),
        (
            "replace",
            "Patient.name.given[0]",
            r#"{"name":"value","valueString":"X","_valueString":{"id":"x"}}"#,
            r#""given":["X","B"],"_given":[{"id":"x"},{"id":"b"}]"#,
        ),
        (
            "move",
            "Patient.name.given",
            r#"{"name":"source","valueInteger":1},{"name":"destination","valueInteger":0}"#,
            r#""given":["B","A"],"_given":[{"id":"b"},null]"#,
        ),
        (
            "add",
            "Patient.name",
            r#"{"name":"name","valueString":"given"},{"name":"value","_valueString":{"id":"c"}}"#,
            r#""given":["A","B",null],"_given":[null,{"id":"b"},{"id":"c"}]"#,
        ),
        (
            "add",
            "Patient.name.given[0]",
            r#"{"name":"name","valueString":"extension"},{"name":"value","valueExtension":{"url":"u","valueCode":"c"}}"#,
            r#""given":["A","B"],"_given":[{"extension":[{"url":"u","valueCode":"c"}]},{"id":"b"}]"#,
        ),
        ("delete", "Patient.name.given[1].id", "", r#""given":["A","B"]"#),
    ] {
        assert_eq!(apply(before, operation, path, rest), Ok(after(expected)), "{operation} {path} {rest}");
    }
}

#[test]
fn a_choice_changes_its_type_with_its_value() {
    let before = r#"{"resourceType":"Observation","valueQuantity":{"value":1.0}}"#;
    let replaced = apply(before, "replace", "Observation.value", r#"{"name":"value","valueString":"s"}"#);
    assert_eq!(replaced.as_deref(), Ok(r#"{"resourceType":"Observation","valueString":"s"}"#));
    let digits =
        apply(before, "replace", "Observation.value.ofType(Quantity).value", r#"{"name":"value","valueDecimal":2.50}"#);
    assert_eq!(digits.as_deref(), Ok(r#"{"resourceType":"Observation","valueQuantity":{"value":2.50}}"#));
    let add = r#"{"name":"name","valueString":"value"},{"name":"value","valueString":"s"}"#;
    assert!(matches!(apply(before, "add", "Observation", add), Err(PatchError::Inapplicable { .. })));
    let added = apply(r#"{"resourceType":"Observation"}"#, "add", "Observation", add);
    assert_eq!(added.as_deref(), Ok(r#"{"resourceType":"Observation","valueString":"s"}"#));
}

#[test]
fn what_finds_not_one_element_is_not_applied() {
    for (operation, path, rest) in [
        ("replace", "Patient.birthDate", r#"{"name":"value","valueDate":"1930"}"#),
        ("replace", "Patient.identifier", r#"{"name":"value","valueIdentifier":{}}"#),
        ("replace", "Patient", r#"{"name":"value","resource":{"resourceType":"Patient"}}"#),
        ("delete", "Patient", ""),
        ("delete", "Patient.identifier", ""),
        ("add", "Patient.name", r#"{"name":"name","valueString":"text"},{"name":"value","valueString":"x"}"#),
        ("add", "Patient", r#"{"name":"name","valueString":"nothing"},{"name":"value","valueString":"x"}"#),
        ("add", "Patient", r#"{"name":"name","valueString":"deceased"},{"name":"value","valueString":"x"}"#),
        ("insert", "Patient.identifier", r#"{"name":"index","valueInteger":4},{"name":"value","valueIdentifier":{}}"#),
        ("insert", "Patient.birthDate", r#"{"name":"index","valueInteger":0},{"name":"value","valueDate":"1930"}"#),
        ("move", "Patient.identifier", r#"{"name":"source","valueInteger":3},{"name":"destination","valueInteger":0}"#),
        ("move", "Patient.name", r#"{"name":"source","valueInteger":0},{"name":"destination","valueInteger":0}"#),
    ] {
        let error = apply(IDENTIFIERS, operation, path, rest).unwrap_err();
        assert!(matches!(error, PatchError::Inapplicable { operation: 0, .. }), "{operation} {path}: {error}");
    }
    let id = apply(r#"{"resourceType":"Patient","id":"1","active":true}"#, "delete", "Patient.id", "");
    assert_eq!(id, Err(PatchError::Identity("id")));
}

#[test]
fn what_is_no_fhirpath_patch_is_malformed() {
    for parameters in ["[]", r#"{"resourceType":"Patient"}"#, r#"{"resourceType":"Parameters"}"#] {
        assert!(matches!(Patch::fhirpath(&json(parameters)), Err(PatchError::Malformed(_))), "{parameters}");
    }
    let value = r#"{"name":"value","valueString":"x"}"#;
    for parts in [
        String::new(),
        parts("put", "Patient.name", value),
        parts("replace", "Patient.name", ""),
        parts("replace", "Patient.name", r#"{"name":"value"}"#),
        parts("add", "Patient", value),
        parts("insert", "Patient.name", value),
        parts("insert", "Patient.name[0]", &format!(r#"{{"name":"index","valueInteger":0}},{value}"#)),
        parts("insert", "Patient.name", &format!(r#"{{"name":"index","valueInteger":-1}},{value}"#)),
        parts("move", "Patient.name", r#"{"name":"source","valueInteger":0}"#),
        parts("delete", "Patient.name.matches('x')", ""),
    ] {
        let error = Patch::fhirpath(&patch(&[&parts])).unwrap_err();
        assert!(matches!(error, PatchError::MalformedOperation { operation: 0, .. }), "{parts}: {error}");
    }
}

#[test]
fn a_later_failure_undoes_what_came_before() {
    let first = parts("delete", "Patient.identifier[0]", "");
    let second = parts("delete", "Patient.identifier", "");
    let error = Patch::fhirpath(&patch(&[&first, &second])).unwrap().apply(json(IDENTIFIERS)).unwrap_err();
    assert!(matches!(error, PatchError::Inapplicable { operation: 1, .. }), "{error}");
}
