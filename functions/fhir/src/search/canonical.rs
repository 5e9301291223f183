//! What resources are referred to by: type and id, and the canonical URL, with its version or without
//! (<https://hl7.org/fhir/R4/references.html#canonical>).

use std::collections::HashSet;

use fhir_definitions::{SearchParameter, resource_type};
use fhir_model::json::Json;
use fhir_model::operand::{Clause, Modifier, Operand};
use fhir_model::value::{Reference, Value, values};

use super::check::Check;
use super::find::{Keep, Match, some};
use crate::error::Error;
use crate::store::table::in_parallel;
use crate::store::{Key, Run, Store};

/// A type and an id; or nothing, and a canonical, `url` or `url|version`.
pub type Name = (String, String);

/// Canonicals that are looked up at once, and resources that may have them.
const AT_ONCE: usize = 300;
const MOST: usize = 1_000;

/// Whether a parameter has canonicals for values, and not references only.
#[must_use]
pub fn is_canonical(parameter: &SearchParameter) -> bool {
    parameter.paths.iter().any(|path| matches!(path.kind, "canonical" | "uri"))
}

/// What a resource is referred to by.
#[must_use]
pub fn own(key: &Key, resource: &Json<'_>) -> Vec<Name> {
    let mut names = vec![(key.resource_type.to_owned(), key.id.clone())];
    if let Some(url) = resource.text("url") {
        names.push((String::new(), url.to_owned()));
        names.extend(resource.text("version").map(|version| (String::new(), format!("{url}|{version}"))));
    }
    names
}

/// The name that a reference has for what it is to, if that may be here.
#[must_use]
pub fn named(parameter: &SearchParameter, reference: Reference) -> Option<Name> {
    let Reference { resource_type, id, version, url, .. } = reference;
    resource_type.zip(id).or_else(|| {
        let url = url.filter(|url| is_canonical(parameter) && !url.starts_with('#'))?;
        Some((String::new(), version.map_or_else(|| url.clone(), |version| format!("{url}|{version}"))))
    })
}

/// The names of what a parameter refers to.
pub fn references(parameter: &'static SearchParameter, resource: &Json<'_>, base: &str) -> impl Iterator<Item = Name> {
    values(parameter, resource, base).into_iter().filter_map(|value| match value {
        Value::Reference(reference) => named(parameter, reference),
        _ => None,
    })
}

/// Types and ids instead of canonicals: of resources of those types that have these names.
pub async fn resolved(
    store: &Store,
    run: &Run,
    names: impl IntoIterator<Item = Name>,
    types: &[&'static str],
) -> Result<HashSet<Name>, Error> {
    let (canonicals, mut ids): (HashSet<Name>, HashSet<Name>) =
        names.into_iter().partition(|(kind, _)| kind.is_empty());
    let mut urls: Vec<&str> = canonicals.iter().map(|(_, name)| url(name)).collect();
    urls.sort_unstable();
    urls.dedup();
    let types = types.iter().filter_map(|kind| resource_type(kind).filter(|kind| kind.parameter("url").is_some()));
    let lookups = types.flat_map(|kind| urls.chunks(AT_ONCE).map(move |urls| (kind, urls)));
    let found = in_parallel(lookups.map(async |(kind, urls)| {
        let Some(parameter) = kind.parameter("url") else { return Ok(Vec::new()) };
        let operands = urls.iter().map(|url| Operand::Uri((*url).to_owned())).collect();
        let check = Check::Clause(Clause { parameter, modifier: Modifier::None, operands });
        let found = some(store, run, kind, vec![check], MOST, Keep::All).await?;
        let found = found.filter(|found| found.next.is_none()).map(|found| found.matches);
        found.ok_or_else(|| {
            Error::TooCostly(format!("more than {MOST} resources have the canonical URLs of this search"))
        })
    }))
    .await?;
    let is_meant = |found: &&Match| {
        let resource = Json::parse(&found.json).unwrap_or(Json::Null);
        own(&found.version.key, &resource).iter().any(|name| canonicals.contains(name))
    };
    let keys = found.iter().flatten().filter(is_meant).map(|found| &found.version.key);
    ids.extend(keys.map(|key| (key.resource_type.to_owned(), key.id.clone())));
    Ok(ids)
}

/// A canonical without its version.
#[must_use]
pub fn url(name: &str) -> &str {
    name.split_once('|').map_or(name, |(url, _)| url)
}
