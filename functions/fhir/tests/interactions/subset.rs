//! `_elements` and `_summary`: parts of a resource.

use serde_json::json;

use crate::common::Server;

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
