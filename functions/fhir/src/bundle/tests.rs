use proptest::prelude::*;

use super::*;
use crate::config::{Config, Edge};
use crate::store::Store;
use crate::store::bodies::Bodies;
use crate::store::table::Table;

pub(super) const BASE: &str = "https://fhir.example.org/r4";

pub(super) fn config() -> Config {
    Config {
        table: "fhir".to_owned(),
        bucket: "bodies".to_owned(),
        archive_bucket: None,
        page_size: 50,
        max_page_size: 200,
        edge: Edge::default(),
    }
}

/// A server whose store nobody asks.
pub(super) fn server(config: &Config) -> Server<'_> {
    let version = aws_sdk_dynamodb::config::BehaviorVersion::latest();
    let dynamodb = aws_sdk_dynamodb::Config::builder().behavior_version(version).build();
    let s3 = aws_sdk_s3::Config::builder().behavior_version(version).build();
    let table = Table::new(aws_sdk_dynamodb::Client::from_conf(dynamodb), "fhir");
    let bodies = Bodies::new(aws_sdk_s3::Client::from_conf(s3), "bodies");
    Server { store: Store::new(table, bodies, BASE), base: BASE, config }
}

/// The places of everything that is wrong with a transaction's entries.
fn wrong(entries: &str) -> Vec<String> {
    let config = config();
    let server = server(&config);
    let request = Request::default();
    let text = format!(r#"{{"resourceType":"Bundle","type":"transaction","entry":{entries}}}"#);
    let bundle = Json::parse(text.as_bytes()).unwrap();
    let issues = validate(&bundle);
    match all(Reader { server: &server, request: &request }, bundle, issues) {
        Ok(_) => Vec::new(),
        Err(Error::Validation(issues)) => issues.into_iter().map(|issue| issue.expression).collect(),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn resources_come_back_as_long_as_there_is_room_for_them() {
    let prefer = Prefer { returns: Some(Return::Representation), lenient: false };
    assert_eq!(returns(prefer, &Cell::new(LARGEST)), Some(Return::Representation));
    assert_eq!(returns(prefer, &Cell::new(LARGEST + 1)), Some(Return::Minimal));
}

#[test]
fn everything_that_is_wrong_is_told_with_its_place() {
    const PATIENT: &str = r#""resource":{"resourceType":"Patient","id":"1"}"#;
    for (entries, expected) in [
        (format!(r#"[{{{PATIENT},"request":{{"method":"POST","url":"Patient"}}}}]"#), &[][..]),
        (format!(r#"[{{{PATIENT},"request":{{"method":"PUT","url":"Patient/1"}}}}]"#), &[]),
        (format!(r#"[{{{PATIENT},"request":{{"method":"PUT","url":"{BASE}/Patient/1"}}}}]"#), &[]),
        (format!(r#"[{{{PATIENT},"request":{{"method":"PUT","url":"/Patient?identifier=a|b"}}}}]"#), &[]),
        (r#"[{"request":{"method":"GET","url":"Patient?name=x&_sort=y"}}]"#.to_owned(), &[]),
        (r#"[{"request":{"method":"DELETE","url":"Patient?identifier=x"}}]"#.to_owned(), &[]),
        (format!("[{{{PATIENT}}}]"), &["Bundle.entry[0].request"]),
        (format!(r#"[{{{PATIENT},"request":{{}}}}]"#), &["Bundle.entry[0].request", "Bundle.entry[0].request.method"]),
        (format!(r#"[{{{PATIENT},"request":{{"url":"Patient"}}}}]"#), &["Bundle.entry[0].request.method"]),
        (format!(r#"[{{{PATIENT},"request":{{"method":"POST"}}}}]"#), &["Bundle.entry[0].request.url"]),
        (r#"[{"request":{"method":"POST","url":"Patient"}}]"#.to_owned(), &["Bundle.entry[0].resource"]),
        (
            format!(r#"[{{{PATIENT},"request":{{"method":"PUT","url":"Patient/2"}}}}]"#),
            &["Bundle.entry[0].resource.id"],
        ),
        (format!(r#"[{{{PATIENT},"request":{{"method":"POST","url":"Group"}}}}]"#), &["Bundle.entry[0].resource"]),
        (format!(r#"[{{{PATIENT},"request":{{"method":"POST","url":"Nothing"}}}}]"#), &["Bundle.entry[0].request.url"]),
        (
            format!(r#"[{{{PATIENT},"request":{{"method":"POST","url":"http://x.org/Patient"}}}}]"#),
            &["Bundle.entry[0].request.url"],
        ),
        (
            format!(r#"[{{{PATIENT},"request":{{"method":"PUT","url":"Patient?nothing=1"}}}}]"#),
            &["Bundle.entry[0].request.url"],
        ),
        (format!(r#"[{{{PATIENT},"request":{{"method":"PUT","url":"Patient"}}}}]"#), &["Bundle.entry[0].request.url"]),
        (
            format!(r#"[{{{PATIENT},"request":{{"method":"POST","url":"Patient","ifNoneExist":"nothing=1"}}}}]"#),
            &["Bundle.entry[0].request.ifNoneExist"],
        ),
        (format!(r#"[{{{PATIENT},"request":{{"method":"PATCH","url":"Patient/1"}}}}]"#), &["Bundle.entry[0].resource"]),
        (r#"[{"request":{"method":"POST","url":"Patient/_search"}}]"#.to_owned(), &["Bundle.entry[0].request.url"]),
        (r#"[{"request":{"method":"POST","url":""}}]"#.to_owned(), &["Bundle.entry[0].request.url"]),
        (
            format!(
                r#"[{{"fullUrl":"urn:uuid:1",{PATIENT},"request":{{"method":"POST","url":"Patient"}}}},
                     {{"fullUrl":"urn:uuid:1",{PATIENT},"request":{{"method":"POST","url":"Patient"}}}}]"#
            ),
            &["Bundle.entry[1].fullUrl"],
        ),
        (
            format!(
                r#"[{{{PATIENT},"request":{{"method":"POST","url":"Patient"}}}},
                     {{"resource":{{"resourceType":"Patient","name":[{{"given":1}}]}},"request":{{"method":"POST","url":"Patient"}}}},
                     {{"request":{{"method":"GET","url":"Nothing/1"}}}}]"#
            ),
            &[
                "Bundle.entry[1].resource.name[0].given",
                "Bundle.entry[1].resource.name[0].given",
                "Bundle.entry[2].request.url",
            ],
        ),
        ("{}".to_owned(), &["Bundle.entry", "Bundle.entry"]),
        ("[1]".to_owned(), &["Bundle.entry[0]"]),
    ] {
        assert_eq!(wrong(&entries), expected, "{entries}");
    }
}

fn json() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "Patient",
        "Parameters",
        "Binary",
        "urn:uuid:1",
        "Patient/1",
        "Patient?identifier=1",
        "PUT",
        "POST",
        "PATCH",
        "GET",
        "W/\"1\"",
        "*",
        "",
        "application/json-patch+json",
        "W3sib3AiOiJyZW1vdmUiLCJwYXRoIjoiL2EifV0=",
        "<div><a href='urn:uuid:1'>x</a></div>",
        "é",
    ]);
    let leaf = prop_oneof![words.prop_map(|word| format!("{word:?}")), Just("null".to_owned()), Just("1".to_owned())];
    let names = prop::sample::select(vec![
        "fullUrl",
        "resource",
        "request",
        "method",
        "url",
        "ifMatch",
        "ifNoneExist",
        "ifNoneMatch",
        "resourceType",
        "id",
        "text",
        "div",
        "subject",
        "reference",
        "extension",
        "valueUri",
        "contained",
        "_birthDate",
        "data",
        "contentType",
        "parameter",
        "name",
    ]);
    leaf.prop_recursive(5, 40, 6, move |inner| {
        let members = prop::collection::btree_map(names.clone(), inner.clone(), 0..6);
        let object = members.prop_map(|members| {
            let members: Vec<String> = members.iter().map(|(name, value)| format!("{name:?}:{value}")).collect();
            format!("{{{}}}", members.join(","))
        });
        prop_oneof![3 => object, 1 => prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(",")))]
    })
}

proptest! {
    #[test]
    fn no_bundle_makes_it_panic(entries in prop::collection::vec(json(), 0..4)) {
        let config = config();
        let server = server(&config);
        let request = Request::default();
        let text = format!("[{}]", entries.join(","));
        let Ok(Json::Array(items)) = Json::parse(text.as_bytes()) else { return Ok(()) };
        let reader = Reader { server: &server, request: &request };
        let mut read: Vec<_> = items.into_iter().enumerate().filter_map(|(at, json)| reader.entry(at, json).ok()).collect();
        for entry in &mut read {
            let _ = valid(0, Some(entry));
            if let Action::Create(_, _, json) | Action::Update(_, json) = &mut entry.action {
                let mut names = names::Names::new(BASE);
                names.entry("urn:uuid:1", &crate::store::Key::new("Patient", "1"), 1);
                names.rewrite(json, entry.full_url.as_deref());
            }
        }
    }
}
