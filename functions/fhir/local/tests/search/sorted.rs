//! `_sort`: pages are in order, and complete.

use std::collections::BTreeSet;

use fhir_definitions::{SearchKind, resource_type};
use fhir_model::value::Value;

use crate::common::generate::{Generator, Parameter, Random, definition};
use crate::common::oracle::Oracle;
use crate::common::url;
use crate::{THREADS, kinds, none_is_wrong, shared};

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
