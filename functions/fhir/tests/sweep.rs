//! Stale index rows are never believed, and go when a search stumbles over them; nothing else goes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "these are tests")]

#[path = "common/calls.rs"]
#[expect(unreachable_pub, reason = "it is of several tests")]
mod calls;
mod common;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use calls::Calls;
use common::Server;
use fhir::handler::Handler;
use fhir::index;
use fhir::store::Key;
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

/// Lets a resource's current version be an old one: what has just been written may be needed by searches that are at it.
async fn age(server: &Server, id: &str) {
    let key = Key::new("Observation", id).head();
    let call = server.cloud.dynamodb.update_item().table_name(TABLE).update_expression("SET t = :t");
    let call = call.key("pk", AttributeValue::S(key.pk)).key("sk", AttributeValue::S(key.sk));
    call.expression_attribute_values(":t", AttributeValue::N("1577836800000".to_owned())).send().await.unwrap();
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
    assert_eq!(row(&server, "changed", "a").await, Some(1), "a search for a or b may be at it");
    age(&server, "changed").await;
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
    age(&server, "changed").await;
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
        age(&server, id).await;
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

/// Replaces a resource as if a search had been at each of its new places before it was there.
async fn replace_behind_a_search(server: &Server, old: &Value, new: &Value) {
    let key = Key::new("Observation", new["id"].as_str().unwrap());
    let rows = |resource: &Value| {
        let bytes = resource.to_string();
        index::rows(&key, &fhir_model::json::Json::parse(bytes.as_bytes()).unwrap(), common::BASE)
    };
    assert_eq!(server.post(&format!("PUT /{key}"), new).await.status, 200);
    for row in rows(new).difference(&rows(old)) {
        let call = server.cloud.dynamodb.delete_item().table_name(TABLE);
        let call = call.key("pk", AttributeValue::S(row.pk.clone())).key("sk", AttributeValue::S(row.sk.clone()));
        call.send().await.unwrap();
    }
}

#[tokio::test]
async fn what_goes_from_one_value_to_another_is_found_by_a_search_for_both_that_is_at_it() {
    let code = |code: &str| json!({"coding": [{"system": SYSTEM, "code": code}]});
    let table = [
        ("/status", json!("final"), json!("amended"), "status=final,amended"),
        ("/status", json!("final"), json!("amended"), "patient=p&status=amended,final"),
        ("/code", code("a"), code("b"), "code=a,b"),
        ("/code", code("a"), code("b"), "subject=Patient/p&code=a,b&_sort=-date"),
        ("/code", code("a"), code("b"), "patient=p&code=a,b&status=final"),
        ("/subject/reference", json!("Patient/p"), json!("Patient/q"), "subject=Patient/p,Patient/q"),
        ("/subject/reference", json!("Patient/p"), json!("Patient/q"), "subject:Patient.name=x"),
        ("/subject/reference", json!("Patient/p"), json!("Patient/q"), "patient.name=x&status=final&code=a"),
        ("/valueString", json!("Anna"), json!("Bert"), "value-string=anna,bert"),
        ("/effectiveDateTime", json!("2020-05-01"), json!("2021-05-01"), "date=2020,2021"),
    ];
    let server = Server::start().await;
    for id in ["p", "q"] {
        let patient = json!({"resourceType": "Patient", "id": id, "name": [{"text": "x"}]});
        assert_eq!(server.post(&format!("PUT /Patient/{id}"), &patient).await.status, 201);
    }
    for (at, (pointer, from, to, query)) in table.into_iter().enumerate() {
        let mut old = observation(&format!("o{at}"), "a");
        old["valueString"] = json!("Anna");
        let mut new = old.clone();
        *old.pointer_mut(pointer).unwrap() = from;
        *new.pointer_mut(pointer).unwrap() = to;
        let stored = server.post(&format!("PUT /Observation/o{at}"), &old).await;
        assert_eq!(stored.status, 201, "{}", stored.text);
        replace_behind_a_search(&server, &old, &new).await;
        assert_eq!(found(&server, query).await, [format!("o{at}")], "{query}");
        let counted = server.get(&format!("GET /Observation?{query}&_summary=count")).await.json();
        assert_eq!(counted["total"], 1, "{query}");
        assert_eq!(server.get(&format!("DELETE /Observation/o{at}")).await.status, 204);
    }
    let old = observation("one", "a");
    assert_eq!(server.post("PUT /Observation/one", &old).await.status, 201);
    let mut new = old.clone();
    let subject = new.as_object_mut().unwrap().remove("subject");
    new["performer"] = json!([subject]);
    replace_behind_a_search(&server, &old, &new).await;
    let compartment = server.get("GET /Patient/p/Observation").await.json();
    assert_eq!(compartment["entry"][0]["resource"]["id"], "one", "{compartment}");
}

/// What a row has, if it is there: whether it is marked, and whether it has a time to live.
async fn marks(server: &Server, id: &str, code: &str) -> Option<(bool, bool)> {
    let text = |text: String| AttributeValue::S(text);
    let call = server.cloud.dynamodb.get_item().table_name(TABLE).consistent_read(true);
    let call = call.key("pk", text(partition(id, code))).key("sk", text(place(id, "2020-05-01")));
    call.send().await.unwrap().item.map(|item| (item.contains_key("d"), item.contains_key("ttl")))
}

/// Rows as a commit leaves them that took a value away, of resources that never were; until then they are needed.
async fn leave_marked(server: &Server, rows: impl Iterator<Item = (String, String)>, until: i64) {
    let number = |number: i64| AttributeValue::N(number.to_string());
    let put = |(pk, sk)| {
        let put = PutRequest::builder().item("pk", AttributeValue::S(pk)).item("sk", AttributeValue::S(sk));
        let put = put.item("v", number(1)).item("d", number(until)).item("ttl", number(until / 1_000));
        WriteRequest::builder().put_request(put.build().unwrap()).build()
    };
    let puts: Vec<WriteRequest> = rows.map(put).collect();
    for puts in puts.chunks(25) {
        let call = server.cloud.dynamodb.batch_write_item().request_items(TABLE, puts.to_vec());
        assert!(call.send().await.unwrap().unprocessed_items.is_none_or(|items| items.is_empty()));
    }
}

/// Rows of code `a`.
fn of_a(ids: impl Iterator<Item = String>) -> impl Iterator<Item = (String, String)> {
    ids.map(|id| (partition(&id, "a"), place(&id, "2020-05-01")))
}

const LONG_AGO: i64 = 1_577_836_800_000;
const NOT_YET: i64 = 4_102_444_800_000;

#[tokio::test]
async fn who_looks_for_one_value_passes_over_what_has_left_it() {
    let server = Server::start().await;
    for at in 0..30 {
        put(&server, &format!("o{at}"), "a").await;
        put(&server, &format!("o{at}"), "b").await;
    }
    let calls = Calls::default();
    let counted = Handler::new(calls.of(&server.cloud.dynamodb), server.cloud.s3.clone(), Server::config());
    let counted = Server { handler: counted, cloud: server.cloud };
    for (query, lists) in [(format!("code={SYSTEM}|a"), 8), (format!("patient=p&code={SYSTEM}|a"), 1)] {
        calls.take();
        assert!(found(&counted, &query).await.is_empty());
        assert_eq!(calls.take(), (lists, 1), "no candidates are fetched: {query}");
    }
    assert_eq!(found(&counted, &format!("code={SYSTEM}|a,{SYSTEM}|b")).await.len(), 30);
    assert_eq!(found(&counted, &format!("code={SYSTEM}|b")).await.len(), 30);
    assert_eq!(marks(&counted, "o1", "a").await, Some((true, true)), "it stays for searches that are at it");
    put(&counted, "o1", "a").await;
    assert_eq!(marks(&counted, "o1", "a").await, Some((false, false)), "what comes back counts again");
    assert_eq!(found(&counted, &format!("code={SYSTEM}|a")).await, ["o1"]);
    assert_eq!(found(&counted, &format!("code={SYSTEM}|a,{SYSTEM}|b")).await.len(), 30);
}

#[tokio::test]
async fn rows_whose_time_is_over_go_with_the_searches_that_pass_them() {
    let server = Server::start().await;
    let ids = || (0..150).map(|at| format!("o{at}"));
    let left = async || {
        let marks = join_all(ids().map(async |id| marks(&server, &id, "a").await)).await;
        marks.iter().flatten().count()
    };
    leave_marked(&server, of_a(ids()), LONG_AGO).await;
    for (query, expected) in [(format!("code={SYSTEM}|a"), 50), (format!("code={SYSTEM}|a,{SYSTEM}|c"), 0)] {
        assert!(found(&server, &query).await.is_empty(), "{query}");
        assert_eq!(left().await, expected, "{query}");
    }
}

#[tokio::test]
async fn what_stands_behind_thousands_that_have_left_is_found_page_by_page() {
    let server = Server::start().await;
    leave_marked(&server, of_a((0..3_000).map(|at| format!("m{at}"))), NOT_YET).await;
    for id in ["a", "n", "x", "y", "z"] {
        put(&server, id, "a").await;
    }
    for query in [format!("code={SYSTEM}|a"), format!("code={SYSTEM}|a&_sort=-date")] {
        let (mut all, mut next) = (Vec::new(), format!("GET /Observation?{query}&_count=2"));
        for _ in 0..4 {
            let page = server.get(&next).await.json();
            let entries = page["entry"].as_array().cloned().unwrap_or_default();
            all.extend(entries.iter().map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned()));
            let links = page["link"].as_array().unwrap().iter();
            let Some(link) = links.into_iter().find(|link| link["relation"] == "next") else { break };
            next = format!("GET {}", link["url"].as_str().unwrap().strip_prefix(common::BASE).unwrap());
        }
        all.sort();
        assert_eq!(all, ["a", "n", "x", "y", "z"], "{query}");
    }
}

#[tokio::test]
async fn a_revinclude_passes_over_what_refers_to_others_now() {
    let server = Server::start().await;
    server.post("PUT /Patient/p", &json!({"resourceType": "Patient", "id": "p"})).await;
    put(&server, "stays", "a").await;
    let pk = index::list("Observation", "subject", "r:p", None);
    let rows = (0..2_500).map(|at| (pk.clone(), place(&format!("m{at}"), "2020-01-01")));
    leave_marked(&server, rows, NOT_YET).await;
    let bundle = server.get("GET /Patient?_id=p&_revinclude=Observation:subject").await.json();
    assert_eq!(bundle["entry"].as_array().map(Vec::len), Some(2), "{bundle}");
}

#[tokio::test]
async fn rows_of_which_a_commit_cannot_hold_as_many_are_marked_after_it() {
    let server = Server::start().await;
    let list = |date: &str, of: &str| {
        let entries: Vec<Value> =
            (0..3_000).map(|at| json!({"item": {"reference": format!("Patient/{of}{at}")}})).collect();
        json!({"resourceType": "List", "id": "l", "status": "current", "mode": "working", "date": date, "entry": entries})
    };
    for (date, of) in [("2020-01-01", "a"), ("2021-01-01", "a"), ("2021-01-01", "b")] {
        let stored = server.post("PUT /List/l", &list(date, of)).await;
        assert!(matches!(stored.status, 200 | 201), "{}", stored.text);
        for query in [format!("item=Patient/{of}7"), "item=Patient/a7,Patient/b7".to_owned()] {
            let bundle = server.get(&format!("GET /List?{query}")).await.json();
            assert_eq!(bundle["entry"].as_array().map(Vec::len), Some(1), "{query}");
        }
    }
    let bundle = server.get("GET /List?item=Patient/a7").await.json();
    assert_eq!(bundle["entry"], Value::Null, "{bundle}");
    let call = server.cloud.dynamodb.query().table_name(TABLE).key_condition_expression("pk = :pk AND sk > :sk");
    let call = call.expression_attribute_values(":pk", AttributeValue::S(index::list("List", "item", "r:a7", None)));
    let rows = call.expression_attribute_values(":sk", AttributeValue::S("0".to_owned())).send().await.unwrap();
    let marks: Vec<(bool, bool)> =
        rows.items().iter().map(|row| (row.contains_key("d"), row.contains_key("ttl"))).collect();
    assert_eq!(marks, [(false, true), (true, true)], "it moved within the list, and then to another");
}

/// A client that is refused for what has left a value comes again, and it must have become less.
#[tokio::test]
async fn rows_whose_time_is_over_go_with_a_refusal_too() {
    let server = Server::start().await;
    server.post("PUT /Patient/p", &json!({"resourceType": "Patient", "id": "p"})).await;
    let pk = index::list("Observation", "subject", "r:p", None);
    let rows = |ids: std::ops::Range<usize>, date: &'static str| {
        let pk = pk.clone();
        ids.map(move |at| (pk.clone(), place(&format!("m{at}"), date)))
    };
    leave_marked(&server, rows(0..30, "2020-01-01"), LONG_AGO).await;
    leave_marked(&server, rows(30..20_100, "2021-01-01"), NOT_YET).await;
    let refused = server.get("GET /Patient?_id=p&_revinclude=Observation:subject").await;
    assert_eq!((refused.status, &refused.json()["issue"][0]["code"]), (400, &json!("too-costly")), "{}", refused.text);
    let call = server.cloud.dynamodb.query().table_name(TABLE).key_condition_expression("pk = :pk AND sk < :sk");
    let call = call.expression_attribute_values(":pk", AttributeValue::S(pk.clone()));
    let left =
        call.expression_attribute_values(":sk", AttributeValue::S(place("", "2020-06-01"))).send().await.unwrap();
    assert_eq!(left.count(), 0);
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
    age(&server, "one").await;
    assert!(found(&server, &format!("code={SYSTEM}|b")).await.is_empty());
    let left = marks(&server, "one", "b").await;
    assert!(left.is_none_or(|left| left == (true, true)), "it is gone, or goes by itself");
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
