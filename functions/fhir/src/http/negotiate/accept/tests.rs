use proptest::prelude::*;

use super::*;

fn accept(value: &str) -> Headers {
    Headers::from_iter([("Accept", value)])
}

#[test]
fn the_answer_is_json_under_the_name_that_is_liked_best() {
    let table = [
        ("application/fhir+json", Some(Media::Fhir)),
        ("application/json", Some(Media::Json)),
        ("text/json; charset=utf-8", Some(Media::Json)),
        ("APPLICATION/FHIR+JSON", Some(Media::Fhir)),
        ("*/*", Some(Media::Fhir)),
        ("application/*;q=0.1", Some(Media::Fhir)),
        ("", Some(Media::Fhir)),
        ("application/fhir+json;q=0.5, application/json", Some(Media::Json)),
        ("application/json;q=0.5, application/fhir+json;q=0.9", Some(Media::Fhir)),
        ("application/json, application/fhir+json", Some(Media::Json)),
        ("application/fhir+xml, application/fhir+json;q=0.1", Some(Media::Fhir)),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", Some(Media::Fhir)), // a browser
        ("application/fhir+json; fhirVersion=4.0", Some(Media::Fhir)),
        ("application/fhir+json; fhirVersion=\"4.0.1\"", Some(Media::Fhir)),
        ("application/fhir+json; fhirVersion=5.0, application/json;q=0.1", Some(Media::Json)),
        ("application/fhir+json; fhirVersion=3.0", None),
        ("application/fhir+json;q=0", None),
        ("application/fhir+xml", None),
        ("text/turtle, text/html", None),
    ];
    for (value, wanted) in table {
        assert_eq!(media(&accept(value), None).ok(), wanted, "{value}");
    }
    assert_eq!(media(&Headers::default(), None).ok(), Some(Media::Fhir));
}

#[test]
fn format_beats_accept_and_other_formats_are_a_clear_406() {
    let formats = [
        ("json", true),
        ("application/json", true),
        ("application/fhir+json", true),
        ("application/fhir json", true), // a + that was not encoded
        ("text/json", true),
        ("xml", false),
        ("application/fhir+xml", false),
        ("ttl", false),
        ("html", false),
    ];
    for (format, good) in formats {
        assert_eq!(media(&accept("application/fhir+xml"), Some(format)).is_ok(), good, "{format}");
    }
    let error = media(&Headers::default(), Some("xml")).unwrap_err();
    assert_eq!(error.status(), 406);
    assert!(error.to_string().contains("_format for application/fhir+json"), "{error}");
}

#[test]
fn gzip_is_for_who_names_it_or_takes_anything() {
    let table = [
        ("gzip", true),
        ("deflate, GZIP;q=0.5, br", true),
        ("*", true),
        ("gzip;q=0, *", false),
        ("identity", false),
        ("br;q=1.0, *;q=0", false),
        ("", false),
    ];
    for (value, wanted) in table {
        assert_eq!(accepts_gzip(&Headers::from_iter([("accept-encoding", value)])), wanted, "{value}");
    }
}

#[test]
fn each_method_takes_the_bodies_that_fhir_gives_it() {
    use Method::{Delete, Get, Patch, Post, Put};
    let (fhir, form, patch) =
        ("application/fhir+json", "application/x-www-form-urlencoded", "application/json-patch+json");
    let table = [
        (Post, false, Some(fhir), Some(BodyKind::Fhir)),
        (Put, false, Some("application/json; charset=UTF-8"), Some(BodyKind::Fhir)),
        (Put, false, Some("text/json"), Some(BodyKind::Fhir)),
        (Put, false, None, Some(BodyKind::Fhir)),
        (Put, false, Some("application/fhir+json; fhirVersion=4.0"), Some(BodyKind::Fhir)),
        (Patch, false, Some(patch), Some(BodyKind::JsonPatch)),
        (Patch, false, Some(fhir), Some(BodyKind::Fhir)),
        (Post, true, Some(form), Some(BodyKind::Form)),
        (Get, false, Some("text/plain"), Some(BodyKind::None)),
        (Delete, false, Some(fhir), Some(BodyKind::None)),
        (Post, false, Some(form), None),
        (Post, true, Some(fhir), None),
        (Post, false, Some(patch), None),
        (Patch, false, Some("application/xml-patch+xml"), None),
        (Put, false, Some("application/fhir+xml"), None),
        (Put, false, Some("application/json; charset=utf-16"), None),
        (Put, false, Some("application/fhir+json; fhirVersion=5.0"), None),
    ];
    for (method, search, content_type, wanted) in table {
        let kind = body_kind(method, search, content_type, false);
        assert_eq!(kind.as_ref().ok().copied(), wanted, "{method:?} {content_type:?}");
    }
    assert_eq!(body_kind(Post, true, None, true).unwrap(), BodyKind::None);
    assert_eq!(body_kind(Post, false, Some("image/png"), false).unwrap_err().status(), 415);
}

proptest! {
    #[test]
    fn no_header_makes_it_panic(text in "[a-z/*;=,.q0-9\" ]{0,60}|\\PC{0,40}") {
        let _ = (media(&accept(&text), None), media(&accept(&text), Some(&text)));
        let _ = accepts_gzip(&Headers::from_iter([("accept-encoding", &text)]));
        let _ = body_kind(Method::Patch, false, Some(&text), false);
    }
}
