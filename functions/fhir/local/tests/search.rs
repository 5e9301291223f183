//! Search compared with an oracle that looks at every resource: hundreds of searches that are made up of what is stored.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a step that fails ends the test")]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use common::generate::{Generator, Parameter, Random, definition};
use common::oracle::Oracle;
use common::{Client, data, encoded, url};
use fhir_definitions::{SearchKind, resource_type};
use fhir_model::value::Value;
use serde_json::{Value as Serde, json};
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

/// What a resource stands at in an order: texts and numbers that compare as R4 says.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
enum Place {
    Text(String),
    Number(f64),
    Time(i64),
}

fn place(oracle: &Oracle, key: &str, code: &str, descending: bool) -> Option<Place> {
    let parameter = definition(key).parameter(code).unwrap();
    let values = oracle.values(key, parameter);
    let places = values.iter().filter_map(|value| match value {
        Value::Date(span) if descending => Some(Place::Time(span.to.or(span.from)?)),
        Value::Date(span) => Some(Place::Time(span.from.or(span.to)?)),
        Value::Number(from, to) => Some(Place::Number(from.as_ref().or(to.as_ref())?.to_f64())),
        Value::Quantity(quantity) => Some(Place::Number(quantity.from.as_ref().or(quantity.to.as_ref())?.to_f64())),
        Value::String(text) => Some(Place::Text(fhir_model::text::normalize(text))),
        Value::Token(token) => Some(Place::Text(token.code.clone().or(token.text.clone())?)),
        Value::Uri(uri) => Some(Place::Text(uri.clone())),
        Value::Reference(to) => match (&to.resource_type, &to.id) {
            (Some(kind), Some(id)) => Some(Place::Text(format!("{kind}/{id}"))),
            _ => Some(Place::Text(to.url.clone().or(to.id.clone())?)),
        },
        Value::Composite(_) | Value::Position(..) => None,
    });
    let order = |one: &Place, other: &Place| one.partial_cmp(other).unwrap();
    if descending { places.max_by(order) } else { places.min_by(order) }
}

/// The first two neighbours that are in the wrong order. Those without a value stand together at the end.
fn disorder(oracle: &Oracle, found: &[String], sort: &[(&str, bool)]) -> Option<String> {
    found.windows(2).find_map(|pair| {
        for (code, descending) in sort {
            let places = (place(oracle, &pair[0], code, *descending), place(oracle, &pair[1], code, *descending));
            let wrong = match &places {
                (Some(one), Some(other)) if one == other => continue,
                (None, None) => continue,
                (Some(one), Some(other)) => (one > other) != *descending,
                (one, _) => one.is_none(),
            };
            return wrong.then(|| format!("{pair:?} by {code}: {places:?}"));
        }
        None
    })
}

#[test]
fn sorted_pages_are_in_order_and_complete() {
    THREADS.block_on(async {
        let (client, oracle) = shared().await;
        let mut generator = Generator { oracle, random: Random::new(5) };
        let kinds = kinds(oracle);
        let mut all = Vec::new();
        for _ in 0..80 {
            let kind = *generator.random.of(&kinds);
            let sortable: Vec<&str> = resource_type(kind)
                .unwrap()
                .parameters
                .iter()
                .filter(|it| {
                    !matches!(it.kind, SearchKind::Composite | SearchKind::Special)
                        && !it.paths.is_empty()
                        && it.code != "_id"
                })
                .filter(|it| {
                    oracle.of_type(kind).iter().any(|key| !oracle.values(key, it).is_empty())
                        || it.code == "_lastUpdated"
                })
                .map(|it| it.code)
                .collect();
            let keys: Vec<(&str, bool)> = (0..=generator.random.below(3))
                .map(|_| (*generator.random.of(&sortable), generator.random.once_in(2)))
                .collect();
            let text = keys
                .iter()
                .map(|(code, down)| format!("{}{code}", if *down { "-" } else { "" }))
                .collect::<Vec<_>>()
                .join(",");
            let key = generator.resource(kind);
            let filter: Vec<Parameter> =
                generator.random.once_in(2).then(|| generator.plain(&key)).flatten().into_iter().collect();
            let Ok(expected) = oracle.search(kind, &filter) else { continue };
            let count = (*generator.random.of(&[1, 3, 7, 50])).max(expected.len() / 15);
            let mut asked = filter.clone();
            asked.extend([("_sort".to_owned(), text), ("_count".to_owned(), count.to_string())]);
            let path = url(kind, &asked);
            match client.search(&path).await {
                Ok(found) => {
                    let set: BTreeSet<String> = found.iter().cloned().collect();
                    if set != expected || set.len() != found.len() {
                        all.push(format!(
                            "{path} {asked:?}: found {} ({} different), not {}",
                            found.len(),
                            set.len(),
                            expected.len()
                        ));
                    }
                    all.extend(disorder(oracle, &found, &keys).map(|wrong| format!("{path} {asked:?}: {wrong}")));
                }
                Err(error) => all.push(format!("{path} {asked:?}: {error:?}")),
            }
        }
        none_is_wrong(&all, 80);
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

/// `_include` and `_revinclude`, naively.
struct Included<'o> {
    oracle: &'o Oracle,
    includes: Vec<(&'static str, String)>,
}

impl Included<'_> {
    fn from(&self, from: &BTreeSet<String>, iterating: bool) -> BTreeSet<String> {
        let mut to = BTreeSet::new();
        for (name, value) in self.includes.iter().filter(|(name, _)| !iterating || name.ends_with(":iterate")) {
            let mut parts = value.split(':');
            let (source, code, target) = (parts.next().unwrap(), parts.next().unwrap_or("*"), parts.next());
            for key in self.oracle.keys().filter(|key| source == "*" || definition(key).name == source) {
                let parameters = definition(key).parameters.iter();
                let parameters =
                    parameters.filter(|it| it.kind == SearchKind::Reference && (code == "*" || it.code == code));
                for other in parameters.flat_map(|it| self.oracle.references(key, it)) {
                    if self.oracle.get(&other).is_none()
                        || target.is_some_and(|target| definition(&other).name != target)
                    {
                        continue;
                    }
                    if name.starts_with("_revinclude") && from.contains(&other) {
                        to.insert(key.clone());
                    }
                    if name.starts_with("_include") && from.contains(key) {
                        to.insert(other);
                    }
                }
            }
        }
        to
    }

    fn all(&self, matches: &BTreeSet<String>) -> BTreeSet<String> {
        let mut all = BTreeSet::new();
        let mut frontier = self.from(matches, false);
        while !frontier.is_empty() {
            frontier.retain(|key| !matches.contains(key) && !all.contains(key));
            all.extend(frontier.iter().cloned());
            frontier = self.from(&frontier, true);
        }
        all
    }
}

#[test]
fn what_is_included_is_what_the_references_say() {
    THREADS.block_on(async {
        let (client, oracle) = shared().await;
        let table: &[(&str, &[(&'static str, &str)])] = &[
            ("Observation?_id=own-1", &[("_include", "Observation:subject")]),
            (
                "Observation?_id=own-1",
                &[("_include", "Observation:subject:Patient"), ("_include", "Observation:encounter")],
            ),
            ("Observation?_id=own-1", &[("_include", "Observation:subject:Group")]),
            ("Observation?_id=own-1", &[("_include", "Observation:*")]),
            ("Observation?_id=own-1", &[("_include", "*")]),
            (
                "Observation?_id=own-1",
                &[("_include", "Observation:patient"), ("_include:iterate", "Patient:general-practitioner")],
            ),
            (
                "Observation?_id=own-1",
                &[
                    ("_include", "Observation:patient"),
                    ("_include:iterate", "Patient:*"),
                    ("_include:iterate", "Organization:partof"),
                ],
            ),
            ("Observation?_id=own-1", &[("_include:iterate", "*")]),
            (
                "Observation?_id=own-2",
                &[("_include:iterate", "Observation:has-member"), ("_include:iterate", "Observation:subject")],
            ),
            ("Patient?_id=own-1", &[("_revinclude", "Observation:subject")]),
            ("Patient?_id=own-1", &[("_revinclude", "Observation:patient"), ("_revinclude", "Encounter:patient")]),
            ("Patient?_id=own-1", &[("_revinclude", "*")]),
            ("Patient?_id=own-1", &[("_revinclude", "Observation:*"), ("_include", "Patient:organization")]),
            ("Patient?_id=own-2", &[("_revinclude:iterate", "*")]),
            ("Patient?_id=own-1,own-2", &[("_revinclude", "Patient:link"), ("_include", "Patient:link")]),
            ("Patient?gender=male,female", &[("_revinclude", "Condition:patient"), ("_revinclude", "Claim:patient")]),
            (
                "Organization?_id=own-2",
                &[
                    ("_revinclude:iterate", "Organization:partof"),
                    ("_revinclude:iterate", "Patient:organization"),
                    ("_revinclude:iterate", "Observation:subject"),
                ],
            ),
            (
                "Encounter?_count=200",
                &[
                    ("_include", "Encounter:service-provider"),
                    ("_include", "Encounter:participant"),
                    ("_include", "Encounter:subject"),
                ],
            ),
            (
                "Claim?_count=200",
                &[
                    ("_include", "Claim:patient"),
                    ("_include", "Claim:encounter"),
                    ("_include:iterate", "Encounter:participant"),
                ],
            ),
            (
                "Location?_id=own-1",
                &[("_revinclude", "Encounter:location"), ("_include", "Location:organization:Organization")],
            ),
        ];
        let mut all = Vec::new();
        for (search, includes) in table {
            let asked =
                includes.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&");
            let answer = client.get(&format!("/{search}&{asked}")).await;
            if answer.status != 200 {
                all.push(format!("{search}&{asked}: {}", answer.text()));
                continue;
            }
            let page = common::Page(answer.json());
            let matches: BTreeSet<String> = page.matches().into_iter().collect();
            let oracle = Included {
                oracle,
                includes: includes.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            };
            let (found, expected) = (page.included(), oracle.all(&matches));
            let set: BTreeSet<String> = found.iter().cloned().collect();
            if set.len() != found.len() || set != expected {
                all.push(format!("{search}&{asked}: {found:?}, not {expected:?}"));
            }
        }
        none_is_wrong(&all, table.len());
    });
}

#[test]
fn compartments_hold_what_their_parameters_say() {
    THREADS.block_on(async {
        let (client, oracle) = shared().await;
        let mut all = Vec::new();
        let mut count = 0;
        let owners =
            oracle.keys().filter(|key| matches!(definition(key).name, "Patient" | "Encounter" | "Practitioner"));
        for owner in owners.collect::<Vec<_>>().into_iter().rev().take(4) {
            let name = definition(owner).name;
            let inside = |key: &&String| {
                let codes = definition(key).compartment(name).unwrap_or_default().iter();
                let mut parameters = codes.filter_map(|code| definition(key).parameter(code));
                *key == owner || parameters.any(|it| oracle.references(key, it).contains(owner))
            };
            let expected: BTreeSet<String> = oracle.keys().filter(inside).cloned().collect();
            let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::from([("*".to_owned(), expected.clone())]);
            for kind in ["Observation", "Encounter", "Condition", "List", "DiagnosticReport"] {
                if resource_type(kind).unwrap().compartment(name).is_some() && kind != name {
                    asked.insert(
                        kind.to_owned(),
                        expected.iter().filter(|key| definition(key).name == kind).cloned().collect(),
                    );
                }
            }
            for (kind, expected) in asked {
                count += 1;
                let found = client.search(&format!("/{owner}/{kind}?_count=50")).await;
                let set = found.clone().map(|found| found.into_iter().collect::<BTreeSet<_>>());
                if set.as_ref() != Ok(&expected) || found.as_ref().unwrap().len() != expected.len() {
                    all.push(format!("{owner}/{kind}: {found:?}, not {expected:?}"));
                }
            }
        }
        none_is_wrong(&all, count);
        let found = client.search("/Patient/own-1/Observation?code=85354-9").await.unwrap();
        assert_eq!(found, ["Observation/own-1"]);
    });
}

#[test]
fn all_ways_to_search_find_the_same() {
    THREADS.block_on(async {
        let (client, oracle) = shared().await;
        let form = [("content-type", "application/x-www-form-urlencoded")];
        for (kind, query, body) in [
            ("Patient", "", "family=müller&_count=200"),
            ("Observation", "?status=final", "subject=Patient%2Fown-1&_count=200"),
            ("Observation", "?status=final&_count=200", ""),
            ("Encounter", "", "_count=200"),
        ] {
            let posted = client.send(&format!("POST /{kind}/_search{query}"), &form, body.replace('ü', "%C3%BC")).await;
            assert_eq!(posted.status, 200, "{}", posted.text());
            let joined = [query.trim_start_matches('?'), &body.replace('ü', "%C3%BC")]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("&");
            let got = client.page(&format!("/{kind}?{joined}")).await;
            assert!(!got.matches().is_empty(), "{joined}");
            assert_eq!(common::Page(posted.json()).matches(), got.matches(), "{kind} {query} {body}");
        }
        let found = client.search("/?_type=Patient,Observation,List&_id=own-1").await.unwrap();
        assert_eq!(
            found.into_iter().collect::<BTreeSet<_>>(),
            BTreeSet::from(["List/own-1", "Observation/own-1", "Patient/own-1"].map(str::to_owned))
        );
        let of_all: BTreeSet<String> = client.search("/?_id=own-1").await.unwrap().into_iter().collect();
        assert_eq!(of_all, oracle.keys().filter(|key| key.ends_with("/own-1")).cloned().collect());
        let all: Vec<String> = client.search("/?_lastUpdated=gt2000&_count=50").await.unwrap();
        assert_eq!(all.iter().collect::<BTreeSet<_>>(), oracle.keys().collect());
        assert_eq!(all.len(), oracle.keys().count());
        let two: BTreeSet<String> =
            client.search("/?_type=Patient,Organization&_count=7").await.unwrap().into_iter().collect();
        assert_eq!(
            two,
            oracle.keys().filter(|key| matches!(definition(key).name, "Patient" | "Organization")).cloned().collect()
        );
        let tagged =
            client.search(&url("", &[("_tag".to_owned(), r"https://example.org/tags|a\,b\|c\$d\\e".to_owned())])).await;
        assert_eq!(tagged.unwrap(), ["Patient/own-1"]);
        for (search, expected) in [
            ("/Patient?_list=own-1", vec!["Patient/own-1"]),
            ("/Observation?_list=own-1", vec!["Observation/own-2"]),
            ("/Observation?_list=own-1&status=final", vec![]),
            ("/Encounter?_list=own-1", vec![]),
        ] {
            assert_eq!(client.search(search).await.unwrap(), expected, "{search}");
        }
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_parameter_is_an_error_unless_the_client_is_lenient() {
    let client = Client::start().await;
    client.keep(&json!({"resourceType": "Patient", "id": "p", "active": true})).await;
    for (search, self_link) in [
        ("/Patient?unheard=of&active=true", "/Patient?active=true"),
        ("/Patient?active=true&unheard:exact=x", "/Patient?active=true"),
        ("/Patient?unheard=of", "/Patient"),
    ] {
        let strict = client.send(&format!("GET {search}"), &[("prefer", "handling=strict")], "").await;
        assert_eq!((client.get(search).await.status, strict.status), (400, 400), "{search}");
        let lenient = client.send(&format!("GET {search}"), &[("prefer", "handling=lenient")], "").await;
        assert_eq!(lenient.status, 200, "{search}: {}", lenient.text());
        let page = common::Page(lenient.json());
        assert_eq!(page.matches(), ["Patient/p"]);
        assert_eq!(page.link("self").unwrap(), format!("{}{self_link}", client.base));
    }
    // Known parameters with wrong values or modifiers are errors in any case.
    for search in
        ["/Patient?birthdate=yesterday", "/Patient?active:exact=true", "/Patient?_sort=nothing", "/Patient?_count=some"]
    {
        assert_eq!(client.get(search).await.status, 400, "{search}");
    }
}
