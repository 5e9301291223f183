//! All of HL7's examples, and resources of our own, survive: they are created, read as they were, and found by each of
//! their own search parameters' values; and nothing else is found.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a step that fails ends the test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::oracle::Oracle;
use common::queries::searches;
use common::{Client, data, url};
use fhir_definitions::resource_type;
use fhir_model::json::Json;

/// Searches that are under way at the same time.
const AT_ONCE: usize = 8;

/// The same text for JSON that means the same; numbers keep their digits.
fn meaning(json: &Json<'_>) -> String {
    match json {
        Json::Object(object) => {
            let members: BTreeMap<&str, String> = object.iter().map(|(name, value)| (name, meaning(value))).collect();
            format!("{members:?}")
        }
        Json::Array(_) => format!("{:?}", json.items().iter().map(meaning).collect::<Vec<_>>()),
        other => String::from_utf8(other.to_vec()).unwrap(),
    }
}

/// Without what the server sets.
fn unversioned(text: &[u8]) -> String {
    let mut json = Json::parse(text).unwrap();
    if let Some(meta) = json.get_mut("meta").and_then(Json::as_object_mut) {
        meta.remove("versionId");
        meta.remove("lastUpdated");
        if meta.is_empty() {
            json.as_object_mut().unwrap().remove("meta");
        }
    }
    meaning(&json)
}

/// Puts the resource, or posts it if it has no id, and reads it.
async fn survives(client: &Client, name: &str, text: &[u8]) -> Vec<u8> {
    let resource = Json::parse(text).unwrap();
    let kind = resource.text("resourceType").unwrap();
    let what = match resource.text("id") {
        Some(id) => format!("PUT /{kind}/{id}"),
        None => format!("POST /{kind}"),
    };
    let created = client.put(&what, text.to_vec()).await;
    assert_eq!(created.status, 201, "{name}: {}", created.text());
    let location = created.header("location").strip_prefix(&client.base).unwrap().to_owned();
    let place = location.split("/_history/").next().unwrap();
    for path in [place, &location] {
        let read = client.get(path).await;
        assert_eq!(read.status, 200, "{name} at {path}: {}", read.text());
        assert_eq!(unversioned(&read.body), unversioned(text), "{name} at {path}");
    }
    client.get(place).await.body.to_vec()
}

/// Every search by a value of a resource, once, with what it must find; by each value in `ways` forms (`system|code`, `code`, ...).
fn all_searches(oracle: &Oracle, ways: usize) -> BTreeMap<String, BTreeSet<String>> {
    let mut all: BTreeMap<(&str, String, String), BTreeSet<String>> = BTreeMap::new();
    for key in oracle.keys() {
        let definition = resource_type(key.split_once('/').unwrap().0).unwrap();
        for parameter in definition.parameters {
            for (modifier, text) in
                oracle.values(key, parameter).iter().flat_map(|value| searches(value).into_iter().take(ways))
            {
                let name = [Some(parameter.code), modifier].into_iter().flatten().collect::<Vec<_>>().join(":");
                all.entry((definition.name, name, text)).or_default().insert(key.clone());
            }
        }
    }
    let with_expected = |((kind, name, text), by): ((&str, String, String), BTreeSet<String>)| {
        let expected = oracle
            .search(kind, &[(name.clone(), text.clone())])
            .unwrap_or_else(|why| panic!("{kind}?{name}={text}: {why}"));
        assert!(expected.is_superset(&by), "{kind}?{name}={text} must find {by:?}");
        (url(kind, &[(name, text), ("_count".to_owned(), "200".to_owned())]), expected)
    };
    all.into_iter().map(with_expected).collect()
}

/// Asks the server for all of them, and tells of those that go wrong.
async fn wrong(client: &Arc<Client>, searches: BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut searches = searches.into_iter();
    let mut running = tokio::task::JoinSet::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((path, expected)) = searches.next()
        {
            let client = Arc::clone(client);
            running.spawn(async move {
                let found = client.search(&path).await;
                let listed = found.clone().map(|found| found.into_iter().collect::<BTreeSet<_>>());
                let twice = found.as_ref().is_ok_and(|found| found.len() != listed.as_ref().unwrap().len());
                (listed.as_ref() != Ok(&expected) || twice).then(|| format!("{path}: {found:?}, not {expected:?}"))
            });
        }
        match running.join_next().await {
            Some(result) => wrong.extend(result.unwrap()),
            None => return wrong,
        }
    }
}

async fn all_survive_and_are_found(resources: &[(String, Vec<u8>)], ways: usize) {
    let client = Arc::new(Client::start().await);
    let mut oracle = Oracle::new(&client.base);
    for (name, text) in resources {
        oracle.put(&survives(&client, name, text).await);
    }
    let searches = all_searches(&oracle, ways);
    let count = searches.len();
    let wrong = wrong(&client, searches).await;
    eprintln!("{} resources, {count} searches", resources.len());
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn our_resources_survive_and_are_found_by_each_of_their_values() {
    all_survive_and_are_found(&data::own(), usize::MAX).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_official_examples_survive_and_are_found_by_each_of_their_values() {
    all_survive_and_are_found(&data::official(), 1).await;
}
