//! What entries call each other, and what of it is rewritten.

use serde_json::{Value, json};

use crate::common::Server;
use crate::{located, post, transaction};

#[tokio::test]
async fn entries_name_each_other() {
    let server = Server::start().await;
    let (status, statuses, answer) = post(&server, &transaction(&json!([
        {"fullUrl": "urn:uuid:b", "request": {"method": "POST", "url": "Observation"}, "resource": {
            "resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": {"reference": "urn:uuid:a"},
            "performer": [{"reference": "Practitioner?identifier=http://x.org|p"}, {"reference": "Organization/o"}],
            "text": {"status": "generated", "div": "<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"urn:uuid:a\">x</a></div>"}}},
        {"fullUrl": "urn:uuid:a", "request": {"method": "POST", "url": "Patient"}, "resource": {
            "resourceType": "Patient", "id": "mine", "link": [{"other": {"reference": "urn:uuid:a"}, "type": "seealso"}]}},
        {"request": {"method": "GET", "url": "Organization/o"}},
        {"request": {"method": "PUT", "url": "Organization/o"}, "resource": {"resourceType": "Organization", "id": "o", "name": "o"}},
        {"request": {"method": "PUT", "url": "Practitioner?identifier=http://x.org|p"}, "resource": {
            "resourceType": "Practitioner", "identifier": [{"system": "http://x.org", "value": "p"}]}},
        {"request": {"method": "HEAD", "url": "Organization/o"}},
        {"request": {"method": "GET", "url": "Organization/none"}},
        {"request": {"method": "GET", "url": "Observation?performer=Organization/o"}},
    ]))).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        statuses,
        ["201 Created", "201 Created", "200 OK", "201 Created", "201 Created", "200 OK", "404 Not Found", "200 OK"]
    );
    assert_eq!(answer["type"], "transaction-response");
    assert_eq!(answer["entry"][7]["resource"]["entry"][0]["resource"]["resourceType"], "Observation");
    assert_eq!(answer["entry"][2]["resource"]["name"], "o");
    assert_eq!(answer["entry"][2]["response"]["etag"], "W/\"1\"");
    assert_eq!(answer["entry"][2]["response"]["lastModified"], answer["entry"][3]["response"]["lastModified"]);
    assert_eq!(answer["entry"][5].get("resource"), None);
    assert_eq!(answer["entry"][6]["response"]["outcome"]["resourceType"], "OperationOutcome");
    let [patient, practitioner] = [1, 4].map(|at| located(&answer, at));
    assert_ne!(patient, "Patient/mine");
    let observation = server.get(&format!("GET /{}", located(&answer, 0))).await.json();
    assert_eq!(observation["subject"]["reference"], patient.as_str());
    assert_eq!(observation["performer"], json!([{"reference": practitioner}, {"reference": "Organization/o"}]));
    assert!(observation["text"]["div"].as_str().unwrap().contains(&format!("<a href=\"{patient}\">")));
    let stored = server.get(&format!("GET /{patient}")).await.json();
    assert_eq!(stored["link"][0]["other"]["reference"], patient.as_str());
}

fn put(resource: &Value, full_url: &str) -> Value {
    let [kind, id] = ["resourceType", "id"].map(|name| resource[name].as_str().unwrap());
    json!({"fullUrl": full_url, "resource": resource, "request": {"method": "PUT", "url": format!("{kind}/{id}")}})
}

#[tokio::test]
async fn what_definitions_and_systems_are_known_by_stays() {
    let server = Server::start().await;
    let [system, values] = ["http://x.org/CodeSystem/c", "http://x.org/ValueSet/v"];
    let code_system = json!({"resourceType": "CodeSystem", "id": "c", "url": system, "status": "active",
        "content": "complete", "concept": [{"code": "a"}]});
    let value_set = json!({"resourceType": "ValueSet", "id": "v", "url": values, "status": "active",
        "compose": {"include": [{"system": system}]}});
    let observation = json!({"resourceType": "Observation", "id": "o", "status": "final",
        "identifier": [{"system": system, "value": "1"}], "code": {"coding": [{"system": system, "code": "a"}]},
        "extension": [{"url": system, "valueUri": system}]});
    let entries = [put(&code_system, system), put(&value_set, values), put(&observation, "urn:uuid:o")];
    let (status, _, answer) = post(&server, &transaction(&json!(entries))).await;
    assert_eq!(status, 200, "{answer}");
    for sent in [code_system, value_set, observation] {
        let path = format!("{}/{}", sent["resourceType"].as_str().unwrap(), sent["id"].as_str().unwrap());
        let mut stored = server.get(&format!("GET /{path}")).await.json();
        stored.as_object_mut().unwrap().remove("meta");
        assert_eq!(stored, sent);
    }
    for search in [format!("code:in={values}"), format!("code={system}|a"), "code:in=ValueSet/v".to_owned()] {
        let found = server.get(&format!("GET /Observation?{search}")).await.json();
        assert_eq!(found["total"], 1, "{search}: {found}");
    }
}

#[tokio::test]
async fn a_bundle_that_is_stored_is_stored_as_it_is() {
    let server = Server::start().await;
    let document = json!({"resourceType": "Bundle", "id": "d", "type": "transaction", "entry": [
        {"fullUrl": "urn:uuid:p", "resource": {"resourceType": "Patient", "id": "p"}, "request": {"method": "POST", "url": "Patient"}},
        {"fullUrl": "urn:uuid:e", "request": {"method": "POST", "url": "Encounter"}, "resource": {"resourceType": "Encounter", "id": "e", "status": "finished",
            "class": {"code": "AMB"}, "subject": {"reference": "urn:uuid:p"},
            "serviceProvider": {"reference": "Organization?identifier=nobody"}}},
    ]});
    let patient = json!({"resourceType": "Patient", "id": "p"});
    let (status, _, answer) =
        post(&server, &transaction(&json!([put(&document, "urn:uuid:d"), put(&patient, "urn:uuid:p")]))).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(server.get("GET /Bundle/d").await.json()["entry"], document["entry"]);
}

#[tokio::test]
async fn a_reference_to_an_entry_of_a_wrong_type_is_refused_with_its_place() {
    let server = Server::start().await;
    let observation = |subject: Value| {
        json!({"fullUrl": "urn:uuid:o", "request": {"method": "POST", "url": "Observation"}, "resource": {
            "resourceType": "Observation", "status": "final", "code": {"text": "x"}, "subject": subject}})
    };
    let medication = json!({"fullUrl": "urn:uuid:m", "request": {"method": "POST", "url": "Medication"},
        "resource": {"resourceType": "Medication"}});
    let patient = json!({"fullUrl": "urn:uuid:p", "request": {"method": "POST", "url": "Patient"},
        "resource": {"resourceType": "Patient"}});
    for (subject, status, at) in [
        (json!({"reference": "urn:uuid:p"}), 200, None),
        (json!({"reference": "URN:UUID:P"}), 200, None),
        (json!({"reference": "urn:uuid:m"}), 422, Some("Bundle.entry[0].resource.subject")),
        (json!({"reference": "urn:uuid:p", "type": "Group"}), 422, Some("Bundle.entry[0].resource.subject.type")),
        (json!({"reference": "urn:uuid:p#x"}), 422, Some("Bundle.entry[0].resource.subject.reference")),
    ] {
        let bundle = transaction(&json!([observation(subject.clone()), medication, patient]));
        let (found, _, outcome) = post(&server, &bundle).await;
        let place = outcome["issue"][0]["expression"][0].as_str();
        assert_eq!((found, place), (status, at), "{subject}: {outcome}");
    }
}

#[tokio::test]
async fn a_conditional_reference_means_what_is_there_after_a_patch_of_the_same_transaction() {
    let server = Server::start().await;
    let patient = json!({"resourceType": "Patient", "id": "p", "identifier": [{"value": "old"}], "active": true});
    server.post("PUT /Patient/p", &patient).await;
    let patch = |value: &str| {
        json!({"request": {"method": "PATCH", "url": "Patient/p"}, "resource": {"resourceType": "Parameters", "parameter": [
            {"name": "operation", "part": [
                {"name": "type", "valueCode": "replace"}, {"name": "path", "valueString": "Patient.identifier[0].value"},
                {"name": "value", "valueString": value}]}]}})
    };
    let basic = |value: &str| {
        json!({"request": {"method": "POST", "url": "Basic"}, "resource": {"resourceType": "Basic",
            "code": {"text": "x"}, "subject": {"reference": format!("Patient?identifier={value}")}}})
    };
    for (becomes, asked, expected) in
        [("new", "old", 412), ("new", "new", 200), ("newer", "new", 412), ("newer", "newer", 200)]
    {
        let (status, _, answer) = post(&server, &transaction(&json!([basic(asked), patch(becomes)]))).await;
        assert_eq!(status, expected, "{becomes} {asked}: {answer}");
    }
}
