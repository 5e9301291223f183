//! Search compared with an oracle that looks at every resource: hundreds of searches that are made up of what is stored.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a step that fails ends the test")]

#[path = "../common/mod.rs"]
mod common;
mod compartments;
mod found;
mod included;
mod sorted;
mod ways;

use std::collections::BTreeSet;
use std::sync::LazyLock;

use common::generate::{Parameter, definition};
use common::oracle::Oracle;
use common::{Client, data, url};
use serde_json::Value as Serde;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

/// The tests that only read share a server, and the threads that serve it.
static THREADS: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
static SHARED: OnceCell<(Client, Oracle)> = OnceCell::const_new();

async fn shared() -> &'static (Client, Oracle) {
    SHARED.get_or_init(filled).await
}

/// A server with resources of our own and of Synthea, and all that it has.
async fn filled() -> (Client, Oracle) {
    let client = Client::start().await;
    for (name, text) in data::own() {
        let resource: Serde = serde_json::from_slice(&text).unwrap();
        let kept = client.put(&format!("PUT /{}", common::key(&resource)), text).await;
        assert_eq!(kept.status, 201, "{name}: {}", kept.text());
    }
    for bundle in data::synthea_patient() {
        let taken = client.put("POST /", bundle).await;
        assert_eq!(taken.status, 200, "{}", taken.text());
    }
    let oracle = everything(&client).await;
    (client, oracle)
}

/// All that the server has, by its history.
async fn everything(client: &Client) -> Oracle {
    let mut oracle = Oracle::new(&client.base);
    let mut seen = BTreeSet::new();
    let mut at = Some("/_history?_count=200".to_owned());
    while let Some(path) = at {
        let page = client.page(&path).await;
        for entry in page.0["entry"].as_array().unwrap() {
            let url = entry["fullUrl"].as_str().unwrap().strip_prefix(&client.base).unwrap().to_owned();
            if seen.insert(url.clone()) && entry["request"]["method"] != "DELETE" {
                oracle.put(&client.get(&url).await.body);
            }
        }
        at = page.link("next").map(|next| client.path(&next));
    }
    oracle
}

/// What is wrong with a search's answer, if anything is.
async fn wrong(client: &Client, oracle: &Oracle, kind: &str, parameters: &[Parameter], count: usize) -> Option<String> {
    let mut asked = parameters.to_vec();
    asked.push(("_count".to_owned(), count.to_string()));
    let path = url(kind, &asked);
    let expected = oracle.search(kind, parameters);
    let shown = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    match (client.search(&path).await, expected) {
        (Err((400, _)), Err(_)) => None,
        (Ok(found), Ok(expected)) => {
            let set: BTreeSet<String> = found.iter().cloned().collect();
            let lost: Vec<_> = expected.difference(&set).collect();
            let more: Vec<_> = set.difference(&expected).collect();
            let twice = found.len() != set.len();
            (set != expected || twice).then(|| {
                format!("{kind}?{shown} (_count={count}): not found {lost:?}, found as well {more:?}, twice: {twice}")
            })
        }
        (found, expected) => Some(format!("{kind}?{shown}: found {found:?}, not {expected:?}")),
    }
}

fn none_is_wrong(wrong: &[String], of: usize) {
    assert!(wrong.is_empty(), "{} of {of}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The types that have resources.
fn kinds(oracle: &Oracle) -> Vec<&'static str> {
    oracle.keys().map(|key| definition(key).name).collect::<BTreeSet<_>>().into_iter().collect()
}
