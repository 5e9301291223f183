//! The interactions, each through the handler.

mod archive;
#[path = "../common/mod.rs"]
mod common;
mod history;
mod subset;

use std::time::Duration;

use common::{BASE, Server};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/fhir+json");

fn patient(family: &str) -> Value {
    json!({"resourceType": "Patient", "name": [{"family": family}]})
}

fn with_id(id: &str, family: &str) -> Value {
    json!({"resourceType": "Patient", "id": id, "name": [{"family": family}]})
}

#[tokio::test]
async fn a_resource_lives_from_create_to_delete_and_again() {
    let server = Server::start().await;
    let created = server.post("POST /Patient", &json!({"resourceType": "Patient", "id": "mine", "active": true})).await;
    assert_eq!((created.status, created.header("ETag")), (201, "W/\"1\""), "{}", created.text);
    let resource = created.json();
    let id = resource["id"].as_str().unwrap().to_owned();
    assert_ne!(id, "mine", "create ignores the id");
    assert_eq!(created.header("Location"), format!("{BASE}/Patient/{id}/_history/1"));
    assert_eq!(resource["meta"]["versionId"], "1");

    let read = server.get(&format!("GET /Patient/{id}")).await;
    assert_eq!((read.status, read.header("ETag"), read.json()), (200, "W/\"1\"", resource));
    assert_eq!(read.header("Last-Modified"), created.header("Last-Modified"));

    let updated = server.post(&format!("PUT /Patient/{id}"), &with_id(&id, "Chalmers")).await;
    assert_eq!((updated.status, updated.header("ETag")), (200, "W/\"2\""), "{}", updated.text);
    let deleted = server.get(&format!("DELETE /Patient/{id}")).await;
    assert_eq!((deleted.status, deleted.header("ETag"), deleted.text.as_str()), (204, "W/\"3\"", ""));
    assert_eq!(deleted.header("Location"), "");
    let gone = server.get(&format!("GET /Patient/{id}")).await;
    assert_eq!((gone.status, gone.header("ETag")), (410, "W/\"3\""));
    assert_eq!(server.get(&format!("DELETE /Patient/{id}")).await.status, 204, "deleted already");
    let back = server.post(&format!("PUT /Patient/{id}"), &with_id(&id, "Again")).await;
    assert_eq!((back.status, back.header("ETag")), (201, "W/\"4\""));

    for (version, status, family) in
        [(1, 200, None), (2, 200, Some("Chalmers")), (3, 410, None), (4, 200, Some("Again")), (5, 404, None)]
    {
        let read = server.get(&format!("GET /Patient/{id}/_history/{version}")).await;
        assert_eq!(read.status, status, "{version}");
        assert_eq!(read.json()["name"][0]["family"].as_str(), family, "{version}");
    }
}

#[tokio::test]
async fn what_the_client_sends_wrong_is_said() {
    let server = Server::start().await;
    for (what, body, status) in [
        ("POST /Patient", "{", 400),
        ("POST /Patient", "", 400),
        ("POST /Patient", "[]", 400),
        ("POST /Patient", r#"{"resourceType":"Group"}"#, 400),
        ("POST /Patient", r#"{"resourceType":"Patient","birthDate":"soon"}"#, 422),
        ("PUT /Patient/1", r#"{"resourceType":"Patient"}"#, 400),
        ("PUT /Patient/1", r#"{"resourceType":"Patient","id":"2"}"#, 400),
        ("PUT /Patient/a_b", r#"{"resourceType":"Patient","id":"a_b"}"#, 400),
        ("PUT /Patient/..", r#"{"resourceType":"Patient","id":".."}"#, 400),
        ("PUT /Patient?identifier=1", r#"{"resourceType":"Patient","id":".."}"#, 400),
        ("POST /Nothing", r#"{"resourceType":"Nothing"}"#, 404),
        ("GET /Patient/1", "", 404),
        ("GET /Patient/1/_history/1", "", 404),
        ("GET /Patient/1/_history", "", 404),
        ("PATCH /Patient/1", r#"{"resourceType":"Parameters","parameter":[]}"#, 404),
        ("DELETE /Patient/1", "", 204),
    ] {
        let answer = server.send(what, &[JSON], body.as_bytes()).await;
        assert_eq!(answer.status, status, "{what} {body}: {}", answer.text);
        if status >= 400 {
            assert_eq!(answer.json()["resourceType"], "OperationOutcome", "{what}");
        }
    }
    let invalid = server.post("POST /Patient", &json!({"resourceType": "Patient", "name": [{"family": 1}]})).await;
    assert_eq!(invalid.json()["issue"][0]["expression"][0], "Patient.name[0].family");
}

#[tokio::test]
async fn conditions_hold_or_nothing_is_done() {
    let server = Server::start().await;
    server.post("PUT /Patient/1", &with_id("1", "First")).await;
    let modified = server.get("GET /Patient/1").await.header("Last-Modified").to_owned();
    let second = with_id("1", "Second").to_string();
    for (what, header, value, body, status) in [
        ("GET /Patient/1", "If-None-Match", "W/\"1\"", "", 304),
        ("GET /Patient/1", "If-None-Match", "W/\"2\"", "", 200),
        ("GET /Patient/1", "If-Modified-Since", &modified, "", 304),
        ("GET /Patient/1", "If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT", "", 200),
        ("PUT /Patient/1", "If-Match", "W/\"2\"", &second, 412),
        ("PUT /Patient/1", "If-None-Match", "*", &second, 412),
        ("PUT /Patient/1", "If-Match", "W/\"x", &second, 400),
        ("DELETE /Patient/1", "If-Match", "W/\"2\"", "", 412),
        ("DELETE /Patient/2", "If-Match", "W/\"1\"", "", 412),
        ("DELETE /Patient/2", "If-Match", "*", "", 412),
        ("PUT /Patient/1", "If-Match", "W/\"1\"", &second, 200),
        ("DELETE /Patient/1", "If-Match", "W/\"2\"", "", 204),
    ] {
        let answer = server.send(what, &[JSON, (header, value)], body.as_bytes()).await;
        assert_eq!(answer.status, status, "{what} {header}: {value}: {}", answer.text);
        if status == 304 {
            assert_eq!((answer.text.as_str(), answer.header("ETag")), ("", "W/\"1\""));
        }
        if (header, status) == ("If-Match", 412) {
            let missing = answer.json()["issue"][0]["diagnostics"].as_str().unwrap().contains("not there");
            assert_eq!(missing, what == "DELETE /Patient/2", "{what}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn criteria_beside_an_id_are_refused_and_nothing_is_done() {
    let server = Server::start().await;
    server.post("PUT /Patient/1", &with_id("1", "First")).await;
    let body = with_id("1", "Second");
    assert_eq!(server.post("PUT /Patient/1?identifier=x", &body).await.status, 400);
    assert_eq!(server.get("DELETE /Patient/1?identifier=x").await.status, 400);
    for kind in ["batch", "transaction"] {
        for request in [
            json!({"method": "DELETE", "url": "Patient/1?identifier=x"}),
            json!({"method": "GET", "url": "Patient/1?_include=x"}),
        ] {
            let bundle = json!({"resourceType": "Bundle", "type": kind, "entry": [{"request": request}]});
            let answer = server.post("POST /", &bundle).await;
            let status = if kind == "batch" { &answer.json()["entry"][0]["response"]["status"] } else { &json!("422") };
            assert!(matches!(answer.status, 200 | 422) && status != "200", "{bundle}: {}", answer.text);
            assert_eq!(answer.status == 200, kind == "batch", "{bundle}: {}", answer.text);
        }
    }
    assert_eq!(server.get("GET /Patient/1?_include=x").await.status, 400);
    let lenient = server.send("GET /Patient/1?_include=x", &[("prefer", "handling=lenient")], b"").await;
    assert_eq!((lenient.status, lenient.header("ETag")), (200, "W/\"1\""), "{}", lenient.text);
    assert_eq!(server.post("PUT /Patient/1?_format=json&_pretty=true", &body).await.status, 200);
}

#[tokio::test]
async fn what_the_client_prefers_it_gets() {
    let server = Server::start().await;
    let body = with_id("1", "Chalmers").to_string();
    let send = async |what: &str, prefer: &str| server.send(what, &[JSON, ("prefer", prefer)], body.as_bytes()).await;
    let minimal = send("PUT /Patient/1", "return=minimal").await;
    assert_eq!((minimal.status, minimal.text.as_str()), (201, ""));
    assert_eq!(minimal.header("Location"), format!("{BASE}/Patient/1/_history/1"));
    let outcome = send("PUT /Patient/1", "return=OperationOutcome").await;
    assert_eq!((outcome.status, &outcome.json()["resourceType"]), (200, &json!("OperationOutcome")));
    let representation = send("PUT /Patient/1", "return=representation").await;
    assert_eq!(representation.json()["meta"]["versionId"], "3");
    let deleted = send("DELETE /Patient/1", "return=OperationOutcome").await;
    assert_eq!((deleted.status, &deleted.json()["resourceType"]), (200, &json!("OperationOutcome")));
}

#[tokio::test]
async fn both_kinds_of_patch_change_a_resource_and_leave_it_valid() {
    let server = Server::start().await;
    server.post("PUT /Patient/1", &with_id("1", "Chalmers")).await;
    let patch = async |kind: &str, body: Value| {
        server.send("PATCH /Patient/1", &[("content-type", kind)], body.to_string().as_bytes()).await
    };
    let json_patch = "application/json-patch+json";
    let answer = patch(json_patch, json!([{"op": "add", "path": "/active", "value": true}])).await;
    assert_eq!((answer.status, answer.header("ETag")), (200, "W/\"2\""), "{}", answer.text);
    assert_eq!(answer.json()["active"], true);
    let operation = json!({"resourceType": "Parameters", "parameter": [{"name": "operation", "part": [
        {"name": "type", "valueCode": "replace"},
        {"name": "path", "valueString": "Patient.name[0].family"},
        {"name": "value", "valueString": "Windsor"},
    ]}]});
    let answer = patch("application/fhir+json", operation).await;
    assert_eq!(answer.json()["name"][0]["family"], "Windsor", "{}", answer.text);
    for (body, status) in [
        (json!([{"op": "add", "path": "/active", "value": "yes"}]), 422),
        (json!([{"op": "test", "path": "/active", "value": false}]), 422),
        (json!([{"op": "replace", "path": "/id", "value": "2"}]), 422),
        (json!([{"op": "jump"}]), 400),
    ] {
        assert_eq!(patch(json_patch, body.clone()).await.status, status, "{body}");
    }
    assert_eq!(server.get("GET /Patient/1").await.header("ETag"), "W/\"3\"", "what failed has changed nothing");
}

#[tokio::test]
async fn validation_stores_nothing() {
    let server = Server::start().await;
    for (body, issues) in [
        (patient("F"), "information"),
        (json!({"resourceType": "Patient", "active": 1}), "error"),
        (
            json!({"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": patient("F")}]}),
            "information",
        ),
    ] {
        let answer = server.post("POST /Patient/$validate", &body).await;
        assert_eq!((answer.status, &answer.json()["issue"][0]["severity"]), (200, &json!(issues)), "{}", answer.text);
    }
    for (what, status) in [
        ("POST /Patient/$validate?profile=http://example.org/p", 400),
        ("POST /Patient/$validate?mode=delete", 400),
        ("POST /Patient/$validate?mode=create", 200),
        ("POST /Group/$validate", 400),
        ("POST /Patient/1/$validate", 200),
    ] {
        assert_eq!(server.post(what, &patient("F")).await.status, status, "{what}");
    }
    assert_eq!(server.get("GET /Patient/_history").await.json().get("entry"), None);
}

#[tokio::test]
async fn the_statement_says_where_it_is() {
    let server = Server::start().await;
    let statement = server.get("GET /metadata?_elements=implementation,fhirVersion").await.json();
    assert_eq!(statement["implementation"]["url"], BASE);
    let whole = server.send("GET /metadata", &[("accept", "application/json")], b"").await;
    assert_eq!((whole.status, &whole.json()["fhirVersion"]), (200, &json!("4.0.1")));
    let versioning = &whole.json()["rest"][0]["resource"][0]["versioning"];
    assert_eq!(versioning, "versioned", "an update without If-Match is taken");
    assert_eq!(server.get("GET /").await.status, 200);
    assert_eq!(server.get("DELETE /metadata").await.header("Allow"), "GET, HEAD");
}

#[tokio::test]
async fn a_body_too_large_for_the_table_is_read_as_it_was_written() {
    let server = Server::start().await;
    // Hexadecimal digits by chance compress to half.
    let data: String = (0..30_000).map(|_| uuid::Uuid::new_v4().simple().to_string()).collect();
    let binary = json!({"resourceType": "Binary", "id": "1", "contentType": "text/plain", "data": data});
    let written = server.post("PUT /Binary/1", &binary).await;
    assert_eq!(written.status, 201, "{}", written.text);
    assert_eq!(server.get("GET /Binary/1").await.json()["data"], data);
}

#[tokio::test]
async fn a_search_finds_what_has_just_been_written() {
    let server = Server::start().await;
    server.post("PUT /Patient/1", &with_id("1", "Chalmers")).await;
    let observation = json!({"resourceType": "Observation", "id": "1", "status": "final", "code": {"text": "c"}, "subject": {"reference": "Patient/1"}});
    server.post("PUT /Observation/1", &observation).await;
    for url in [
        "/Patient?family=chalmers",
        "/Patient?_id=1&_summary=true",
        "/Observation?subject=Patient/1",
        "/Patient/1/Observation",
        "/Patient/1/*?_type=Observation",
        "/?_type=Observation",
    ] {
        let found = server.get(&format!("GET {url}")).await;
        assert_eq!(found.status, 200, "{url}: {}", found.text);
        let bundle = found.json();
        assert_eq!(bundle["entry"].as_array().map(Vec::len), Some(1), "{url}: {bundle}");
        assert_eq!(bundle["entry"][0]["resource"]["id"], "1", "{url}");
        let link = bundle["link"][0]["url"].as_str().unwrap();
        assert!(
            link.starts_with(&format!("{BASE}{}", url.split('?').next().unwrap().trim_end_matches('/'))),
            "{url}: {link}"
        );
    }
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let found = server.send("POST /Patient/_search", &form, b"family=chalmers").await;
    assert_eq!(found.json()["entry"][0]["resource"]["id"], "1", "{}", found.text);
    assert_eq!(server.get("GET /Patient?nonsense=1").await.status, 400);
    assert_eq!(server.send("GET /Patient?nonsense=1", &[("prefer", "handling=lenient")], b"").await.status, 200);
}

#[tokio::test]
async fn people_can_read_json_if_they_want_to_and_a_head_has_none() {
    let server = Server::start().await;
    server.post("PUT /Patient/1", &with_id("1", "Chalmers")).await;
    let pretty = server.get("GET /Patient/1?_pretty=true").await;
    assert!(pretty.text.contains("\n  \"id\": \"1\""), "{}", pretty.text);
    let head = server.get("HEAD /Patient/1").await;
    assert_eq!((head.status, head.text.as_str(), head.header("ETag")), (200, "", "W/\"1\""));
}

#[tokio::test]
async fn who_has_no_time_left_is_told_so_and_what_is_no_http_is_an_error() {
    let server = Server::start().await;
    let event = json!({
        "rawPath": "/Patient/1", "requestContext": {"http": {"method": "GET"}, "requestId": "r"}, "headers": {},
    });
    let answer = server.handle(&event, Duration::from_millis(900)).await.unwrap();
    assert_eq!((&answer["statusCode"], &answer["headers"]["Retry-After"]), (&json!(503), &json!("1")), "{answer}");
    let error = server.handle(&json!({"Records": []}), Duration::from_mins(1)).await.unwrap_err();
    assert_eq!(error.error_type, "UnknownEvent");
}
