//! Stale index rows are never believed, and go when a search stumbles over them; nothing else goes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

#[path = "common/calls.rs"]
#[expect(unreachable_pub, reason = "it is of several tests")]
mod calls;
mod common;

use aws_sdk_dynamodb::types::AttributeValue;
use calls::Calls;
use common::Server;
use fhir::handler::Handler;
use fhir::index;
use fhir_local::cloud::TABLE;
use futures_util::future::join_all;
use serde_json::{Value, json};

const SYSTEM: &str = "http://example.org/codes";

fn observation(id: &str, code: &str) -> Value {
    dated(id, code, "2020-05-01")
}

fn dated(id: &str, code: &str, date: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final", "effectiveDateTime": date,
        "code": {"coding": [{"system": SYSTEM, "code": code}]}, "subject": {"reference": "Patient/p"},
    })
}

async fn put(server: &Server, id: &str, code: &str) {
    let stored = server.post(&format!("PUT /Observation/{id}"), &observation(id, code)).await;
    assert!(matches!(stored.status, 200 | 201), "{}", stored.text);
}

async fn found(server: &Server, query: &str) -> Vec<String> {
    let bundle = server.get(&format!("GET /Observation?{query}")).await.json();
    assert_eq!(bundle["type"], json!("searchset"), "{bundle}");
    let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()).collect()
}

fn place(id: &str, date: &str) -> String {
    let bytes = dated(id, "a", date).to_string();
    let json = fhir_model::json::Json::parse(bytes.as_bytes()).unwrap();
    index::order(fhir_definitions::resource_type("Observation").unwrap(), &json, id, common::BASE)
}

fn partition(id: &str, code: &str) -> String {
    index::list("Observation", "code", &format!("t:{SYSTEM}|{code}"), Some(index::shard(id)))
}

/// The version of a row, if it is there.
async fn row(server: &Server, id: &str, code: &str) -> Option<i64> {
    let text = |text: String| AttributeValue::S(text);
    let call = server.cloud.dynamodb.get_item().table_name(TABLE).consistent_read(true);
    let call = call.key("pk", text(partition(id, code))).key("sk", text(place(id, "2020-05-01")));
    call.send().await.unwrap().item.map(|item| item["v"].as_n().unwrap().parse().unwrap())
}

/// Writes a row as a writer does that goes no further.
async fn leave(server: &Server, id: &str, code: &str, version: i64) {
    let text = |text: String| AttributeValue::S(text);
    let call = server.cloud.dynamodb.put_item().table_name(TABLE);
    let call = call.item("pk", text(partition(id, code))).item("sk", text(place(id, "2020-05-01")));
    call.item("v", AttributeValue::N(version.to_string())).send().await.unwrap();
}

#[tokio::test]
async fn what_is_left_over_goes_and_what_a_writer_may_rely_on_stays() {
    let server = Server::start().await;
    put(&server, "changed", "a").await;
    put(&server, "changed", "b").await;
    put(&server, "gone", "a").await;
    assert_eq!(server.get("DELETE /Observation/gone").await.status, 204);
    put(&server, "kept", "a").await;
    for (id, version) in [("changed", 1), ("gone", 1), ("never-was", 1)] {
        leave(&server, id, "a", version).await;
    }
    assert_eq!(found(&server, &format!("code={SYSTEM}|a")).await, ["kept"]);
    assert_eq!(row(&server, "changed", "a").await, None);
    assert_eq!(row(&server, "gone", "a").await, None);
    assert_eq!(row(&server, "never-was", "a").await, Some(1), "its writer may be on the way");
    assert_eq!(row(&server, "kept", "a").await, Some(1));
    assert_eq!(row(&server, "changed", "b").await, Some(2));

    leave(&server, "changed", "a", 3).await;
    leave(&server, "gone", "a", 3).await;
    assert_eq!(found(&server, &format!("code={SYSTEM}|a")).await, ["kept"]);
    assert_eq!(row(&server, "changed", "a").await, Some(3), "the third version may be on its way");
    assert_eq!(row(&server, "gone", "a").await, Some(3));

    put(&server, "changed", "c").await; // the third version came, and was another
    assert_eq!(found(&server, &format!("code={SYSTEM}|a")).await, ["kept"]);
    assert_eq!(row(&server, "changed", "a").await, None);
    assert_eq!(found(&server, &format!("code={SYSTEM}|c")).await, ["changed"]);
}

#[tokio::test]
async fn candidates_that_are_no_match_for_other_reasons_keep_their_rows() {
    let server = Server::start().await;
    put(&server, "one", "a").await;
    put(&server, "two", "a").await;
    put(&server, "two", "a").await;
    for query in [
        format!("code={SYSTEM}|a&value-string=x"),
        format!("code:not={SYSTEM}|a"),
        "patient=Patient/p&code:text=x".to_owned(),
        "date=2020-05-01T12:00:00Z".to_owned(),
        "_lastUpdated=gt2000&subject:missing=true".to_owned(),
    ] {
        assert!(found(&server, &query).await.is_empty(), "{query}");
    }
    for query in [
        format!("code={SYSTEM}|a"),
        format!("code={SYSTEM}|a&patient=p"),
        "date=2020-05-01".to_owned(),
        "_lastUpdated=gt2000".to_owned(),
        String::new(),
    ] {
        assert_eq!(found(&server, &query).await.len(), 2, "{query}");
    }
    let history = server.get("GET /Observation/_history").await.json();
    assert_eq!(history["entry"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_search_removes_a_bounded_number_in_one_round_and_costs_nothing_where_nothing_is_stale() {
    let server = Server::start().await;
    let ids: Vec<String> = (0..40).map(|at| format!("o{at}")).collect();
    for id in &ids {
        put(&server, id, "b").await;
        leave(&server, id, "a", 1).await;
    }
    let calls = Calls::default();
    let counted = Handler::new(calls.of(&server.cloud.dynamodb), server.cloud.s3.clone(), Server::config());
    let counted = Server { handler: counted, cloud: server.cloud };
    let query = format!("code={SYSTEM}|a");
    let mut costs = Vec::new();
    for _ in 0..3 {
        calls.take();
        assert!(found(&counted, &query).await.is_empty());
        costs.push(calls.take());
    }
    let [(first, rounds), (second, same), (third, fewer)] = costs[..] else { panic!("three searches") };
    let lists = usize::from(index::SHARDS);
    assert_eq!((first - lists - 1, rounds), (25, 3), "rows, heads, removals");
    assert_eq!((second - lists - 1, same), (15, 3));
    assert_eq!((third, fewer), (lists, 1), "no candidates are left");
}

/// The old place, and the new one where a search has already been before that was there.
async fn moves(server: &Server, id: &str, to: &str) {
    server.post(&format!("PUT /Observation/{id}"), &dated(id, "a", to)).await;
    let text = |text: String| AttributeValue::S(text);
    let call = server.cloud.dynamodb.delete_item().table_name(TABLE);
    let call = call.key("pk", text(partition(id, "a"))).key("sk", text(place(id, to)));
    call.send().await.unwrap();
}

#[tokio::test]
async fn what_moves_while_a_search_is_at_it_is_found_once_where_it_stands_now() {
    for (to, ascending) in [("2019-05-01", ["moved", "early", "late"]), ("2021-05-01", ["early", "late", "moved"])] {
        let server = Server::start().await;
        for (id, date) in [("early", "2020-01-01"), ("moved", "2020-05-01"), ("late", "2020-09-01")] {
            server.post(&format!("PUT /Observation/{id}"), &dated(id, "a", date)).await;
        }
        let descending: Vec<&str> = ascending.iter().rev().copied().collect();
        moves(&server, "moved", to).await;
        for _ in 0..2 {
            assert_eq!(row(&server, "moved", "a").await, Some(1), "it stays for searches that are at it");
            let query = format!("code={SYSTEM}|a");
            assert_eq!(found(&server, &query).await, ascending);
            assert_eq!(found(&server, &format!("{query}&_sort=date")).await, ascending);
            assert_eq!(found(&server, &format!("{query}&_sort=-date")).await, descending);
            assert_eq!(found(&server, &format!("{query}&_sort=-_id")).await.len(), 3);
            let first = server.get(&format!("GET /Observation?{query}&_count=2")).await.json();
            assert_eq!(first["entry"].as_array().unwrap().len(), 2);
            assert_eq!(first["entry"][0]["resource"]["id"], ascending[0]);
            let counted = server.get(&format!("GET /Observation?{query}&_summary=count")).await.json();
            assert_eq!(counted["total"], 3);
        }
    }
}

#[tokio::test]
async fn a_conditional_create_finds_what_moves_meanwhile() {
    let server = Server::start().await;
    put(&server, "moved", "a").await;
    moves(&server, "moved", "2019-05-01").await;
    let criteria = format!("code={SYSTEM}|a");
    let headers = [("content-type", "application/fhir+json"), ("if-none-exist", criteria.as_str())];
    let new = observation("new", "a").to_string();
    let answer = server.send("POST /Observation", &headers, new.as_bytes()).await;
    assert_eq!((answer.status, answer.json()["id"].as_str()), (200, Some("moved")), "{}", answer.text);
}

#[tokio::test]
async fn whatever_crashes_and_whoever_sweeps_what_is_there_is_found() {
    let mut server = Server::start().await;
    put(&server, "one", "a").await;
    for crash in 0..14 {
        let (new, old) = if crash % 2 == 0 { ("b", "a") } else { ("a", "b") };
        let calls = Calls::default();
        let crashing = Handler::new(calls.of(&server.cloud.dynamodb), server.cloud.s3.clone(), Server::config());
        let healthy = std::mem::replace(&mut server.handler, crashing);
        calls.stop_after(crash);
        server.post("PUT /Observation/one", &observation("one", new)).await;
        server.handler = healthy;
        let now = server.get("GET /Observation/one").await.json();
        let now = now["code"]["coding"][0]["code"].as_str().unwrap();
        let other = if now == new { old } else { new };
        for code in [now, other, now] {
            let expected = usize::from(code == now);
            assert_eq!(found(&server, &format!("code={SYSTEM}|{code}")).await.len(), expected, "{crash}: {code}");
        }
    }
    put(&server, "one", "a").await;
    assert!(found(&server, &format!("code={SYSTEM}|b")).await.is_empty());
    assert_eq!(row(&server, "one", "b").await, None);
}

#[tokio::test]
async fn whoever_sweeps_while_others_write_what_is_there_is_found() {
    let server = Server::start().await;
    for round in 0..6 {
        let id = format!("o{}", round % 3);
        let writes = join_all(["a", "b", "a", "c"].map(|code| {
            let changed = observation(&id, code);
            let (server, id) = (&server, &id);
            async move { server.post(&format!("PUT /Observation/{id}"), &changed).await.status }
        }));
        let queries = ["a", "b", "c"].map(|code| format!("code={SYSTEM}|{code}"));
        let searches = join_all(queries.iter().chain(&queries).map(|query| found(&server, query)));
        futures_util::future::join(writes, searches).await;
        let now = server.get(&format!("GET /Observation/{id}")).await.json();
        let now = now["code"]["coding"][0]["code"].as_str().unwrap();
        for code in ["a", "b", "c"] {
            let is_there = found(&server, &format!("code={SYSTEM}|{code}")).await.contains(&id);
            assert_eq!(is_there, code == now, "{round}: {code}");
        }
    }
}
