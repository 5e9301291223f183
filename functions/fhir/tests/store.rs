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
use fhir::store::table::{Change, Condition, Table, Write};
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

/// The numbers of the current versions, which must be the same for all.
async fn number(store: &Store, keys: &[Key]) -> u64 {
    let current = store.consistently(async |run| store.current(run, keys).await).await.unwrap();
    let numbers: Vec<u64> = current.iter().flatten().map(|version| version.number).collect();
    assert!(numbers.len() == keys.len() && numbers.iter().all(|number| *number == numbers[0]), "{numbers:?}");
    numbers[0]
}

/// A function dies between its commit and its end, and the next one, on top of that, after each of its calls.
#[tokio::test(flavor = "current_thread")]
async fn what_was_committed_stays_so_when_the_next_large_transaction_crashes_on_top_of_it() {
    const ACTIONS: usize = 3;
    let server = Server::start().await;
    let (survivor, _) = function_of(&server, ACTIONS);
    let crash = async |name: String, after: usize| {
        let all = keys(&name, 5);
        write(&survivor, &all, "one").await.unwrap();
        let (store, calls) = function_of(&server, ACTIONS);
        calls.stop_after(after);
        (write(&store, &all, "two").await, all)
    };
    let mut first = 0;
    while number(&survivor, &crash(format!("first-{first}"), first).await.1).await == 1 {
        first += 1; // its last is the first crash after the commit, with nothing promoted
    }
    let mut ends = [0, 0];
    for second in 0.. {
        let (died, all) = crash(format!("second-{second}"), first).await;
        assert!(died.is_ok(), "it was committed");
        let (store, calls) = function_of(&server, ACTIONS);
        calls.stop_after(second);
        let result = write(&store, &all, "three").await;
        let (made, _) = calls.take();
        let reached = number(&survivor, &all).await;
        assert!(reached == 3 || reached == 2 && result.is_err(), "{reached} after call {second}");
        pass(61_000);
        assert_eq!(number(&survivor, &all).await, reached, "after call {second}: what was seen once stays so");
        write(&survivor, &all, "after").await.unwrap();
        assert_eq!(number(&survivor, &all).await, reached + 1, "after call {second}");
        let older: Vec<_> = all.iter().map(|key| (key.clone(), 2)).collect();
        let older = survivor.versions(&survivor.once(), &older).await.unwrap();
        for version in older.into_iter().flatten() {
            let json = String::from_utf8(survivor.json(&version).await.unwrap().unwrap()).unwrap();
            assert!(json.contains(r#""text":"two""#), "after call {second}: {json}");
        }
        ends[usize::from(reached == 3)] += 1;
        if made < second {
            break; // it came to its end
        }
    }
    assert!(ends[0] > 5 && ends[1] > 5, "{ends:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_resource_of_a_large_transaction_is_updated_as_cheaply_as_any() {
    let server = Server::start().await;
    let mut counts = Vec::new();
    for actions in [100, 3] {
        let (store, calls) = function_of(&server, actions);
        let all = keys(&format!("cheap{actions}"), 5);
        write(&store, &all, "one").await.unwrap();
        calls.take();
        write(&store, &all[..1], "two").await.unwrap();
        counts.push(calls.take().0);
    }
    assert_eq!(counts[0], counts[1], "which rows it has is known in either case");
}

#[tokio::test(flavor = "current_thread")]
async fn who_loses_leaves_no_rows_of_ids_that_nobody_knows() {
    let server = Server::start().await;
    let (store, _) = function(&server);
    let claims = store.claims(&["Basic?code=a".to_owned()]).await.unwrap();
    let create = async |id: &str| {
        let draft = drafts(&[Key::new("Basic", id)], vec![Base::default()], "one");
        store.commit(draft, &claims).await
    };
    create("winner").await.unwrap();
    assert!(matches!(create("loser").await, Err(StoreError::Conflict)));
    let items = server.cloud.dynamodb.scan().table_name(TABLE).send().await.unwrap().items.unwrap();
    let of = |id: &str| {
        items.iter().filter(|item| item.values().any(|it| it.as_s().is_ok_and(|it| it.contains(id)))).count()
    };
    assert!(of("winner") > 2);
    assert_eq!(of("loser"), 0);
}

/// A transaction lets rows go by their time to live, those too that it only believes to be there: other rules made others.
#[tokio::test(flavor = "current_thread")]
async fn a_row_that_only_has_a_time_to_live_is_asserted_anew() {
    let server = Server::start().await;
    let (store, _) = function(&server);
    let all = keys("row", 1);
    write(&store, &all, "one").await.unwrap();
    let coded = r#"{"resourceType":"Basic","id":"row-0","code":{"coding":[{"code":"c"}]}}"#;
    let coded = Json::parse(coded.as_bytes()).unwrap();
    let rows = fhir::index::rows(&all[0], &coded, BASE);
    let row = rows.iter().find(|row| row.pk.contains("#c:c")).unwrap();
    let table = Table::new(server.cloud.dynamodb.clone(), TABLE);
    let expiring = Change::new("SET #ttl = :ttl").number(":ttl", 1);
    table.write(Write::Update(row.clone(), expiring, Condition::none())).await.unwrap();
    let base = store.base(&all).await.unwrap().remove(0);
    let draft = Draft { key: all[0].clone(), base, method: Method::Put, content: Content::Json(coded) };
    store.commit(vec![draft], &[]).await.unwrap();
    let item = table.get(row).await.unwrap().unwrap();
    assert_eq!((item.get_number("v"), item.get_number("ttl")), (Some(2), None));
}

#[tokio::test(flavor = "current_thread")]
async fn what_cannot_be_read_any_more_can_still_be_replaced_and_deleted() {
    use aws_sdk_dynamodb::types::AttributeValue;
    let server = Server::start().await;
    let (store, _) = function(&server);
    let key = keys("broken", 1);
    write(&store, &key, "one").await.unwrap();
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let broken = server.cloud.dynamodb.update_item().table_name(TABLE).key("pk", text(&key[0].partition()));
    let broken = broken.key("sk", text("h")).update_expression("SET b = :b");
    broken.expression_attribute_values(":b", AttributeValue::B(b"no gzip".to_vec().into())).send().await.unwrap();
    assert_eq!(write(&store, &key, "two").await.unwrap()[0].number, 2);
    let current = store.base(&key).await.unwrap();
    assert!(store.json(current[0].current.as_ref().unwrap()).await.unwrap().is_some());
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
