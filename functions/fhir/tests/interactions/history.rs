//! History: of a resource, a type, all.

use serde_json::{Value, json};

use crate::common::{BASE, Server};
use crate::{patient, with_id};

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
        ("/_history?_count=2", vec!["200", "201"]),
    ] {
        let bundle = server.get(&format!("GET {url}")).await.json();
        let entries = bundle["entry"].as_array().unwrap().iter();
        let statuses: Vec<_> = entries.map(|entry| entry["response"]["status"].as_str().unwrap()).collect();
        assert_eq!(statuses, expected, "{url}");
    }
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
