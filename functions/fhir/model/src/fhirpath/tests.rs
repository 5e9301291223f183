use super::find::Found;
use super::*;
use crate::json::Json;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p","active":true,
    "name":[{"use":"official","given":["A","B"],"_given":[null,{"id":"x","extension":[{"url":"u","valueString":"v"}]}]},
            {"use":"usual","given":["C"]},{"text":"it's"}],
    "telecom":[{"system":"phone","value":"1","rank":1},{"system":"phone","value":"2"},{"system":"email","value":"1"}],
    "_birthDate":{"extension":[{"url":"http://e/b","valueDateTime":"2000-01-01"}]},
    "multipleBirthInteger":2,"extension":[{"url":"http://e/1","valueString":"x"},{"url":"http://e/2","valueString":"y"}],
    "contained":[{"resourceType":"Organization","id":"o","name":"O"}]}"#;
const OBSERVATION: &str = r#"{"resourceType":"Observation","valueQuantity":{"value":1.0,"unit":"kg"},
    "component":[{"valueString":"a"},{"valueQuantity":{"value":2}}]}"#;

/// The places that a path finds, as `name[0].given[1]`.
fn find(path: &str, resource: &str) -> Vec<String> {
    let resource = Json::parse(resource.as_bytes()).unwrap().into_owned();
    let name = |place: &Place| place.item.map_or(place.member.clone(), |item| format!("{}[{item}]", place.member));
    let places = |found: Found| found.places.iter().map(name).collect::<Vec<_>>().join(".");
    FhirPath::read(path).unwrap().find(&resource).into_iter().map(places).collect()
}

#[test]
fn a_path_finds_what_it_says() {
    for (path, expected) in [
        ("Patient", &[""][..]),
        ("Resource.id", &["id"]),
        ("Patient.name[0].given[1]", &["name[0].given[1]"]),
        ("name.given", &["name[0].given[0]", "name[0].given[1]", "name[1].given[0]"]),
        ("Patient.name.given[2]", &["name[1].given[0]"]),
        ("Patient.name.first().given.last()", &["name[0].given[1]"]),
        ("Patient.name[9]", &[]),
        ("Patient.nothing", &[]),
        ("Observation.value", &[]),
        ("Patient . name\n.where( use = 'usual' )", &["name[1]"]),
        ("Patient.name.where(text = 'it\\'s')", &["name[2]"]),
        ("Patient.name.where(text = 'it\\u0027s')", &["name[2]"]),
        ("Patient.name.where(given = 'A')", &[]), // two values are not equal to one
        ("Patient.name.where(given.first() = 'A')", &["name[0]"]),
        ("Patient.telecom.where(system='phone' and value='2')", &["telecom[1]"]),
        ("Patient.telecom.where(rank = 1.0)", &["telecom[0]"]),
        ("Patient.where(active = true).id", &["id"]),
        ("Patient.where(active = false).id", &[]),
        ("Patient.where(birthDate = @2000-01-01)", &[]),
        ("Patient.birthDate", &["birthDate"]),
        ("Patient.birthDate.extension('http://e/b').value", &["_birthDate.extension[0].valueDateTime"]),
        ("Patient.birthDate.extension.where(value = @2000-01-01).url", &["_birthDate.extension[0].url"]),
        ("Patient.name[0].given[1].extension", &["name[0]._given[1].extension[0]"]),
        ("Patient.extension('http://e/2').value", &["extension[1].valueString"]),
        ("Patient.extension.where(url='http://e/1').value.ofType(string)", &["extension[0].valueString"]),
        ("Patient.multipleBirth", &["multipleBirthInteger"]),
        ("Patient.multipleBirth.ofType(boolean)", &[]),
        ("Patient.contained.where(id='o').ofType(Organization).name", &["contained[0].name"]),
        ("`Patient`.`name`[0].`use`", &["name[0].use"]),
    ] {
        assert_eq!(find(path, PATIENT), expected, "{path}");
    }
    for (path, expected) in [
        ("Observation.value", &["valueQuantity"][..]),
        ("Observation.valueQuantity.unit", &["valueQuantity.unit"]),
        ("Observation.value.ofType(Quantity).unit", &["valueQuantity.unit"]),
        ("(Observation.value as FHIR.Quantity).unit", &["valueQuantity.unit"]),
        ("Observation.value.as(string)", &[]),
        ("Observation.component.value.ofType(string)", &["component[0].valueString"]),
        ("Observation.component.value", &["component[0].valueString", "component[1].valueQuantity"]),
        ("Observation.component.where((value as Quantity).value = 2)", &["component[1]"]),
    ] {
        assert_eq!(find(path, OBSERVATION), expected, "{path}");
    }
}

#[test]
fn what_is_not_supported_says_what_and_where() {
    for (path, at, reason) in [
        ("", 1, "too soon"),
        ("Patient.name.matches('x')", 14, "matches()"),
        ("Patient.name.where(exists())", 20, "exists()"),
        ("Patient.name.where(use != 'x')", 24, "only path = value"),
        ("Patient.name.where(use = 'x' or use = 'y')", 30, ")"),
        ("Patient.name | Patient.telecom", 14, "operator"),
        ("Patient.é", 9, "name expected"),
        ("Patient.name[x]", 14, "number"),
        ("Patient.name[-1]", 14, "number"),
        ("Patient.name.where(use = 'x", 27, "no end"),
        ("%resource.name", 1, "variable"),
        ("Patient.name and", 14, "'and'"),
        ("Patient.name.where(use = 'x')x", 30, "'x'"),
    ] {
        let error = FhirPath::read(path).unwrap_err();
        assert!(error.reason.contains(reason), "{path}: {error}");
        assert!(error.at.abs_diff(at) <= 1, "{path}: {error}");
    }
    assert!(FhirPath::read(&"(".repeat(100_000)).is_err());
    assert!(FhirPath::read(&"a.where(".repeat(100_000)).is_err());
}
