use std::time::Duration;

use proptest::prelude::*;

use super::*;

fn headers(name: &str, value: &str) -> Headers {
    Headers::from_iter([(name, value)])
}

#[test]
fn an_etag_may_be_weak_strong_bare_or_one_of_a_list() {
    let table = [
        ("W/\"3\"", Some(true)),
        ("w/\"3\"", Some(true)),
        ("\"3\"", Some(true)),
        ("3", Some(true)),
        ("W/\"1\", W/\"3\"", Some(true)),
        ("*", Some(true)),
        ("W/\"4\"", Some(false)),
        ("W/\"03\"", Some(false)),
        ("some-other.version", Some(false)),
        ("", None),
        ("W/\"3", None),
        ("W/\"3\",", Some(true)),
        (", ,W/\"1\",,W/\"3\"", Some(true)),
        (" , ", None),
        ("W/3 4", None),
    ];
    for (value, wanted) in table {
        let conditions = Conditions::read(&headers("If-Match", value));
        let holds = conditions.ok().map(|conditions| conditions.if_match.unwrap().hold(Some(3)));
        assert_eq!(holds, wanted, "{value}");
    }
    assert!(!Tags::Any.hold(None), "* is of what exists");
    assert_eq!(Conditions::read(&headers("If-None-Match", "?")).unwrap_err().status(), 400);
}

#[test]
fn a_date_is_read_in_all_three_forms_and_passed_over_if_it_is_none() {
    let wanted = Some(UNIX_EPOCH + Duration::from_secs(784_111_777));
    for (date, wanted) in [
        ("Sun, 06 Nov 1994 08:49:37 GMT", wanted),
        ("Sunday, 06-Nov-94 08:49:37 GMT", wanted),
        ("Sun Nov  6 08:49:37 1994", wanted),
        ("1994-11-06", None),
    ] {
        assert_eq!(Conditions::read(&headers("If-Modified-Since", date)).unwrap().if_modified_since, wanted, "{date}");
    }
}

#[test]
fn a_version_that_the_client_has_is_not_sent_again() {
    let at = |millis| UNIX_EPOCH + Duration::from_millis(millis);
    let tags = |version: &str| Some(Tags::Of(vec![version.to_owned()]));
    let table = [
        (None, None, false),
        (tags("3"), None, true),
        (tags("2"), None, false),
        (Some(Tags::Any), None, true),
        (None, Some(at(5_000)), true), // the header has no milliseconds
        (None, Some(at(4_000)), false),
        (tags("2"), Some(at(9_000)), false), // the ETag beats the date
    ];
    for (if_none_match, if_modified_since, wanted) in table {
        let conditions = Conditions { if_none_match, if_modified_since, ..Conditions::default() };
        assert_eq!(conditions.not_modified(3, at(5_600)), wanted, "{conditions:?}");
    }
}

#[test]
fn criteria_may_begin_with_a_question_mark_or_with_their_type() {
    const BASE: &str = "https://fhir.example.org/r4";
    let of_base = format!("{BASE}/Patient?identifier=http://x?y|1");
    let criteria = [("identifier".to_owned(), "http://x?y|1".to_owned())];
    for (text, good) in [
        ("identifier=http://x?y|1", true),
        ("?identifier=http://x?y|1", true),
        ("Patient?identifier=http%3A%2F%2Fx%3Fy%7C1", true),
        ("/Patient?identifier=http://x?y|1", true),
        (&of_base, true),
        ("Observation?identifier=http://x?y|1", false),
        ("Patient/1?identifier=http://x?y|1", false),
        ("https://example.org/Patient?identifier=http://x?y|1", false),
    ] {
        for conditions in
            [Conditions::read(&headers("If-None-Exist", text)), Conditions::of_entry(None, None, None, Some(text))]
        {
            let conditions = conditions.unwrap();
            let unless = conditions.unless("Patient", &[], BASE).map_err(|error| error.status());
            assert_eq!(unless, if good { Ok(Some(&criteria[..])) } else { Err(400) }, "{text}");
        }
    }
}

#[test]
fn preferences_are_read_and_unknown_ones_passed_over() {
    let table = [
        ("", Prefer::default()),
        ("return=minimal", Prefer { returns: Some(Return::Minimal), lenient: false }),
        ("return=representation; handling=lenient", Prefer { returns: Some(Return::Representation), lenient: true }),
        (
            "handling=strict, Return=\"OperationOutcome\"",
            Prefer { returns: Some(Return::OperationOutcome), lenient: false },
        ),
        ("respond-async, wait=10, return=everything", Prefer::default()),
    ];
    for (value, wanted) in table {
        assert_eq!(Prefer::read(&headers("Prefer", value)), wanted, "{value}");
    }
}

proptest! {
    #[test]
    fn no_header_makes_it_panic(text in "[W/\"0-9, *;=?a-z]{0,40}|\\PC{0,40}") {
        for name in ["if-match", "if-none-match", "if-modified-since", "if-none-exist"] {
            let _ = Conditions::read(&headers(name, &text));
        }
        let _ = Prefer::read(&headers("prefer", &text));
    }

    #[test]
    fn the_servers_own_etags_are_read(version: u64) {
        let tags = Tags::read("If-Match", &crate::http::response::etag(version)).unwrap();
        prop_assert!(tags.hold(Some(version)));
    }
}
