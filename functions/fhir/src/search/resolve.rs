//! From conditions to checks: what depends on other resources is looked up first.

use std::collections::{BTreeSet, HashSet};

use fhir_definitions::{ResourceType, SearchParameter};
use fhir_model::json::Json;
use fhir_model::operand::{Clause, Modifier, Operand};

use super::check::{Check, references};
use super::find::{Match, all};
use super::query::Condition;
use super::source::Wanted;
use super::terminology;
use crate::error::Error;
use crate::store::table::in_parallel;
use crate::store::{Key, Run, Store};

/// A chain may lead over that many resources.
const MOST_LINKED: usize = 1_000;

/// Makes checks of all conditions, for each of the types that are searched.
pub async fn wanted(
    store: &Store,
    run: &Run,
    types: &[&'static ResourceType],
    conditions: &[Condition],
) -> Result<Vec<Wanted>, Error> {
    in_parallel(types.iter().map(async |definition| {
        let checks = checks(store, run, definition, conditions).await?;
        Ok(Wanted { definition, checks })
    }))
    .await
}

async fn checks(
    store: &Store,
    run: &Run,
    definition: &'static ResourceType,
    conditions: &[Condition],
) -> Result<Vec<Check>, Error> {
    in_parallel(conditions.iter().map(|condition| check(store, run, definition, condition))).await
}

async fn check(
    store: &Store,
    run: &Run,
    definition: &'static ResourceType,
    condition: &Condition,
) -> Result<Check, Error> {
    match condition {
        Condition::Clause(clause) => terminology::resolved(store, run, clause.clone()).await.map(Check::Clause),
        Condition::Chain { parameter, targets } => {
            let linked = in_parallel(targets.iter().map(async |(target, condition)| {
                let found = linked(store, run, target, condition, parameter).await?;
                Ok::<_, Error>(found.into_iter().map(|found| (target.name.to_owned(), found.version.key.id)))
            }));
            let linked = linked.await?;
            Ok(Check::Refers(parameter, linked.into_iter().flatten().collect::<HashSet<_>>()))
        }
        Condition::Has { source, parameter, condition } => {
            let found = linked(store, run, source, condition, parameter).await?;
            let refers = |found: &Match| {
                let resource = Json::parse(&found.json);
                let to = |resource| references(parameter, &resource, store.base_url()).collect::<Vec<_>>();
                resource.map(to).unwrap_or_default()
            };
            let ids = found.iter().flat_map(refers).filter(|(kind, _)| kind == definition.name).map(|(_, id)| id);
            Ok(Check::Ids(ids.collect()))
        }
        Condition::List(id) => list(store, run, definition, id).await.map(Check::Ids),
        Condition::Compartment(name, id) => Ok(compartment(definition, name, id)),
    }
}

/// The resources at the other end of a chain's link.
async fn linked(
    store: &Store,
    run: &Run,
    definition: &'static ResourceType,
    condition: &Condition,
    parameter: &SearchParameter,
) -> Result<Vec<Match>, Error> {
    let checks = vec![Box::pin(check(store, run, definition, condition)).await?];
    let found = all(store, run, definition, checks, MOST_LINKED).await?;
    found.ok_or_else(|| {
        Error::TooCostly(format!(
            "more than {MOST_LINKED} resources of type {} match what is chained to {}: make it narrower, or search step by step",
            definition.name, parameter.code
        ))
    })
}

/// The ids of a type's resources that a List names.
async fn list(
    store: &Store,
    run: &Run,
    definition: &'static ResourceType,
    id: &str,
) -> Result<BTreeSet<String>, Error> {
    let key = Key::new("List", id);
    let current = store.current(run, std::slice::from_ref(&key)).await?.into_iter().flatten().next();
    let json = match &current {
        Some(version) => store.json(version).await?,
        None => None,
    };
    let json = json.ok_or_else(|| Error::Parameter("_list: there is no such List".to_owned()))?;
    let list = Json::parse(&json).map_err(|_| Error::internal(format!("{key} is not JSON")))?;
    let entries = list.get("entry").map(Json::items).unwrap_or_default().iter();
    let present = entries.filter(|entry| entry.get("deleted").and_then(Json::as_bool) != Some(true));
    let items = present.filter_map(|entry| entry.get("item")?.text("reference"));
    let base = format!("{}/", store.base_url());
    let ids = items.filter_map(|reference| {
        let local = reference.strip_prefix(&base).unwrap_or(reference);
        let mut parts = local.split('/');
        (parts.next() == Some(definition.name)).then(|| parts.next().map(str::to_owned))?
    });
    Ok(ids.collect())
}

/// <https://hl7.org/fhir/R4/compartmentdefinition.html>
fn compartment(definition: &'static ResourceType, name: &'static str, id: &str) -> Check {
    if definition.name == name {
        return Check::Ids(BTreeSet::from([id.to_owned()])); // the resource itself is in it
    }
    let codes = definition.compartment(name).unwrap_or_default();
    let clauses = codes.iter().filter_map(|code| {
        let parameter = definition.parameter(code)?;
        let operand = Operand::Reference {
            resource_type: Some(name.to_owned()),
            id: Some(id.to_owned()),
            url: None,
            version: None,
        };
        Some(Clause { parameter, modifier: Modifier::None, operands: vec![operand] })
    });
    Check::AnyOf(clauses.collect())
}
