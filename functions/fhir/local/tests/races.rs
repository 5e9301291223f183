//! What holds while many clients are at it: one conditional create of a hundred creates, a search sees what was written
//! before it, a reader never sees half a transaction, and pages lose and double nothing.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a step that fails ends the test")]

mod common;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use common::{Client, Page, key};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const JSON: (&str, &str) = ("content-type", "application/fhir+json");

#[tokio::test(flavor = "multi_thread")]
async fn of_a_hundred_conditional_creates_one_creates_and_all_answer_with_it() {
    let client = Arc::new(Client::start().await);
    let patient = json!({"resourceType": "Patient", "identifier": [{"system": "urn:x", "value": "1"}]}).to_string();
    let mut racing = JoinSet::new();
    for _ in 0..100 {
        let (client, patient) = (Arc::clone(&client), patient.clone());
        racing.spawn(async move {
            // A client that is told to come again does so.
            for _ in 0..20 {
                let answer = client
                    .send("POST /Patient", &[JSON, ("if-none-exist", "identifier=urn:x|1")], patient.clone())
                    .await;
                if !matches!(answer.status, 409 | 429 | 503) {
                    return (answer.status, answer.json()["id"].as_str().unwrap_or_default().to_owned());
                }
            }
            (0, String::new())
        });
    }
    let answers = racing.join_all().await;
    let ids: BTreeSet<&String> = answers.iter().map(|(_, id)| id).collect();
    let created = answers.iter().filter(|(status, _)| *status == 201).count();
    let found = answers.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!((ids.len(), created, found), (1, 1, 99), "{answers:?}");
    let there = client.search("/Patient?identifier=urn:x|1").await.unwrap();
    assert_eq!(there, [format!("Patient/{}", ids.first().unwrap())]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_right_after_a_write_sees_it() {
    let client = Arc::new(Client::start().await);
    let mut writers = JoinSet::new();
    for writer in 0..4 {
        let client = Arc::clone(&client);
        writers.spawn(async move {
            for round in 0..8 {
                sees_each_write(&client, &format!("w{writer}-{round}")).await;
            }
        });
    }
    writers.join_all().await;
}

async fn sees_each_write(client: &Client, id: &str) {
    let find = async |query: String| client.search(&query).await.unwrap();
    let of = |value: &str, status: &str| {
        json!({"resourceType": "Observation", "id": id, "status": status, "code": {"text": "x"},
               "identifier": [{"value": value}], "effectiveDateTime": "2020-02-02", "valueString": format!("Text {value}")})
    };
    let me = vec![format!("Observation/{id}")];
    client.keep(&of(&format!("{id}-a"), "final")).await;
    assert_eq!(find(format!("/Observation?identifier={id}-a")).await, me);
    assert_eq!(find(format!("/Observation?identifier={id}-a&status=final&date=2020-02")).await, me);
    assert_eq!(find(format!("/Observation?value-string=text%20{id}-a")).await, me);
    client.keep(&of(&format!("{id}-b"), "amended")).await;
    assert_eq!(find(format!("/Observation?identifier={id}-a")).await, Vec::<String>::new());
    assert_eq!(find(format!("/Observation?identifier={id}-b&status:not=final")).await, me);
    let patch = [("content-type", "application/json-patch+json")];
    let body = r#"[{"op":"replace","path":"/status","value":"cancelled"}]"#;
    assert_eq!(client.send(&format!("PATCH /Observation/{id}"), &patch, body).await.status, 200);
    assert_eq!(find(format!("/Observation?identifier={id}-b&status=cancelled")).await, me);
    assert_eq!(client.page(&format!("/Observation?_summary=count&identifier={id}-b")).await.total(), Some(1));
    client.send(&format!("DELETE /Observation/{id}"), &[], "").await;
    assert_eq!(find(format!("/Observation?identifier={id}-b")).await, Vec::<String>::new());
    assert_eq!(client.page(&format!("/Observation?_summary=count&identifier={id}-b")).await.total(), Some(0));
    client.keep(&of(&format!("{id}-a"), "final")).await;
    assert_eq!(find(format!("/Observation?identifier={id}-a")).await, me);
}

/// A transaction that gives all of so many resources the same value.
fn all_are(value: usize, resources: usize) -> String {
    let entry = |at: usize| {
        json!({"request": {"method": "PUT", "url": format!("Basic/b{at}")},
               "resource": {"resourceType": "Basic", "id": format!("b{at}"), "code": {"text": format!("v{value}")},
                            "identifier": [{"system": "urn:all", "value": "x"}, {"system": "urn:value", "value": value.to_string()}]}})
    };
    json!({"resourceType": "Bundle", "type": "transaction", "entry": (0..resources).map(entry).collect::<Vec<_>>()})
        .to_string()
}

fn values(page: &Page) -> Vec<String> {
    let entries = page.0["entry"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["resource"]["code"]["text"].as_str().unwrap().to_owned()).collect()
}

/// Readers, while transactions of so many resources come one after another.
async fn never_half(resources: usize, transactions: usize) {
    let client = Arc::new(Client::start().await);
    let taken = client.put("POST /", all_are(0, resources)).await;
    assert_eq!(taken.status, 200, "{}", taken.text());
    let (done, read) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut readers = JoinSet::new();
    for search in [
        "/Basic?identifier=urn:all|x&_count=200".to_owned(),
        "/Basic?_sort=-_lastUpdated&_count=200".to_owned(),
        format!("/Basic?_id={}&_count=200", (0..resources).map(|at| format!("b{at}")).collect::<Vec<_>>().join(",")),
    ] {
        let (client, done, read) = (Arc::clone(&client), Arc::clone(&done), Arc::clone(&read));
        readers.spawn(async move {
            while !done.load(Ordering::Relaxed) {
                let answer = client.get(&search).await;
                if answer.status == 503 || answer.status == 409 {
                    continue; // refused: it must not happen for good
                }
                assert_eq!(answer.status, 200, "{search}: {}", answer.text());
                let values = values(&Page(answer.json()));
                let different: BTreeSet<&String> = values.iter().collect();
                assert_eq!((values.len(), different.len()), (resources, 1), "{search}: {different:?}");
                read.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    let mut taken = 0;
    for value in 1..=transactions {
        let answer = client.put("POST /", all_are(value, resources)).await;
        assert!(matches!(answer.status, 200 | 409 | 503), "{}", answer.text());
        taken += usize::from(answer.status == 200);
        let found = client.search("/Basic?identifier=urn:all|x&_count=200").await.unwrap();
        assert_eq!(found.len(), resources);
    }
    done.store(true, Ordering::Relaxed);
    readers.join_all().await;
    assert!(read.load(Ordering::Relaxed) > 3 && taken > 0, "{read:?} pages were read, {taken} transactions taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_never_sees_half_a_small_transaction() {
    never_half(20, 8).await;
}

/// More than `DynamoDB` writes at once.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_never_sees_half_a_large_transaction() {
    never_half(110, 2).await;
}

fn numbered(at: usize, round: usize) -> Value {
    json!({"resourceType": "Observation", "id": format!("o{at:03}"), "status": "final", "code": {"coding": [{"code": "c"}]},
           "effectiveDateTime": format!("2020-01-{:02}", 1 + at % 28), "valueInteger": round,
           "subject": {"reference": "Patient/p"}, "identifier": [{"value": format!("i{:03}", (at * 37) % 101)}]})
}

/// What is not touched between pages is found exactly once; what only changes in value as well.
#[tokio::test(flavor = "multi_thread")]
async fn pages_lose_and_double_nothing_while_others_write() {
    let client = Client::start().await;
    let mut touched: BTreeSet<usize> = (0..60).collect();
    for search in [
        "code=c",
        "code=c&subject=Patient/p",
        "code=c&_sort=date",
        "code=c&_sort=-date",
        "code=c&_sort=identifier",
        "status=final&_sort=-identifier,date",
        "date=ge2020-01-05",
        "status:not=amended",
        "subject=Patient/p&date=lt2020-01-20",
        "_sort=_lastUpdated",
        "_sort=-_lastUpdated",
        "_lastUpdated=gt2020",
        "identifier:missing=false",
    ] {
        for at in std::mem::take(&mut touched) {
            client.keep(&numbered(at, 0)).await;
        }
        let all: BTreeSet<String> =
            client.search(&format!("/Observation?{search}&_count=200")).await.unwrap().into_iter().collect();
        let mut found = Vec::new();
        let mut page = client.page(&format!("/Observation?{search}&_count=7")).await;
        let mut step = 0;
        loop {
            found.extend(page.matches());
            touched.extend([(step * 5) % 60, (step * 3) % 60]);
            // Of sixty the multiples of 5 are deleted, those of 3 are updated, and new ones come.
            let (deleted, updated) = ((step * 5) % 60, (step * 3) % 60);
            client.send(&format!("DELETE /Observation/o{deleted:03}"), &[], "").await;
            if updated % 5 != 0 {
                client.keep(&numbered(updated, 1000 + step)).await;
            }
            client.keep(&numbered(100 + step, 0)).await;
            step += 1;
            match page.link("next") {
                Some(next) => page = client.follow(&next).await,
                None => break,
            }
            assert!(step < 100, "{search} has no end");
        }
        let number = |key: &str| key.rsplit_once('o').unwrap().1.parse::<usize>().unwrap();
        let by_time = search.contains("_lastUpdated");
        for of_all in &all {
            let times = found.iter().filter(|key| *key == of_all).count();
            let at = number(of_all);
            if at < 60 && at % 5 != 0 && !(at % 3 == 0 && by_time) {
                assert_eq!(times, 1, "{search}: {of_all} in {found:?}");
            }
            if !by_time {
                assert!(times <= 1, "{search}: {of_all} in {found:?}");
            }
        }
        for at in 100..100 + step {
            client.send(&format!("DELETE /Observation/o{at:03}"), &[], "").await;
        }
    }
    assert_eq!(key(&numbered(1, 1)), "Observation/o001");
}

/// An Observation that every search below finds, wherever it stands.
fn somewhere(at: usize, move_: usize) -> Value {
    let (year, month) = (1990 + (move_ * 7 + at) % 40, 1 + (move_ + at) % 12);
    let date = format!("{year}-{month:02}-01");
    let time = if move_.is_multiple_of(3) { json!({"start": date}) } else { json!({"start": date, "end": date}) };
    json!({"resourceType": "Observation", "id": format!("o{at}"), "status": "final", "effectivePeriod": time,
           "code": {"coding": [{"system": "urn:x", "code": "a"}]}, "subject": {"reference": "Patient/p"},
           "valueQuantity": {"value": 1 + (move_ * 13 + at) % 50},
           "component": [{"code": {"text": "c"}, "valueQuantity": {"value": 1 + (move_ * 5 + at) % 60}}]})
}

/// Each of these would be missed, or found twice, if a search took only what stands still.
#[tokio::test(flavor = "multi_thread")]
async fn what_moves_while_it_is_searched_is_found_once() {
    const COUNT: usize = 24;
    let client = Arc::new(Client::start().await);
    for at in 0..COUNT {
        client.keep(&somewhere(at, 0)).await;
    }
    let done = Arc::new(AtomicBool::new(false));
    let mut writers = JoinSet::new();
    for of in 0..3 {
        let (client, done) = (Arc::clone(&client), Arc::clone(&done));
        writers.spawn(async move {
            for move_ in 1.. {
                for at in (of..COUNT).step_by(3) {
                    client.keep(&somewhere(at, move_)).await;
                    tokio::time::sleep(Duration::from_millis(10)).await; // each version makes the log longer
                    if done.load(Ordering::Relaxed) {
                        return;
                    }
                }
            }
        });
    }
    let all: BTreeSet<String> = (0..COUNT).map(|at| format!("Observation/o{at}")).collect();
    for _ in 0..8 {
        for search in [
            "code=urn:x|a",
            "code=urn:x|a&_sort=-date",
            "patient=p&code=a",
            "patient=p&status=final&_sort=date",
            "date=ge1990",
            "value-quantity=gt0",
            "combo-value-quantity=gt0",
            "code:not=b",
            "_lastUpdated=ge2020",
            "_sort=-_lastUpdated",
            "code=a&_sort=value-quantity",
        ] {
            let path = format!("/Observation?{search}&_count=100");
            let found = client.page(&path).await.matches();
            assert_eq!(found.iter().cloned().collect::<BTreeSet<_>>(), all, "{search}");
            assert_eq!(found.len(), COUNT, "{search}: {found:?}");
            let total = client.page(&format!("/Observation?{search}&_summary=count")).await.total();
            assert_eq!(total, Some(COUNT as u64), "{search}");
        }
    }
    done.store(true, Ordering::Relaxed);
    writers.join_all().await;
}
