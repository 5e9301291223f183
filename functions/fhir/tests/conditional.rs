//! Conditional interactions: <https://hl7.org/fhir/R4/http.html#ccreate>.

mod common;

use std::collections::BTreeSet;

use common::Server;
use futures_util::future::join_all;
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/fhir+json");

fn patient(identifier: &str, family: &str) -> Value {
    json!({
        "resourceType": "Patient",
        "identifier": [{"system": "http://example.org/mrn", "value": identifier}],
        "name": [{"family": family}],
    })
}

fn with_id(id: &str, mut resource: Value) -> Value {
    resource.as_object_mut().and_then(|resource| resource.insert("id".to_owned(), json!(id)));
    resource
}

#[tokio::test]
async fn of_a_hundred_who_create_the_same_at_once_one_does_and_all_answer_with_it() {
    let server = Server::start().await;
    let body = patient("1", "Chalmers").to_string();
    let headers = [JSON, ("if-none-exist", "identifier=http://example.org/mrn|1")];
    let answers = join_all((0..100).map(|_| server.send("POST /Patient", &headers, body.as_bytes()))).await;
    let mut statuses: Vec<_> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    assert_eq!((&statuses[..99], statuses[99]), (&[200; 99][..], 201));
    let ids: BTreeSet<_> = answers.iter().map(|answer| answer.json()["id"].to_string()).collect();
    assert_eq!(ids.len(), 1);
    let history = server.get("GET /Patient/_history").await.json();
    assert_eq!(history["entry"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn each_conditional_interaction_does_what_as_many_as_match_allow() {
    let server = Server::start().await;
    for (id, identifier) in [("a", "1"), ("b", "2"), ("c", "2")] {
        let created = server.post(&format!("PUT /Patient/{id}"), &with_id(id, patient(identifier, "F"))).await;
        assert_eq!(created.status, 201, "{}", created.text);
    }
    let body = |identifier: &str| patient(identifier, "G").to_string();
    let patch = json!([{"op": "add", "path": "/active", "value": true}]).to_string();
    let (fhir, patched) = ("application/fhir+json", "application/json-patch+json");
    for (what, kind, body, status) in [
        ("POST /Patient?identifier=8", fhir, body("8"), 201), // as fhirpy does it
        ("POST /Patient?identifier=8", fhir, body("8"), 200),
        ("POST /Patient?nonsense=8", fhir, body("8"), 400),
        ("PUT /Patient?identifier=2", fhir, body("2"), 412),
        ("PUT /Patient?identifier=3", fhir, body("3"), 201),
        ("PUT /Patient?identifier=3", fhir, body("3"), 200),
        ("PUT /Patient?identifier=4", fhir, with_id("d", patient("4", "G")).to_string(), 201),
        ("PUT /Patient?identifier=4", fhir, with_id("d", patient("4", "G")).to_string(), 200),
        ("PUT /Patient?identifier=4", fhir, with_id("e", patient("4", "G")).to_string(), 400),
        ("PUT /Patient?identifier=5", fhir, with_id("d", patient("5", "G")).to_string(), 409),
        ("PUT /Patient", fhir, body("3"), 412),
        ("PUT /Patient?nonsense=3", fhir, body("3"), 400),
        ("PATCH /Patient?identifier=2", patched, patch.clone(), 412),
        ("PATCH /Patient?identifier=4", patched, patch.clone(), 200),
        ("PATCH /Patient?identifier=9", patched, patch, 404),
        ("DELETE /Patient?identifier=2", fhir, String::new(), 412),
        ("DELETE /Patient?identifier=4", fhir, String::new(), 204),
        ("DELETE /Patient?identifier=4", fhir, String::new(), 204),
        ("DELETE /Patient", fhir, String::new(), 412),
    ] {
        let answer = server.send(what, &[("content-type", kind)], body.as_bytes()).await;
        assert_eq!(answer.status, status, "{what}: {}", answer.text);
    }
    assert_eq!(server.get("GET /Patient/d").await.status, 410);
    for (criteria, status) in [
        ("identifier=2", 412),
        ("identifier=3", 200),
        ("Patient?identifier=6", 201),
        ("Group?identifier=6", 400),
        ("nonsense=1", 400),
    ] {
        let headers = [JSON, ("if-none-exist", criteria)];
        let answer = server.send("POST /Patient", &headers, patient("6", "F").to_string().as_bytes()).await;
        assert_eq!(answer.status, status, "{criteria}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_criterion_without_a_value_is_refused_and_nothing_is_done() {
    let server = Server::start().await;
    server.post("PUT /Patient/1", &with_id("1", patient("1", "F"))).await;
    let body = patient("1", "F").to_string();
    let patch = json!([{"op": "add", "path": "/active", "value": true}]).to_string();
    let (fhir, patched) = ("application/fhir+json", "application/json-patch+json");
    for criteria in ["family=F&identifier=", "family=F&identifier", "identifier=", "family=F&identifier=%20"] {
        for (method, kind, body) in [("POST", fhir, &body), ("PUT", fhir, &body), ("PATCH", patched, &patch)] {
            let what = format!("{method} /Patient?{criteria}");
            let answer = server.send(&what, &[("content-type", kind)], body.as_bytes()).await;
            assert_eq!(answer.status, 400, "{what}: {}", answer.text);
        }
        assert_eq!(server.get(&format!("DELETE /Patient?{criteria}")).await.status, 400, "{criteria}");
        let headers = [JSON, ("if-none-exist", criteria)];
        assert_eq!(server.send("POST /Patient", &headers, body.as_bytes()).await.status, 400, "{criteria}");

        let url = format!("Patient?{criteria}");
        let observation = json!({
            "resourceType": "Observation", "status": "final", "code": {"text": "c"}, "subject": {"reference": url},
        });
        for entry in [
            json!({"request": {"method": "DELETE", "url": url}}),
            json!({"request": {"method": "PUT", "url": url}, "resource": patient("1", "F")}),
            json!({"request": {"method": "POST", "url": "Patient", "ifNoneExist": criteria}, "resource": patient("1", "F")}),
            json!({"request": {"method": "POST", "url": "Observation"}, "resource": observation}),
        ] {
            let bundle = json!({"resourceType": "Bundle", "type": "transaction", "entry": [entry]});
            let answer = server.post("POST /", &bundle).await;
            assert!(matches!(answer.status, 400 | 422), "{bundle}: {} {}", answer.status, answer.text);
        }
    }
    let history = server.get("GET /_history").await.json();
    assert_eq!(history["entry"].as_array().unwrap().len(), 1, "{history}");
}

#[tokio::test]
async fn of_those_who_update_the_same_at_once_none_is_lost() {
    let server = Server::start().await;
    server.post("PUT /Patient/1", &with_id("1", patient("1", "F"))).await;
    let body = with_id("1", patient("1", "G")).to_string();
    let update = |headers| server.send("PUT /Patient/1", headers, body.as_bytes());
    let answers = join_all((0..8).map(|_| update(&[JSON]))).await;
    let tags: BTreeSet<_> = answers.iter().map(|answer| (answer.status, answer.header("ETag").to_owned())).collect();
    assert_eq!(tags, (2..=9).map(|version| (200, format!("W/\"{version}\""))).collect());
    let answers = join_all((0..8).map(|_| update(&[JSON, ("if-match", "W/\"9\"")]))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1, "only one can have seen version 9");
    assert_eq!(answers.iter().filter(|answer| answer.status == 412).count(), 7);
}
