//! Whatever is asked, what is found is what the oracle finds: no more, no less, nothing twice.

use serde_json::{Value as Serde, json};

use crate::common::generate::{Generator, Parameter, Random, definition};
use crate::common::oracle::Oracle;
use crate::common::{Client, url};
use crate::{THREADS, filled, kinds, none_is_wrong, shared, wrong};

/// Searches by one to three parameters.
async fn compare(client: &Client, oracle: &Oracle, seed: u64, searches: usize) {
    let mut generator = Generator { oracle, random: Random::new(seed) };
    let kinds = kinds(oracle);
    let mut all = Vec::new();
    for _ in 0..searches {
        let kind = *generator.random.of(&kinds);
        let mut parameters = Vec::new();
        let key = generator.resource(kind);
        for _ in 0..=generator.random.below(3) {
            // Mostly of the same resource, so that something is found.
            let key = if generator.random.once_in(4) { generator.resource(kind) } else { key.clone() };
            parameters.extend(generator.plain(&key));
        }
        let count = *generator.random.of(&[2, 20, 20, 200]);
        all.extend(wrong(client, oracle, kind, &parameters, count).await);
    }
    none_is_wrong(&all, searches);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_what_is_there_also_after_updates_and_deletes() {
    let (client, mut oracle) = filled().await;
    compare(&client, &oracle, 1, 250).await;
    change(&client, &mut oracle).await;
    compare(&client, &oracle, 2, 120).await;
}

/// Deletes some resources, and gives others what their neighbours of the same type have.
async fn change(client: &Client, oracle: &mut Oracle) {
    let keys: Vec<String> = oracle.keys().cloned().collect();
    for (at, key) in keys.iter().enumerate() {
        match at % 5 {
            0 => {
                let deleted = client.send(&format!("DELETE /{key}"), &[], "").await;
                assert!(matches!(deleted.status, 200 | 204), "{}", deleted.text());
                oracle.remove(key);
            }
            1 | 2 => {
                let (kind, id) = key.split_once('/').unwrap();
                let neighbours = oracle.of_type(kind);
                let place = neighbours.iter().position(|other| other == key).unwrap();
                let other = oracle.get(&neighbours[(place + 1) % neighbours.len()]).unwrap();
                let mut changed: Serde = serde_json::from_slice(&other.to_vec()).unwrap();
                changed["id"] = json!(id);
                client.keep(&changed).await;
                oracle.put(&client.get(&format!("/{key}")).await.body);
            }
            _ => {}
        }
    }
}

#[test]
fn chains_lead_where_the_references_lead() {
    THREADS.block_on(async {
        let (client, oracle) = shared().await;
        let mut generator = Generator { oracle, random: Random::new(3) };
        let kinds = kinds(oracle);
        let (mut all, mut done) = (Vec::new(), 0);
        for round in 0..400 {
            let key = {
                let kind = *generator.random.of(&kinds);
                generator.resource(kind)
            };
            let Some(chain) = generator.chain(&key, 1 + round % 3) else { continue };
            let mut parameters = vec![chain];
            if generator.random.once_in(3) {
                parameters.extend(generator.plain(&key));
            }
            done += 1;
            all.extend(wrong(client, oracle, definition(&key).name, &parameters, 50).await);
            if done == 80 {
                break;
            }
        }
        none_is_wrong(&all, done);
        let (mut all, mut done) = (Vec::new(), 0);
        for round in 0..500 {
            let key = {
                let kind = *generator.random.of(&kinds);
                generator.resource(kind)
            };
            let Some((kind, has)) = generator.has(&key, round % 3 == 0) else { continue };
            done += 1;
            all.extend(wrong(client, oracle, kind, &[has], 50).await);
            if done == 80 {
                break;
            }
        }
        none_is_wrong(&all, done);
    });
}

#[test]
fn totals_count_what_is_found() {
    THREADS.block_on(async {
        let (client, oracle) = shared().await;
        let mut generator = Generator { oracle, random: Random::new(7) };
        let kinds = kinds(oracle);
        let mut all = Vec::new();
        for _ in 0..30 {
            let kind = *generator.random.of(&kinds);
            let key = generator.resource(kind);
            let filter: Vec<Parameter> = generator.plain(&key).into_iter().collect();
            let Ok(expected) = oracle.search(kind, &filter) else { continue };
            for (name, value, entries) in
                [("_total", "accurate", true), ("_summary", "count", false), ("_count", "0", false)]
            {
                let mut asked = filter.clone();
                asked.push((name.to_owned(), value.to_owned()));
                let page = client.page(&url(kind, &asked)).await;
                let total = u64::try_from(expected.len()).unwrap();
                if page.total() != Some(total) || page.matches().is_empty() != (!entries || total == 0) {
                    all.push(format!(
                        "{kind} {asked:?}: {:?}, not {total}, and {} entries",
                        page.total(),
                        page.matches().len()
                    ));
                }
            }
        }
        none_is_wrong(&all, 30);
    });
}
