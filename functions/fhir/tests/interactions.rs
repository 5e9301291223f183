//! The interactions, each through the handler.

mod common;

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
async fn history_tells_what_happened_newest_first_and_page_by_page() {
    let server = Server::start().await;
    for family in ["A", "B", "C"] {
        server.post("PUT /Patient/1", &with_id("1", family)).await;
    }
    server.get("DELETE /Patient/1").await;
    server.post("POST /Patient", &patient("D")).await;
    server.post("PUT /Group/1", &json!({"resourceType": "Group", "id": "1", "type": "person", "actual": true})).await;

    let entries = |bundle: &Value| -> Vec<String> {
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let line = |entry: &Value| {
            let (request, response) = (&entry["request"], &entry["response"]);
            let url = text(&request["url"]);
            format!(
                "{} {url} {} {}",
                text(&request["method"]),
                text(&response["status"]),
                entry.get("resource").is_some()
            )
        };
        entries.iter().map(line).collect()
    };
    let of_patient =
        ["DELETE Patient/1 204 false", "PUT Patient/1 200 true", "PUT Patient/1 200 true", "PUT Patient/1 201 true"];
    let of_type: Vec<_> = ["POST Patient 201 true"].into_iter().chain(of_patient).collect();
    let of_all: Vec<_> = ["PUT Group/1 201 true"].into_iter().chain(of_type.iter().copied()).collect();
    for (url, expected) in
        [("/Patient/1/_history", of_patient.to_vec()), ("/Patient/_history", of_type), ("/_history", of_all)]
    {
        for count in [1, 2, 50] {
            let mut all = Vec::new();
            let mut next = format!("{url}?_count={count}");
            loop {
                let page = server.get(&format!("GET {next}")).await;
                assert_eq!(page.status, 200, "{}", page.text);
                let bundle = page.json();
                assert_eq!(bundle["type"], "history");
                assert!(entries(&bundle).len() <= count);
                all.extend(entries(&bundle));
                let links = bundle["link"].as_array().unwrap();
                let Some(link) = links.iter().find(|link| link["relation"] == "next") else { break };
                next = link["url"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
            }
            assert_eq!(all, expected, "{url} by {count}");
        }
    }
    let version = async |n: u8| {
        let bundle = server.get("GET /Patient/1/_history").await.json();
        bundle["entry"][4 - usize::from(n)]["response"]["lastModified"].as_str().unwrap().to_owned()
    };
    let (second, fourth) = (version(2).await, version(4).await);
    for (query, expected) in [
        (format!("_since={second}"), &of_patient[..3]),
        (format!("_at={second}"), &of_patient[2..3]),
        (format!("_at={fourth}"), &of_patient[..1]),
        ("_at=2020".to_owned(), &[]),
        ("_since=2999-01-01T00:00:00Z".to_owned(), &[]),
    ] {
        let page = server.get(&format!("GET /Patient/1/_history?{query}")).await;
        assert_eq!(entries(&page.json()), expected, "{query}: {}", page.text);
    }
    let at = server.get(&format!("GET /_history?_at={second}")).await;
    assert_eq!(entries(&at.json()), &of_patient[2..3]);
    let refused = server.get("GET /_history?_sort=x").await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn history_says_that_a_put_upon_a_deletion_has_created() {
    let server = Server::start().await;
    for what in ["PUT", "DELETE", "PUT", "PUT"] {
        server.post(&format!("{what} /Patient/1"), &with_id("1", "F")).await;
    }
    for (url, expected) in [
        ("/Patient/1/_history", vec!["200", "201", "204", "201"]),
        ("/Patient/1/_history?_count=2", vec!["200", "201"]), // the deletion is on the next page
        ("/Patient/_history", vec!["200", "201", "204", "201"]),
        ("/_history", vec!["200", "201", "204", "201"]),
    ] {
        let bundle = server.get(&format!("GET {url}")).await.json();
        let entries = bundle["entry"].as_array().unwrap().iter();
        let statuses: Vec<_> = entries.map(|entry| entry["response"]["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, expected, "{url}");
    }
}

#[tokio::test]
async fn parts_of_a_resource_come_when_they_are_asked_for() {
    let server = Server::start().await;
    let resource = json!({"resourceType": "Patient", "id": "1", "active": true, "photo": [{"title": "me"}], "name": [{"family": "F"}]});
    server.post("PUT /Patient/1", &resource).await;
    for (query, kept) in
        [("_elements=name", "name"), ("_summary=true", "active name"), ("_summary=data", "active photo name")]
    {
        let part = server.get(&format!("GET /Patient/1?{query}")).await.json();
        assert_eq!(part["meta"]["tag"][0]["code"], "SUBSETTED", "{query}");
        let names: Vec<_> = ["active", "photo", "name"].into_iter().filter(|name| part.get(name).is_some()).collect();
        assert_eq!(names.join(" "), kept, "{query}");
    }
    assert_eq!(server.get("GET /Patient/1?_summary=x").await.status, 400);
}

#[tokio::test]
async fn a_part_of_a_resource_never_becomes_the_whole() {
    let server = Server::start().await;
    server
        .post("PUT /Patient/1", &json!({"resourceType": "Patient", "id": "1", "active": true, "gender": "male"}))
        .await;
    let part = server.get("GET /Patient/1?_elements=active").await.json();
    let entry = |method: &str, url: &str, kind: &str| {
        let entry = json!({"resource": part, "request": {"method": method, "url": url}});
        json!({"resourceType": "Bundle", "type": kind, "entry": [entry]})
    };
    for (what, body) in [
        ("PUT /Patient/1", part.clone()),
        ("PUT /Patient?_id=1", part.clone()),
        ("POST /Patient", part.clone()),
        ("POST /", entry("PUT", "Patient/1", "transaction")),
        ("POST /", entry("PUT", "Patient?_id=1", "transaction")),
        ("POST /", entry("POST", "Patient", "transaction")),
    ] {
        let answer = server.post(what, &body).await;
        assert_eq!((answer.status, &answer.json()["issue"][0]["code"]), (422, &json!("business-rule")), "{what}");
    }
    let batch = server.post("POST /", &entry("PUT", "Patient/1", "batch")).await;
    assert!(batch.text.contains("business-rule"), "{}", batch.text);
    assert_eq!(server.get("GET /_history").await.json()["entry"].as_array().unwrap().len(), 1);
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
async fn a_posted_message_is_archived_as_it_came_even_if_it_is_refused() {
    let server = Server::start().await;
    server.send("POST /Patient", &[JSON], b"{ \"resourceType\" : \"Patient\" }").await;
    server.send("POST /Patient", &[JSON], b"{").await;
    server.send("POST /Patient/$validate", &[JSON], b"{}").await;
    let archived = server.cloud.s3.list_objects_v2().bucket(fhir_local::cloud::ARCHIVE_BUCKET).send().await.unwrap();
    let mut sizes: Vec<_> = archived.contents().iter().filter_map(aws_sdk_s3::types::Object::size).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 30]);
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
async fn a_page_of_history_fits_an_answer_whatever_the_resources_weigh() {
    let server = Server::start().await;
    let data = "A".repeat(3_000_000);
    for version in 1..=3 {
        let binary =
            json!({"resourceType": "Binary", "id": "1", "contentType": format!("text/{version}"), "data": data});
        assert!(server.post("PUT /Binary/1", &binary).await.status < 300);
    }
    let mut kinds = Vec::new();
    let mut next = "/_history".to_owned();
    loop {
        let page = server.get(&format!("GET {next}")).await.json();
        assert_eq!(page["entry"].as_array().unwrap().len(), 1);
        kinds.push(page["entry"][0]["resource"]["contentType"].as_str().unwrap().to_owned());
        let Some(link) = page["link"].as_array().unwrap().iter().find(|link| link["relation"] == "next") else { break };
        next = link["url"].as_str().unwrap().strip_prefix(BASE).unwrap().to_owned();
    }
    assert_eq!(kinds, ["text/3", "text/2", "text/1"]);
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

#[tokio::test]
async fn what_can_not_be_archived_is_not_answered_as_if_it_were() {
    let mut server = Server::start().await;
    let config = fhir::config::Config { archive_bucket: Some("no bucket".to_owned()), ..Server::config() };
    server.handler = fhir::handler::Handler::new(server.cloud.dynamodb.clone(), server.cloud.s3.clone(), config);
    let answer = server.post("POST /Patient", &patient("F")).await;
    assert_eq!((answer.status, answer.header("Retry-After")), (503, "1"), "{}", answer.text);
    assert_eq!(server.get("GET /Patient/1").await.status, 404, "reads need no archive");
}
