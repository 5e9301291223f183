use super::*;

/// Every link of a resource, in its order.
fn links(resource: &str) -> Vec<String> {
    let mut json = Json::parse(resource.as_bytes()).unwrap();
    let mut found = Vec::new();
    walk(&mut json, &mut |link| {
        found.push(match link {
            Link::Reference(text) => format!("reference {text}"),
            Link::Uri(text) => format!("uri {text}"),
            Link::Narrative(_) => "narrative".to_owned(),
        });
    });
    found
}

#[test]
fn references_and_uris_are_links_wherever_they_stand() {
    for (resource, expected) in [
        (r#"{"resourceType":"Observation","subject":{"reference":"a","display":"x"}}"#, &["reference a"][..]),
        (
            r#"{"resourceType":"Observation","performer":[{"reference":"a"},{"reference":"b"}]}"#,
            &["reference a", "reference b"],
        ),
        (
            r#"{"resourceType":"Patient","contained":[{"resourceType":"Group","managingEntity":{"reference":"a"}}]}"#,
            &["reference a"],
        ),
        (
            r#"{"resourceType":"Patient","extension":[{"url":"u","valueReference":{"reference":"a"}}]}"#,
            &["reference a"],
        ),
        (
            r#"{"resourceType":"Patient","extension":[{"url":"u","extension":[{"url":"v","valueUrl":"a"}]}]}"#,
            &["uri a"],
        ),
        (r#"{"resourceType":"Patient","_birthDate":{"extension":[{"url":"u","valueUri":"a"}]}}"#, &["uri a"]),
        (
            r#"{"resourceType":"Patient","name":[{"_given":[null,{"extension":[{"url":"u","valueUrl":"a"}]}]}]}"#,
            &["uri a"],
        ),
        (r#"{"resourceType":"Patient","text":{"div":"x"}}"#, &["narrative"]),
        (
            r#"{"resourceType":"Composition","section":[{"section":[{"text":{"div":"x"},"entry":[{"reference":"a"}]}]}]}"#,
            &["narrative", "reference a"],
        ),
        (r#"{"resourceType":"DocumentReference","content":[{"attachment":{"url":"a"}}]}"#, &["uri a"]),
        (
            r#"{"resourceType":"Parameters","parameter":[{"name":"x","valueReference":{"reference":"a"}}]}"#,
            &["reference a"],
        ),
    ] {
        assert_eq!(links(resource), expected, "{resource}");
    }
}

#[test]
fn canonicals_strings_ids_uuids_and_oids_are_no_links() {
    for resource in [
        r#"{"resourceType":"QuestionnaireResponse","questionnaire":"a"}"#,
        r#"{"resourceType":"Patient","id":"a","meta":{"profile":["a"]},"language":"a"}"#,
        r#"{"resourceType":"Patient","identifier":[{"value":"a"}],"name":[{"text":"a"}]}"#,
        r#"{"resourceType":"Observation","valueString":"a","subject":{"display":"a"},"unknown":{"reference":"a"}}"#,
        r#"{"resourceType":"Patient","_birthDate":{"extension":[{"valueUuid":"a"},{"valueOid":"a"}]}}"#,
        r#"{"resourceType":"Nothing","subject":{"reference":"a"}}"#,
        r#"{"resourceType":"Bundle","entry":[{"fullUrl":"a","resource":{"resourceType":"Patient","managingOrganization":{"reference":"b"}}}]}"#,
        r#"{"resourceType":"Observation","subject":"a","performer":"a"}"#,
        "[]",
        "null",
    ] {
        assert_eq!(links(resource), Vec::<String>::new(), "{resource}");
    }
}

#[test]
fn what_identifies_is_no_link() {
    for resource in [
        r#"{"resourceType":"Patient","implicitRules":"a","meta":{"source":"a","tag":[{"system":"a"}]}}"#,
        r#"{"resourceType":"Patient","extension":[{"url":"a"}],"identifier":[{"system":"a"}]}"#,
        r#"{"resourceType":"Observation","code":{"coding":[{"system":"a"}]},"valueQuantity":{"system":"a"}}"#,
        r#"{"resourceType":"ValueSet","url":"a","compose":{"include":[{"system":"a"}]}}"#,
        r#"{"resourceType":"Patient","contained":[{"resourceType":"ValueSet","url":"a"}]}"#,
    ] {
        assert_eq!(links(resource), Vec::<String>::new(), "{resource}");
    }
}

#[test]
fn links_of_narratives_are_replaced() {
    let target = |text: &str| (text == "urn:x" || text == "Patient?a=b&c=d").then(|| "Patient/1".to_owned());
    for (text, expected) in [
        (r#"<div><a href="urn:x">1</a></div>"#, Some(r#"<div><a href="Patient/1">1</a></div>"#)),
        (r"<a class='b' href = 'urn:x' >1</a>é", Some(r"<a class='b' href = 'Patient/1' >1</a>é")),
        (r#"<img src="urn:x"/><a href="urn:y">2</a>"#, Some(r#"<img src="Patient/1"/><a href="urn:y">2</a>"#)),
        (r#"<a href="Patient?a=b&amp;c=d">1</a>"#, Some(r#"<a href="Patient/1">1</a>"#)),
        (r#"<img src="urn:x" alt="urn:x"/>"#, Some(r#"<img src="Patient/1" alt="urn:x"/>"#)),
        (r#"<a src="urn:x">1</a><p href="urn:x">2</p><abbr href="urn:x">3</abbr>"#, None),
        (r#"<!-- <a href="urn:x"> --><p>href="urn:x"</p>"#, None),
        ("<a href=urn:x>", None),
        ("<a href='urn:x", None),
        ("<a", None),
        ("<!--", None),
        ("", None),
    ] {
        assert_eq!(relink(text, target).as_deref(), expected, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_text_makes_it_panic(text in "[<>a-z!\"'= é/-]{0,60}") {
        let same = relink(&text, |link| Some(link.to_owned()));
        proptest::prop_assert!(same.is_none_or(|same| same == text));
    }
}
