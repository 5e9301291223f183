use super::*;

const BASE: &str = "https://fhir.example.org/r4";

/// `urn:uuid:1` has become `Patient/a` in version 1, `http://x.org/r4/Patient/9` and `BASE/Patient/8` likewise.
fn names() -> Names {
    let mut names = Names::new(BASE);
    names.entry("urn:uuid:1", &Key::new("Patient", "a"), 1);
    names.entry("http://x.org/r4/Patient/9", &Key::new("Patient", "b"), 3);
    names.entry(&format!("{BASE}/Patient/8"), &Key::new("Patient", "c"), 1);
    names.criteria("Patient?identifier=1", &Key::new("Patient", "d"));
    names
}

#[test]
fn a_reference_becomes_what_its_entry_has_become() {
    const HERE: Option<&str> = Some("http://x.org/r4/Observation/1");
    for (reference, full_url, expected) in [
        ("urn:uuid:1", None, "Patient/a"),
        ("urn:uuid:1#x", None, "Patient/a#x"),
        ("urn:uuid:2", None, "urn:uuid:2"),
        ("URN:uuid:1", None, "Patient/a"),
        ("urn:uuid:1/_history/7", None, "Patient/a/_history/1"),
        ("http://x.org/r4/Patient/9", None, "Patient/b"),
        ("http://x.org/r4/Patient/9/_history/1", None, "Patient/b/_history/3"),
        ("Patient/9", HERE, "Patient/b"),
        ("Patient/9/_history/1", HERE, "Patient/b/_history/3"),
        ("Patient/9", None, "Patient/9"),
        ("Patient/9", Some("urn:uuid:5"), "Patient/9"),
        ("Patient/8", None, "Patient/c"),
        ("Patient/8", Some("urn:uuid:5"), "Patient/c"),
        ("Patient/8", HERE, "Patient/8"),
        ("Patient?identifier=1", HERE, "Patient/d"),
        ("Patient?identifier=2", None, "Patient?identifier=2"),
        ("#x", HERE, "#x"),
        ("", HERE, ""),
    ] {
        let text = format!(r#"{{"resourceType":"Observation","subject":{{"reference":"{reference}"}}}}"#);
        let mut json = Json::parse(text.as_bytes()).unwrap();
        names().rewrite(&mut json, full_url);
        assert_eq!(json.get("subject").unwrap().text("reference"), Some(expected), "{reference} in {full_url:?}");
    }
}

#[test]
fn uris_are_replaced_only_where_they_are_an_entrys_full_url() {
    for (kind, text, expected) in [
        ("valueUri", "urn:uuid:1", "Patient/a"),
        ("valueUrl", "http://x.org/r4/Patient/9", "Patient/b"),
        ("valueUri", "Patient/8", "Patient/8"),
        ("valueUri", "Patient?identifier=1", "Patient?identifier=1"),
        ("valueCanonical", "urn:uuid:1", "urn:uuid:1"),
        ("valueString", "urn:uuid:1", "urn:uuid:1"),
        ("valueUuid", "urn:uuid:1", "urn:uuid:1"),
        ("valueOid", "urn:uuid:1", "urn:uuid:1"),
    ] {
        let text = format!(r#"{{"resourceType":"Patient","extension":[{{"url":"http://x.org","{kind}":"{text}"}}]}}"#);
        let mut json = Json::parse(text.as_bytes()).unwrap();
        names().rewrite(&mut json, None);
        assert_eq!(json.get("extension").unwrap().items()[0].text(kind), Some(expected), "{text}");
    }
}

#[test]
fn what_a_definition_is_known_by_stays() {
    let mut names = names();
    let url = "http://x.org/CodeSystem/c";
    names.entry(url, &Key::new("CodeSystem", "a"), 1);
    names.definition(url);
    let text = format!(
        r#"{{"resourceType":"Basic","extension":[{{"url":"u","valueUri":"{url}#x"}}],"subject":{{"reference":"{url}"}}}}"#
    );
    let mut json = Json::parse(text.as_bytes()).unwrap();
    names.rewrite(&mut json, None);
    assert_eq!(json.get("extension").unwrap().items()[0].text("valueUri"), Some(format!("{url}#x").as_str()));
    assert_eq!(json.get("subject").unwrap().text("reference"), Some("CodeSystem/a"));
}

#[test]
fn narratives_are_rewritten() {
    let text = r#"{"resourceType":"Patient","text":{"div":"<div><a href=\"urn:uuid:1\">x</a> urn:uuid:1</div>"}}"#;
    let mut json = Json::parse(text.as_bytes()).unwrap();
    names().rewrite(&mut json, None);
    let div = json.get("text").unwrap().text("div");
    assert_eq!(div, Some(r#"<div><a href="Patient/a">x</a> urn:uuid:1</div>"#));
}

#[test]
fn conditional_references_are_those_with_a_type_and_a_query() {
    let text = br#"{"resourceType":"Patient","generalPractitioner":[{"reference":"Practitioner?identifier=1"},
        {"reference":"urn:x?y"},{"reference":"https://x.org/Patient?a=b"},{"reference":"Organization?name=a%20b"}]}"#;
    let mut found = Vec::new();
    conditional(&mut Json::parse(text).unwrap(), &mut |kind, text| found.push(format!("{kind} {text}")));
    assert_eq!(found, ["Practitioner Practitioner?identifier=1", "Organization Organization?name=a%20b"]);
}
