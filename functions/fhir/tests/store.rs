//! The store's promises, on a real `DynamoDB` (dynoxide): all or nothing, whatever happens when.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "these are tests")]

#[path = "common/calls.rs"]
#[expect(unreachable_pub, reason = "it is of several tests")]
mod calls;
mod common;

use std::cell::Cell;

use calls::Calls;
use common::{BASE, Server};
use fhir::store::bodies::Bodies;
use fhir::store::table::Table;
use fhir::store::{Base, Content, Draft, Key, Method, Store, StoreError, Version};
use fhir_local::cloud::{BUCKET, TABLE};
use fhir_model::json::Json;

thread_local! {
    /// Each test has a thread, and a time, of its own.
    static NOW: Cell<i64> = const { Cell::new(1_800_000_000_000) };
}

fn clock() -> i64 {
    pass(1)
}

fn pass(milliseconds: i64) -> i64 {
    NOW.set(NOW.get() + milliseconds);
    NOW.get()
}

/// A function that may crash: its own client on the server's table.
fn function(server: &Server) -> (Store, Calls) {
    function_of(server, 100)
}

/// The same, that commits more than that many writes in two phases.
fn function_of(server: &Server, actions: usize) -> (Store, Calls) {
    let calls = Calls::default();
    let client = calls.of(&server.cloud.dynamodb);
    let store = Store::new(Table::new(client, TABLE), Bodies::new(server.cloud.s3.clone(), BUCKET), BASE);
    (store.with_clock(clock).with_actions(actions), calls)
}

fn basic(id: &str, text: &str) -> Json<'static> {
    let json = format!(r#"{{"resourceType":"Basic","id":"{id}","code":{{"text":"{text}"}}}}"#);
    Json::parse(json.as_bytes()).unwrap().into_owned()
}

fn keys(prefix: &str, count: usize) -> Vec<Key> {
    (0..count).map(|at| Key::new("Basic", &format!("{prefix}-{at}"))).collect()
}

fn drafts(keys: &[Key], bases: Vec<Base>, text: &str) -> Vec<Draft<'static>> {
    let draft = |(key, base): (&Key, Base)| Draft {
        key: key.clone(),
        method: if base.current.is_none() { Method::Post } else { Method::Put },
        base,
        content: Content::Json(basic(&key.id, text)),
    };
    keys.iter().zip(bases).map(draft).collect()
}

async fn write(store: &Store, keys: &[Key], text: &str) -> Result<Vec<Version>, StoreError> {
    let bases = store.base(keys).await?;
    store.commit(drafts(keys, bases, text), &[]).await
}

/// How many of the resources there are in each version.
async fn seen(store: &Store, keys: &[Key]) -> (usize, usize) {
    let current = store.consistently(async |run| store.current(run, keys).await).await.unwrap();
    let of = |number| current.iter().flatten().filter(|version| version.number == number).count();
    (of(1), of(2))
}

async fn crashes_everywhere(count: usize, actions: usize) {
    let server = Server::start().await;
    let (survivor, _) = function_of(&server, actions);
    // How many calls a whole life has: creating all, then updating all.
    let (store, calls) = function_of(&server, actions);
    let all = keys("whole", count);
    write(&store, &all, "one").await.unwrap();
    let (created, _) = calls.take();
    write(&store, &all, "two").await.unwrap();
    let (updated, _) = calls.take();
    assert_eq!(seen(&survivor, &all).await, (0, count));
    let mut outcomes = [0, 0];
    for crash in 0..created {
        let all = keys(&format!("c{crash}"), count);
        let (store, calls) = function_of(&server, actions);
        calls.stop_after(crash);
        let result = write(&store, &all, "one").await;
        let (ones, _) = seen(&survivor, &all).await;
        assert!(ones == 0 || ones == count, "{ones} of {count} after a crash at call {crash} of {created}");
        assert!(ones == count || result.is_err(), "a success of nothing, at call {crash}");
        outcomes[usize::from(ones > 0)] += 1;
        // A minute later what the dead function held is free again.
        pass(61_000);
        assert_eq!(seen(&survivor, &all).await.0, ones, "at call {crash}: what was seen once stays so");
        if crash % 3 == 0 {
            write(&survivor, &all, "after").await.unwrap();
            assert_eq!(seen(&survivor, &all).await, if ones == 0 { (count, 0) } else { (0, count) });
        }
    }
    for crash in 0..updated {
        let all = keys(&format!("u{crash}"), count);
        write(&survivor, &all, "one").await.unwrap();
        let (store, calls) = function_of(&server, actions);
        calls.stop_after(crash);
        let result = write(&store, &all, "two").await;
        let (ones, twos) = seen(&survivor, &all).await;
        assert!((ones, twos) == (count, 0) || (ones, twos) == (0, count), "{ones} and {twos} at call {crash}");
        assert!(twos == count || result.is_err(), "a success of nothing, at call {crash}");
        outcomes[usize::from(twos > 0)] += 1;
        pass(61_000);
        assert_eq!(seen(&survivor, &all).await, (ones, twos));
    }
    println!("{count} resources: {created} and {updated} calls; crashes before and after the commit: {outcomes:?}");
    assert!(outcomes[0] > 0);
    assert!(count <= actions || outcomes[1] > 0, "the large transaction goes on after its commit");
}

#[tokio::test(flavor = "current_thread")]
async fn a_crash_after_any_call_of_a_small_transaction_leaves_all_or_nothing() {
    crashes_everywhere(5, 100).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_crash_after_any_call_of_a_large_transaction_leaves_all_or_nothing() {
    crashes_everywhere(5, 3).await;
}

#[tokio::test(flavor = "current_thread")]
async fn a_reader_sees_a_transaction_wholly_or_not_at_all() {
    let server = Server::start().await;
    let (writer, _) = function(&server);
    let (reader, _) = function(&server);
    for count in [20, 150] {
        let all = keys(&format!("r{count}"), count);
        write(&writer, &all, "one").await.unwrap();
        for _ in 0..6 {
            let one_by_one = async {
                let mut looks = 0;
                loop {
                    // Slow on purpose: one head after another, over the whole time of the commit.
                    let numbers = reader
                        .consistently(async |run| {
                            let mut numbers = Vec::new();
                            for keys in all.chunks(count / 5) {
                                let current = reader.current(run, keys).await?;
                                numbers.extend(current.into_iter().flatten().map(|version| version.number));
                            }
                            Ok::<_, StoreError>(numbers)
                        })
                        .await;
                    let numbers = numbers.unwrap();
                    assert!(numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
                    looks += 1;
                    if looks > 200 {
                        break;
                    }
                }
            };
            tokio::select! {
                () = one_by_one => {}
                written = write(&writer, &all, "next") => { written.unwrap(); }
            }
        }
    }
}

#[tokio::test(flavor = "current_thread")]
async fn of_many_writers_of_one_version_one_wins() {
    let server = Server::start().await;
    let (store, _) = function(&server);
    let all = keys("race", 1);
    write(&store, &all, "one").await.unwrap();
    let bases = store.base(&all).await.unwrap();
    let race = (0..20).map(|at| store.commit(drafts(&all, bases.clone(), &format!("t{at}")), &[]));
    let results = futures_util::future::join_all(race).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().all(|result| matches!(result, Ok(_) | Err(StoreError::Conflict))));
    assert_eq!(seen(&store, &all).await, (0, 1));
}

#[tokio::test(flavor = "current_thread")]
async fn a_large_body_goes_to_s3_and_comes_back() {
    let server = Server::start().await;
    let (store, _) = function(&server);
    let key = Key::new("Basic", "large");
    // Hardly compressible: the digits of a linear congruence.
    let text: String = (0_u64..400_000)
        .scan(1_u64, |state, _| {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            Some(char::from(b'a' + u8::try_from((*state >> 60) & 15).unwrap()))
        })
        .collect();
    let draft =
        |base| Draft { key: key.clone(), base, method: Method::Put, content: Content::Json(basic("large", &text)) };
    let versions = store.commit(vec![draft(Base::default())], &[]).await.unwrap();
    assert!(matches!(versions[0].body, fhir::store::Body::Object(_)));
    let base = store.base(std::slice::from_ref(&key)).await.unwrap().remove(0);
    let json = store.json(base.current.as_ref().unwrap()).await.unwrap().unwrap();
    assert!(String::from_utf8(json).unwrap().contains(&text));
    store.commit(vec![draft(base)], &[]).await.unwrap();
}
