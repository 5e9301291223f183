//! `_include` and `_revinclude`: what the found refer to, and what refers to them.

use std::collections::{HashMap, HashSet};

use fhir_definitions::{RESOURCE_TYPES, ResourceType, SearchKind, SearchParameter, resource_type};
use fhir_model::json::Json;

use super::canonical::{self, Name};
use super::find::{Match, json};
use super::query::Include;
use super::rows;
use crate::error::Error;
use crate::index;
use crate::store::table::{Range, in_parallel};
use crate::store::{Key, Run, Store};

/// Included resources of a page, and bytes of their JSON.
const MOST: usize = 1_000;
const MOST_BYTES: usize = 8_000_000;
/// Resources that are fetched at once.
const AT_ONCE: usize = 400;
/// Lists that are read for the `_revinclude`s of a page.
const MOST_LISTS: usize = 2_000;
/// Pages that are read of one list: most are one.
const MOST_PAGES: usize = 20;

/// All that is to be included with a page's matches, each once, and not what is a match itself.
pub async fn included(store: &Store, run: &Run, matches: &[Match], includes: &[Include]) -> Result<Vec<Match>, Error> {
    let mut known: HashSet<Key> = matches.iter().map(|one| one.version.key.clone()).collect();
    let mut found: Vec<Match> = Vec::new();
    let mut bytes = 0;
    let mut new = 0;
    for round in 0.. {
        let frontier = if round == 0 { matches } else { found.get(new..).unwrap_or_default() };
        let active: Vec<&Include> = includes.iter().filter(|include| round == 0 || include.iterate).collect();
        if frontier.is_empty() || active.is_empty() {
            break;
        }
        let referred = forward(store, run, frontier, &active).await?;
        let mut keys: Vec<Key> = referred.iter().cloned().collect();
        let reverse = backward(store, run, frontier, &active).await?;
        keys.extend(reverse.iter().map(|(key, _)| key.clone()));
        keys.retain(|key| !known.contains(key));
        keys.sort();
        keys.dedup();
        too_many(found.len() + keys.len() > MOST)?;
        let mut claims: HashMap<Key, HashSet<Name>> = HashMap::new();
        for (key, of) in reverse {
            claims.entry(key).or_default().extend(of.iter().cloned());
        }
        new = found.len();
        for keys in keys.chunks(AT_ONCE) {
            for version in store.current(run, keys).await?.into_iter().flatten() {
                let Some(json) = json(store, &version).await? else { continue };
                let one = Match { place: String::new(), kind: version.key.resource_type, version, json };
                let claims = claims.get(&one.version.key);
                let is_claimed = || claims.is_some_and(|claims| refers(store, &one, &active, claims));
                if referred.contains(&one.version.key) || is_claimed() {
                    bytes += one.json.len();
                    too_many(bytes > MOST_BYTES)?;
                    known.insert(one.version.key.clone());
                    found.push(one);
                }
            }
        }
    }
    Ok(found)
}

fn too_many(is: bool) -> Result<(), Error> {
    if is {
        let advice = "ask for fewer by _count, or for fewer kinds of includes";
        return Err(Error::TooCostly(format!("more than {MOST} resources would be included with this page: {advice}")));
    }
    Ok(())
}

/// The reference parameters that an include follows in resources of a type.
fn followed(include: &Include, definition: &'static ResourceType) -> Vec<&'static SearchParameter> {
    if include.source.is_some_and(|source| source.name != definition.name) {
        return Vec::new();
    }
    if let Some(parameter) = include.parameter {
        return vec![parameter];
    }
    // What another parameter serves it finds, too.
    let all = definition.parameters.iter().filter(|parameter| parameter.kind == SearchKind::Reference);
    all.filter(|parameter| parameter.served_by.is_none()).copied().collect()
}

/// What the resources refer to.
async fn forward(store: &Store, run: &Run, frontier: &[Match], includes: &[&Include]) -> Result<HashSet<Key>, Error> {
    // By the types that the names may be of: canonicals do not say.
    let mut open: HashMap<Vec<&'static str>, HashSet<Name>> = HashMap::new();
    for found in frontier {
        let (Some(definition), Ok(resource)) =
            (resource_type(found.version.key.resource_type), Json::parse(&found.json))
        else {
            continue;
        };
        for include in includes.iter().filter(|include| !include.reverse) {
            for parameter in followed(include, definition) {
                let wanted = |kind: &str| include.target.is_none_or(|target| target == kind);
                let all = canonical::references(parameter, &resource, store.base_url());
                let mut names = all.filter(|(kind, _)| kind.is_empty() || wanted(kind)).peekable();
                if names.peek().is_some() {
                    let types = parameter.targets.iter().copied().filter(|kind| wanted(kind)).collect();
                    open.entry(types).or_default().extend(names);
                }
            }
        }
    }
    let resolved =
        in_parallel(open.into_iter().map(async |(types, names)| canonical::resolved(store, run, names, &types).await));
    let keys = resolved.await?.into_iter().flatten();
    Ok(keys.filter_map(|(kind, id)| Some(Key::new(resource_type(&kind)?.name, &id))).collect())
}

/// What the index says refers to the resources, each with the names of what it refers to.
async fn backward(
    store: &Store,
    run: &Run,
    frontier: &[Match],
    includes: &[&Include],
) -> Result<Vec<(Key, Vec<Name>)>, Error> {
    let mut lists: Vec<(&'static str, String, Vec<Name>)> = Vec::new();
    for found in frontier.iter().filter(|_| includes.iter().any(|include| include.reverse)) {
        let key = &found.version.key;
        let resource = Json::parse(&found.json).unwrap_or(Json::Null);
        let names = canonical::own(key, &resource);
        let is_target = |include: &&&Include| include.target.is_none_or(|target| target == key.resource_type);
        for include in includes.iter().filter(|include| include.reverse).filter(is_target) {
            let sources: Vec<&'static ResourceType> =
                include.source.map_or_else(|| RESOURCE_TYPES.iter().collect(), |one| vec![one]);
            for source in sources {
                let parameters = followed(include, source).into_iter();
                for parameter in parameters.filter(|parameter| parameter.targets.contains(&key.resource_type)) {
                    let code = parameter.served_by.unwrap_or(parameter.code);
                    let mut list = |term: String| {
                        lists.push((source.name, index::list(source.name, code, &term, None), names.clone()));
                    };
                    list(format!("r:{}", key.id));
                    if canonical::is_canonical(parameter)
                        && let Some(url) = resource.text("url")
                    {
                        list(format!("u:{url}"));
                    }
                }
            }
        }
    }
    too_many(lists.len() > MOST_LISTS)?;
    let pages = in_parallel(lists.into_iter().map(async |(kind, pk, names)| {
        let ids = all_of(store, run, pk).await?;
        Ok::<Vec<(Key, Vec<Name>)>, Error>(ids.iter().map(|id| (Key::new(kind, id), names.clone())).collect())
    }));
    Ok(pages.await?.concat())
}

/// The ids in a list, of which some rows may have to be passed over.
async fn all_of(store: &Store, run: &Run, pk: String) -> Result<Vec<String>, Error> {
    let mut range = Range { pk, from: String::new(), to: None, backward: false, limit: MOST + 1, whole: false };
    let mut ids = Vec::new();
    for _ in 0..MOST_PAGES {
        let page = store.table.query(&range).await.map_err(Error::Store)?;
        let places = rows::counting(run, &range.pk, &page.items, false).map(|(place, _)| place);
        ids.extend(places.filter_map(|place| place.rsplit('#').next().map(str::to_owned)));
        too_many(ids.len() > MOST)?;
        match page.items.last().and_then(|item| item.get_text("sk")).filter(|_| page.more) {
            Some(last) => range.from = format!("{last}\u{0}"),
            None => return Ok(ids),
        }
    }
    too_many(true).map(|()| ids)
}

/// Whether a resource really refers to one of those that the index says it does.
fn refers(store: &Store, found: &Match, includes: &[&Include], claims: &HashSet<Name>) -> bool {
    let definition = resource_type(found.version.key.resource_type);
    let (Some(definition), Ok(resource)) = (definition, Json::parse(&found.json)) else { return false };
    let parameters =
        includes.iter().filter(|include| include.reverse).flat_map(|include| followed(include, definition));
    let mut names = parameters.flat_map(|parameter| canonical::references(parameter, &resource, store.base_url()));
    names.any(|name| claims.contains(&name))
}
