//! From conditions to checks: what depends on other resources is looked up first.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use fhir_definitions::{ResourceType, SearchParameter};
use fhir_model::json::Json;
use fhir_model::operand::{Clause, Modifier, Operand};

use super::canonical::{self, Name};
use super::check::Check;
use super::find::{Keep, json, some};
use super::query::Condition;
use super::source::Wanted;
use super::terminology;
use crate::error::Error;
use crate::route::is_id;
use crate::store::table::in_parallel;
use crate::store::{Key, Run, Store};

/// A chain may lead over that many resources.
const MOST_LINKED: usize = 1_000;

/// A condition of which all is known that other resources say. What depends on the type that is searched is told apart.
enum Known {
    /// What is known for each of several types.
    OfTypes(Vec<(Vec<&'static ResourceType>, Known)>),
    Check(Check),
    /// These resources, by type and id.
    These(HashSet<Name>),
    /// A compartment, with those of its own type that are in it.
    Compartment(&'static str, String, BTreeSet<String>),
}

impl Known {
    fn of_type(&self, definition: &'static ResourceType) -> Check {
        match self {
            Self::OfTypes(known) => {
                let has = |types: &[&'static ResourceType]| types.iter().any(|it| it.name == definition.name);
                let found = known.iter().find(|(types, _)| has(types));
                found.map_or_else(|| Check::Ids(BTreeSet::new()), |(_, known)| known.of_type(definition))
            }
            Self::Check(check) => check.clone(),
            Self::These(these) => {
                let ids = these.iter().filter(|(kind, _)| kind == definition.name).map(|(_, id)| id.clone());
                Check::Ids(ids.collect())
            }
            Self::Compartment(name, _, same) if definition.name == *name => Check::Ids(same.clone()),
            Self::Compartment(name, id, _) => compartment(definition, name, id),
        }
    }
}

/// Makes checks of all conditions, for each of the types that are searched.
pub async fn wanted(
    store: &Store,
    run: &Run,
    types: &[&'static ResourceType],
    conditions: &[Condition],
) -> Result<Vec<Wanted>, Error> {
    let known = in_parallel(conditions.iter().map(|condition| known(store, run, condition, types))).await?;
    let checks = |definition| known.iter().map(|known| known.of_type(definition)).collect();
    Ok(types.iter().map(|definition| Wanted { definition, checks: checks(definition) }).collect())
}

/// A link of a chain, or of a reverse one.
enum Link<'c> {
    Chain(&'static SearchParameter, &'static ResourceType),
    Has(&'static ResourceType, &'static SearchParameter, &'c [&'static ResourceType]),
}

/// The links of a condition that lead to one type each, the outermost first, and what must hold at their end: a long chain
/// is followed without futures inside of futures, which would need as much stack as it is long.
fn links<'c>(
    mut condition: &'c Condition,
    mut types: &'c [&'static ResourceType],
) -> (Vec<Link<'c>>, &'c Condition, &'c [&'static ResourceType]) {
    let mut links = Vec::new();
    loop {
        match condition {
            Condition::Chain { parameter, targets } if let [(target, next)] = targets.as_slice() => {
                links.push(Link::Chain(parameter, target));
                (condition, types) = (next, std::slice::from_ref(target));
            }
            Condition::Has { source, parameter, condition: next } => {
                links.push(Link::Has(source, parameter, types));
                (condition, types) = (next, std::slice::from_ref(source));
            }
            _ => return (links, condition, types),
        }
    }
}

async fn known(
    store: &Store,
    run: &Run,
    condition: &Condition,
    types: &[&'static ResourceType],
) -> Result<Known, Error> {
    let (links, last, of) = links(condition, types);
    let mut known = end(store, run, last, of).await?;
    for link in links.into_iter().rev() {
        known = match link {
            Link::Chain(parameter, target) => {
                let check = known.of_type(target);
                let ids = linked(store, run, target, check.clone(), parameter, Keep::Names).await?;
                Known::Check(Check::Refers(parameter, ids, Arc::from([(target, check)])))
            }
            Link::Has(source, parameter, types) => {
                let check = known.of_type(source);
                let named = linked(store, run, source, check, parameter, Keep::Targets(parameter)).await?;
                let searched: Vec<&'static str> = types.iter().map(|definition| definition.name).collect();
                let types = parameter.targets.iter().copied().filter(|target| searched.contains(target));
                Known::These(canonical::resolved(store, run, named, &types.collect::<Vec<_>>()).await?)
            }
        };
    }
    Ok(known)
}

/// What is no link to one type.
async fn end(store: &Store, run: &Run, condition: &Condition, types: &[&'static ResourceType]) -> Result<Known, Error> {
    match condition {
        Condition::Clause(clause) => {
            terminology::resolved(store, run, clause.clone()).await.map(|clause| Known::Check(Check::Clause(clause)))
        }
        Condition::OfTypes(conditions) => {
            let known = in_parallel(conditions.iter().map(async |(types, condition)| {
                Ok::<_, Error>((types.clone(), Box::pin(known(store, run, condition, types)).await?))
            }));
            known.await.map(Known::OfTypes)
        }
        Condition::Chain { parameter, targets } => {
            let linked = in_parallel(targets.iter().map(async |(target, condition)| {
                let check = Box::pin(known(store, run, condition, &[target])).await?.of_type(target);
                let found = linked(store, run, target, check.clone(), parameter, Keep::Names).await?;
                Ok::<_, Error>((found, (*target, check)))
            }));
            let (ids, inside): (Vec<_>, Vec<_>) = linked.await?.into_iter().unzip();
            Ok(Known::Check(Check::Refers(parameter, ids.into_iter().flatten().collect(), inside.into())))
        }
        Condition::Has { .. } => Err(Error::internal("a reverse chain is a link")),
        Condition::List(ids) => {
            let named = in_parallel(ids.iter().map(|id| list(store, run, id))).await?;
            Ok(Known::These(named.into_iter().flatten().collect()))
        }
        Condition::Compartment(name, id) => {
            let own = types.iter().find(|definition| definition.name == *name);
            let same = match own {
                Some(own) => same(store, run, own, id).await?,
                None => BTreeSet::new(),
            };
            Ok(Known::Compartment(name, id.clone(), same))
        }
    }
}

/// The resources at the other end of a chain's link, or what they refer to.
async fn linked(
    store: &Store,
    run: &Run,
    definition: &'static ResourceType,
    check: Check,
    parameter: &SearchParameter,
    keep: Keep,
) -> Result<HashSet<Name>, Error> {
    let found = some(store, run, definition, vec![check], MOST_LINKED, keep).await?;
    found.filter(|found| found.next.is_none()).map(|found| found.names).ok_or_else(|| {
        let (kind, code) = (definition.name, parameter.code);
        Error::TooCostly(format!(
            "more than {MOST_LINKED} resources of type {kind} match the condition that {code} links to: make it \
             narrower, or search step by step"
        ))
    })
}

/// What a List names, by type and id.
async fn list(store: &Store, run: &Run, id: &str) -> Result<HashSet<Name>, Error> {
    let none = || Error::Parameter("_list: there is no such List".to_owned());
    let key = Key::new("List", Some(id).filter(|id| is_id(id)).ok_or_else(none)?);
    let current = store.current(run, std::slice::from_ref(&key)).await?.into_iter().flatten().next();
    let json = match &current {
        Some(version) => json(store, version).await?,
        None => None,
    };
    let json = json.ok_or_else(none)?;
    let list = Json::parse(&json).map_err(|_| Error::internal(format!("{key} is not JSON")))?;
    let entries = list.get("entry").map(Json::items).unwrap_or_default().iter();
    let present = entries.filter(|entry| entry.get("deleted").and_then(Json::as_bool) != Some(true));
    let items = present.filter_map(|entry| entry.get("item")?.text("reference"));
    let base = format!("{}/", store.base_url());
    let named = items.filter_map(|reference| {
        let mut parts = reference.strip_prefix(&base).unwrap_or(reference).split('/');
        Some((parts.next()?.to_owned(), parts.next()?.to_owned()))
    });
    Ok(named.collect())
}

/// Those of the compartment's own type that are in it: the resource itself, and a Patient that is linked to it.
async fn same(
    store: &Store,
    run: &Run,
    definition: &'static ResourceType,
    id: &str,
) -> Result<BTreeSet<String>, Error> {
    let mut ids = BTreeSet::from([id.to_owned()]);
    if let Check::AnyOf(clauses) = compartment(definition, definition.name, id)
        && let [Clause { parameter, .. }, ..] = clauses.as_slice()
    {
        let parameter = *parameter;
        let found = linked(store, run, definition, Check::AnyOf(clauses), parameter, Keep::Names).await?;
        ids.extend(found.into_iter().filter(|(kind, _)| kind == definition.name).map(|(_, id)| id));
    }
    Ok(ids)
}

/// <https://hl7.org/fhir/R4/compartmentdefinition.html>
fn compartment(definition: &'static ResourceType, name: &'static str, id: &str) -> Check {
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
