//! Batches and transactions, each through the handler.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "these are tests")]

#[path = "../common/calls.rs"]
#[expect(unreachable_pub, dead_code, reason = "it is of several tests")]
mod calls;
#[path = "../common/mod.rs"]
mod common;
mod names;

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calls::Calls;
use common::Server;
use fhir::handler::Handler;
use serde_json::{Value, json};

/// A server whose calls are counted.
async fn counted() -> (Server, Calls) {
    let mut server = Server::start().await;
    let calls = Calls::default();
    let (dynamodb, s3) = (calls.of(&server.cloud.dynamodb), server.cloud.s3.clone());
    server.handler = Handler::new(dynamodb, s3, Server::config());
    (server, calls)
}

/// Synthea's Bundles, where this machine has them: name and text, the ones that the others refer to first.
fn synthea() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/fhir/synthea");
    let Ok(files) = std::fs::read_dir(folder) else {
        eprintln!("skipped: Synthea's Bundles, which are not at {folder}");
        return Vec::new();
    };
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let mut text = Vec::new();
        let file = std::fs::File::open(path).unwrap();
        std::io::copy(&mut bzip2_rs::DecoderReader::new(file), &mut text).unwrap();
        (path.file_name().unwrap().to_string_lossy().into_owned(), text)
    };
    paths.iter().map(read).collect()
}

fn statuses(answer: &common::Answer) -> Vec<String> {
    let json = answer.json();
    let entries = json["entry"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["response"]["status"].as_str().unwrap().to_owned()).collect()
}

fn transaction(entries: &Value) -> Value {
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries})
}

fn batch(entries: &Value) -> Value {
    json!({"resourceType": "Bundle", "type": "batch", "entry": entries})
}

/// Posts it and answers what came: the status of the whole, and of each entry.
async fn post(server: &Server, bundle: &Value) -> (u16, Vec<String>, Value) {
    let answer = server.post("POST /", bundle).await;
    if answer.status != 200 {
        return (answer.status, Vec::new(), answer.json());
    }
    (200, statuses(&answer), answer.json())
}

/// `Patient/1` of the entry at that place.
fn located(answer: &Value, entry: usize) -> String {
    let location = answer["entry"][entry]["response"]["location"].as_str().unwrap();
    location.split_once("/_history/").unwrap().0.to_owned()
}

/// What a function URL makes of a large Bundle, which only fits compressed.
fn event(text: &[u8]) -> Value {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut gzip, text).unwrap();
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": "/", "rawQueryString": "",
        "headers": {"content-type": "application/fhir+json", "content-encoding": "gzip"},
        "requestContext": {"http": {"method": "POST"}, "stage": "$default", "requestId": "1"},
        "body": STANDARD.encode(gzip.finish().unwrap()), "isBase64Encoded": true,
    })
}

/// Posts a large Bundle, with all the time that a build without optimization needs.
async fn post_text(server: &Server, text: &[u8]) -> Value {
    let answer = server.handle(&event(text), Duration::from_mins(30)).await.unwrap();
    serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn synthea_goes_in_whole() {
    let (mut server, calls) = counted().await;
    server.handler = server.handler.with_clock(|| 1_800_000_000_000); // nothing expires, however slow this machine is
    for (name, text) in synthea() {
        let sent: Value = serde_json::from_slice(&text).unwrap();
        let sent = sent["entry"].as_array().unwrap();
        let (began, _) = (Instant::now(), calls.take());
        let answer = post_text(&server, &text).await;
        println!(
            "{name}: {} entries, {} bytes, {:?}, calls {:?}",
            sent.len(),
            text.len(),
            began.elapsed(),
            calls.take()
        );
        let entries = answer["entry"].as_array().unwrap_or_else(|| panic!("{name}: {answer}"));
        assert_eq!(entries.len(), sent.len(), "{name}");
        assert!(entries.iter().all(|entry| entry["response"]["status"] == "201 Created"), "{name}");
        // Every reference leads to something that is there.
        for at in (0..sent.len()).step_by(sent.len() / 20) {
            let stored = server.get(&format!("GET /{}", located(&answer, at))).await;
            assert!(stored.status == 200 && !stored.text.contains(r#""reference":"urn:"#), "{name}: {}", stored.text);
            let references = stored.text.split(r#""reference":""#).skip(1).map(|rest| rest.split('"').next().unwrap());
            for reference in references.filter(|reference| !reference.starts_with('#')).take(5) {
                assert_eq!(server.get(&format!("GET /{reference}")).await.status, 200, "{name}: {reference}");
            }
        }
    }
}

#[tokio::test]
async fn a_transaction_of_a_hundred_takes_four_rounds() {
    let (server, calls) = counted().await;
    let create = |at: usize| {
        json!({"fullUrl": format!("urn:uuid:{at}"), "request": {"method": "POST", "url": "Basic"}, "resource":
            {"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": format!("urn:uuid:{}", at + 1)}}})
    };
    let update = |at: usize, text: &str| {
        json!({"request": {"method": "PUT", "url": format!("Basic/{at}")}, "resource":
            {"resourceType": "Basic", "id": at.to_string(), "code": {"text": text}, "created": text}})
    };
    let both = |at, text: &str| [create(at), update(at, text)];
    // A busy machine may finish one call before the next is sent, though they don't wait for each other: the best counts.
    let mut best = [usize::MAX; 4];
    for attempt in 1..5 {
        let text = format!("2021-01-0{attempt}");
        for (entries, best) in [
            (0..100).map(create).collect::<Vec<_>>(),
            (0..100).map(|at| update(at + 100 * attempt, "2020-02-02")).collect(),
            (0..100).map(|at| update(at + 100, &text)).collect(),
            (0..50).flat_map(|at| both(at + 200, &text)).collect(),
        ]
        .into_iter()
        .zip(&mut best)
        {
            calls.take();
            assert_eq!(post(&server, &transaction(&json!(entries))).await.0, 200);
            *best = calls.take().1.min(*best);
        }
    }
    let [creates, updates_that_create, updates, both] = best;
    assert!(creates <= 2 && updates_that_create <= 3 && updates <= 4 && both <= 4, "{best:?}");
}

#[tokio::test]
async fn one_bad_entry_and_nothing_is_changed() {
    let server = Server::start().await;
    let put = |id: &str, more: Value| {
        let mut resource = json!({"resourceType": "Patient", "id": id});
        resource.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"resource": resource, "request": {"method": "PUT", "url": format!("Patient/{id}")}})
    };
    let identifier = json!({"identifier": [{"value": "twice"}]});
    let (status, ..) = post(&server, &transaction(&json!([put("x", identifier.clone()), put("y", identifier)]))).await;
    assert_eq!(status, 200);
    let good = put("good", json!({}));
    for (bad, expected, at) in [
        (put("bad", json!({"gender": "x"})), 422, "Bundle.entry[1].resource.gender"),
        (json!({"request": {"method": "GET", "url": "Nothing/1"}}), 422, "Bundle.entry[1].request.url"),
        (
            json!({"request": {"method": "PUT", "url": "Patient/x", "ifMatch": "W/\"7\""}, "resource": {"resourceType": "Patient", "id": "x"}}),
            412,
            "Bundle.entry[1]",
        ),
        (
            json!({"request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=twice"}, "resource": {"resourceType": "Patient"}}),
            412,
            "Bundle.entry[1]",
        ),
        (json!({"request": {"method": "DELETE", "url": "Patient?identifier=twice"}}), 412, "Bundle.entry[1]"),
        (
            json!({"request": {"method": "PATCH", "url": "Patient/none"}, "resource": {"resourceType": "Parameters", "parameter": [
                {"name": "operation", "part": [{"name": "type", "valueCode": "delete"}, {"name": "path", "valueString": "Patient.name"}]}]}}),
            404,
            "Bundle.entry[1]",
        ),
        (
            put("bad", json!({"generalPractitioner": [{"reference": "Organization?identifier=none"}]})),
            412,
            "Bundle.entry[1]",
        ),
        (
            put("bad", json!({"link": [{"other": {"reference": "Patient?identifier=twice"}, "type": "refer"}]})),
            412,
            "Bundle.entry[1]",
        ),
        (good.clone(), 400, "Bundle.entry[1]"),
    ] {
        let (status, _, outcome) = post(&server, &transaction(&json!([good, bad]))).await;
        assert_eq!((status, outcome["issue"][0]["expression"][0].as_str()), (expected, Some(at)), "{bad} {outcome}");
        for id in ["good", "bad"] {
            assert_eq!(server.get(&format!("GET /Patient/{id}")).await.status, 404, "{bad}");
        }
    }
}

#[tokio::test]
async fn deletions_come_first_and_conditions_are_heeded() {
    let server = Server::start().await;
    let patient = |value: &str| json!({"resourceType": "Patient", "identifier": [{"value": value}]});
    let (_, _, answer) = post(
        &server,
        &transaction(&json!([
            {"request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=a"}, "resource": patient("a")},
            {"request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=b"}, "resource": patient("b")},
        ])),
    )
    .await;
    let [a, b] = [0, 1].map(|at| located(&answer, at));
    let patch = json!({"resourceType": "Binary", "contentType": "application/json-patch+json",
        "data": STANDARD.encode(r#"[{"op":"add","path":"/link","value":[{"other":{"reference":"urn:uuid:new"},"type":"refer"}]}]"#)});
    let (status, statuses, answer) = post(&server, &transaction(&json!([
        {"fullUrl": "urn:uuid:new", "request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=a"}, "resource": patient("a")},
        {"fullUrl": "urn:uuid:old", "request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=b"}, "resource": patient("b")},
        {"request": {"method": "DELETE", "url": "Patient?identifier=a"}},
        {"request": {"method": "PATCH", "url": "Patient?identifier=b", "ifMatch": "W/\"1\""}, "resource": patch},
        {"request": {"method": "DELETE", "url": "Patient/never"}},
        {"request": {"method": "POST", "url": "Basic"}, "resource": {"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": "urn:uuid:old"}}},
        {"request": {"method": "GET", "url": a}},
    ]))).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        statuses,
        ["201 Created", "200 OK", "204 No Content", "200 OK", "204 No Content", "201 Created", "410 Gone"]
    );
    let new = located(&answer, 0);
    assert_ne!(new, a);
    assert_eq!(located(&answer, 1), b);
    let stored = server.get(&format!("GET /{b}")).await.json();
    assert_eq!((&stored["link"][0]["other"]["reference"], &stored["meta"]["versionId"]), (&json!(new), &json!("2")));
    let basic = server.get(&format!("GET /{}", located(&answer, 5))).await.json();
    assert_eq!(basic["subject"]["reference"], b.as_str());
}

#[tokio::test]
async fn of_transactions_that_create_the_same_one_creates_it() {
    let server = Server::start().await;
    let bundle = transaction(&json!([
        {"fullUrl": "urn:uuid:1", "request": {"method": "POST", "url": "Patient", "ifNoneExist": "identifier=http://x.org|1"},
         "resource": {"resourceType": "Patient", "identifier": [{"system": "http://x.org", "value": "1"}]}},
        {"request": {"method": "POST", "url": "Basic"},
         "resource": {"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": "urn:uuid:1"}}},
    ]));
    let answers = futures_util::future::join_all((0..20).map(|_| post(&server, &bundle))).await;
    let created =
        answers.iter().filter(|(_, statuses, _)| statuses.first().is_some_and(|status| status == "201 Created"));
    assert_eq!(created.count(), 1);
    let first = located(&answers[0].2, 0);
    for (status, statuses, answer) in &answers {
        assert_eq!(
            (*status, located(answer, 0), statuses[1].as_str()),
            (200, first.clone(), "201 Created"),
            "{answer}"
        );
        let basic = server.get(&format!("GET /{}", located(answer, 1))).await.json();
        assert_eq!(basic["subject"]["reference"], first.as_str());
    }
}

#[tokio::test]
async fn each_entry_of_a_batch_is_on_its_own() {
    let server = Server::start().await;
    let (status, statuses, answer) = post(&server, &batch(&json!([
        {"fullUrl": "urn:uuid:a", "request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient"}},
        {"request": {"method": "POST", "url": "Basic"}, "resource": {"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": "urn:uuid:a"}}},
        {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient", "name": [{"given": 1}]}},
        {"request": {"method": "GET", "url": "metadata"}},
        {"request": {"method": "DELETE", "url": "Patient/none"}},
        {"request": {"method": "PUT", "url": "Patient/p"}},
        {"request": {"method": "GET", "url": "Nothing/1"}},
        7,
        {"request": {"method": "POST", "url": "Basic"}, "resource": {"resourceType": "Basic", "code": {"text": "x"}, "subject": {"reference": "Patient?identifier=1"}}},
    ]))).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["type"], "batch-response");
    assert_eq!(
        statuses,
        [
            "201 Created",
            "201 Created",
            "422 Unprocessable Content",
            "200 OK",
            "204 No Content",
            "400 Bad Request",
            "404 Not Found",
            "400 Bad Request",
            "422 Unprocessable Content",
        ]
    );
    let at = |entry: usize| &answer["entry"][entry]["response"]["outcome"]["issue"][0]["expression"][0];
    assert_eq!(at(2), "Bundle.entry[2].resource.name[0].given");
    assert_eq!(answer["entry"][3]["resource"]["resourceType"], "CapabilityStatement");
    let basic = server.get(&format!("GET /{}", located(&answer, 1))).await.json();
    assert_eq!(basic["subject"]["reference"], "urn:uuid:a");
}

#[tokio::test]
async fn what_is_no_batch_and_no_transaction_is_refused() {
    let server = Server::start().await;
    for body in [
        json!({"resourceType": "Patient"}),
        json!({"resourceType": "Bundle"}),
        json!({"resourceType": "Bundle", "type": "collection"}),
        json!([]),
        json!({"resourceType": "Bundle", "type": "batch", "entry": {}}),
    ] {
        assert_eq!(post(&server, &body).await.0, 400, "{body}");
    }
    for kind in ["batch", "transaction"] {
        for empty in [
            json!({"resourceType": "Bundle", "type": kind}),
            json!({"resourceType": "Bundle", "type": kind, "entry": []}),
        ] {
            let (status, statuses, _) = post(&server, &empty).await;
            assert_eq!((status, statuses), (200, Vec::new()), "{empty}");
        }
    }
}

#[tokio::test]
async fn a_client_may_prefer_the_resources_or_outcomes() {
    let server = Server::start().await;
    let bundle = transaction(&json!([
        {"request": {"method": "POST", "url": "Patient"}, "resource": {"resourceType": "Patient", "active": true}},
    ]));
    for (prefer, path, expected) in [
        ("return=representation", "/entry/0/resource/active", json!(true)),
        ("return=OperationOutcome", "/entry/0/response/outcome/resourceType", json!("OperationOutcome")),
        ("return=minimal", "/entry/0/resource", Value::Null),
    ] {
        let headers = [("content-type", "application/fhir+json"), ("prefer", prefer)];
        let answer = server.send("POST /", &headers, bundle.to_string().as_bytes()).await.json();
        assert_eq!(answer.pointer(path).unwrap_or(&Value::Null), &expected, "{answer}");
    }
}
