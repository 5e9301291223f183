//! How the candidates for a condition are found: which partitions of the index name every resource that it may hold of.

use fhir_definitions::{ResourceType, SearchParameter};
use fhir_model::operand::{Clause, Modifier, Operand, Prefix};
use fhir_model::time;

use super::canonical;
use super::check::Check;
use crate::index::terms::CONTAINED;
use crate::index::{self, Ends, NARROW, SHARDS};
use crate::route::is_id;
use crate::store::table::Range;

/// A way to candidates: none is missing, some may be wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Access {
    /// These ids.
    Ids(Vec<String>),
    /// Whole partitions, all in the index's order.
    Lists(Vec<String>),
    /// Parts of partitions that are sorted by a value.
    Sorted(Vec<Range>),
    /// None but all resources of the type.
    Everything,
}

/// More lists than that are not read for one condition.
const MOST_LISTS: usize = 400;

/// The way to the candidates for one condition.
#[must_use]
pub fn access(definition: &'static ResourceType, check: &Check) -> Access {
    match check {
        Check::Ids(ids) => Access::Ids(ids.iter().filter(|id| is_id(id)).cloned().collect()),
        Check::Clause(clause) => of_clause(definition, clause),
        Check::AnyOf(clauses) => {
            let lists = clauses.iter().map(|clause| match of_clause(definition, clause) {
                Access::Lists(lists) => Some(lists),
                _ => None,
            });
            lists.collect::<Option<Vec<_>>>().map_or(Access::Everything, |lists| bounded(lists.concat()))
        }
        Check::Refers(parameter, to, inside) => {
            let code = parameter.served_by.unwrap_or(parameter.code);
            let lists = to.iter().filter_map(|(kind, name)| {
                let term = match kind.is_empty() {
                    true if !canonical::is_canonical(parameter) => return None,
                    true => format!("u:{}", canonical::url(name)),
                    false => format!("r:{name}"),
                };
                Some(index::list(definition.name, code, &term, None))
            });
            let contained = |shard| index::list(definition.name, code, CONTAINED, Some(shard));
            let shards = if inside.is_empty() { 0 } else { SHARDS };
            bounded(lists.chain((0..shards).map(contained)).collect())
        }
    }
}

/// Every resource of a type.
#[must_use]
pub fn everything(definition: &ResourceType) -> Vec<String> {
    (0..SHARDS).map(|shard| index::everything(definition.name, shard)).collect()
}

/// The lists of some patients' resources for which the clause may hold, if `check` says whose and the clause can be
/// looked up there.
#[must_use]
pub fn of_patient(definition: &'static ResourceType, check: &Check, clause: &Clause) -> Option<Vec<String>> {
    let (parameter, ids) = patients(check)?;
    let own = index::patient_parameter(definition)?;
    let lookup = (parameter.code == own.code || parameter.served_by == Some(own.code))
        && index::is_shared(clause.parameter)
        && index::is_indexed(clause.parameter);
    let terms = terms(clause).filter(|terms| lookup && terms.iter().all(|term| index::terms::is_specific(term)))?;
    let list = |id: &String, term: &String| index::patient_list(definition.name, id, clause.parameter.code, term);
    let lists: Vec<String> = ids.iter().flat_map(|id| terms.iter().map(move |term| list(id, term))).collect();
    (lists.len() <= MOST_LISTS).then_some(lists)
}

/// The ids that a condition wants a reference to have.
fn patients(check: &Check) -> Option<(&'static SearchParameter, Vec<String>)> {
    let id = |operand: &Operand| match operand {
        Operand::Reference { id: Some(id), .. } => Some(id.clone()),
        _ => None,
    };
    match check {
        Check::Clause(clause) if matches!(clause.modifier, Modifier::None | Modifier::Type(_)) => {
            let ids: Option<Vec<String>> = clause.operands.iter().map(id).collect();
            ids.map(|ids| (clause.parameter, ids))
        }
        Check::Refers(parameter, to, inside) => {
            let shards = if inside.is_empty() { 0 } else { SHARDS };
            let contained = (0..shards).map(index::contained_patient);
            let ids = to.iter().filter(|(kind, _)| !kind.is_empty()).map(|(_, id)| id.clone());
            Some((parameter, ids.chain(contained).collect()))
        }
        _ => None,
    }
}

fn bounded(mut lists: Vec<String>) -> Access {
    lists.sort();
    lists.dedup();
    if lists.len() <= MOST_LISTS { Access::Lists(lists) } else { Access::Everything }
}

/// The terms of which a match has at least one.
fn terms(clause: &Clause) -> Option<Vec<String>> {
    let of = |operand| index::terms::of_operand(clause.parameter, clause.modifier, operand);
    let terms: Option<Vec<Vec<String>>> = clause.operands.iter().map(of).collect();
    terms.map(|terms| terms.concat())
}

fn of_clause(definition: &'static ResourceType, clause: &Clause) -> Access {
    let parameter = clause.parameter;
    if parameter.code == "_id" {
        return ids(clause);
    }
    if let Some(component) = composite(definition, clause) {
        return of_clause(definition, &component);
    }
    let own = definition.parameter(parameter.served_by.unwrap_or(parameter.code)).filter(|own| index::is_indexed(own));
    let Some(own) = own else { return Access::Everything };
    if let Some(terms) = terms(clause) {
        let list = |term: &String, shard| index::list(definition.name, own.code, term, shard);
        let shards = if index::is_shared(own) { (0..SHARDS).map(Some).collect() } else { vec![None] };
        let lists = terms.iter().flat_map(|term| shards.iter().map(move |shard| list(term, *shard)));
        return bounded(lists.collect());
    }
    let ranges: Option<Vec<Vec<Range>>> =
        clause.operands.iter().map(|operand| ranges(definition.name, own.code, clause.modifier, operand)).collect();
    match ranges.map(|ranges| ranges.concat()) {
        Some(ranges) if ranges.len() <= MOST_LISTS => Access::Sorted(ranges),
        _ => Access::Everything,
    }
}

fn ids(clause: &Clause) -> Access {
    let id = |operand: &Operand| match operand {
        Operand::Token { code: Some(id), .. } => Some(id.clone()),
        _ => None,
    };
    let ids: Option<Vec<String>> = clause.operands.iter().map(id).collect();
    let ids = ids.filter(|_| clause.modifier == Modifier::None);
    // What is no id is no resource's, and may be too long for a key.
    ids.map_or(Access::Everything, |ids| Access::Ids(ids.into_iter().filter(|id| is_id(id)).collect()))
}

/// A composite is looked up by its first component that can be: a match matches that as well.
fn composite(definition: &'static ResourceType, clause: &Clause) -> Option<Clause> {
    let components = clause.parameter.components;
    (clause.modifier == Modifier::None && !components.is_empty()).then_some(())?;
    components.iter().enumerate().find_map(|(at, component)| {
        let parameter = definition.parameter(component.code)?;
        let operand = |operand: &Operand| match operand {
            Operand::Composite(parts) => parts.get(at).cloned(),
            _ => None,
        };
        let operands = clause.operands.iter().map(operand).collect::<Option<Vec<_>>>()?;
        let clause = Clause { parameter, modifier: Modifier::None, operands };
        (of_clause(definition, &clause) != Access::Everything).then_some(clause)
    })
}

fn ranges(kind: &str, code: &str, modifier: Modifier, operand: &Operand) -> Option<Vec<Range>> {
    match (modifier, operand) {
        (Modifier::None | Modifier::Exact, Operand::String(text)) => {
            let text = fhir_model::text::normalize(text);
            let first = text.chars().next()?;
            let from = index::cut(&text, 200).to_owned();
            let to = format!("{from}\u{10FFFF}");
            Some(vec![part(index::strings(kind, code, first), from, Some(to))])
        }
        (Modifier::None, Operand::Date { prefix, span }) => {
            let (from, to) = (span.from.unwrap_or(i64::MIN), span.to.unwrap_or(i64::MAX));
            let key = time::sortable;
            let earlier = key(from.saturating_sub(NARROW));
            bounds(kind, code, *prefix, &Bounds { narrow_from: earlier, from: key(from), to: key(to) })
        }
        (Modifier::None, Operand::Number { prefix, from, to, .. } | Operand::Quantity { prefix, from, to, .. }) => {
            let from = index::number(Some(from), true);
            bounds(kind, code, *prefix, &Bounds { narrow_from: from.clone(), from, to: index::number(Some(to), false) })
        }
        _ => None,
    }
}

/// The ends of a range that is searched for, as sort keys.
struct Bounds {
    /// Where a narrow range begins that reaches to `from`.
    narrow_from: String,
    from: String,
    to: String,
}

/// The parts of the index that hold all ranges for which the prefix may hold
/// (<https://hl7.org/fhir/R4/search.html#prefix>), each a little too large rather than too small.
fn bounds(kind: &str, code: &str, prefix: Prefix, bounds: &Bounds) -> Option<Vec<Range>> {
    let Bounds { narrow_from, from, to } = bounds;
    let until = |to: &String| Some(format!("{to}~"));
    let parts: Vec<(Ends, String, Option<String>)> = match prefix {
        Prefix::Ne => return None,
        Prefix::Eq => vec![(Ends::Narrow, narrow_from.clone(), until(to)), (Ends::From, from.clone(), until(to))],
        Prefix::Ap => vec![(Ends::Narrow, narrow_from.clone(), until(to)), (Ends::To, from.clone(), None)],
        Prefix::Gt | Prefix::Ge => vec![(Ends::Narrow, narrow_from.clone(), None), (Ends::To, from.clone(), None)],
        Prefix::Sa => vec![(Ends::Narrow, from.clone(), None), (Ends::From, from.clone(), None)],
        Prefix::Lt | Prefix::Le => {
            vec![(Ends::Narrow, String::new(), until(to)), (Ends::From, String::new(), until(to))]
        }
        Prefix::Eb => vec![(Ends::Narrow, String::new(), until(to)), (Ends::To, String::new(), until(to))],
    };
    let ranges = parts.into_iter().flat_map(|(ends, from, to)| {
        (0..SHARDS).map(move |shard| part(index::range(kind, code, ends, shard), from.clone(), to.clone()))
    });
    Some(ranges.collect())
}

fn part(pk: String, from: String, to: Option<String>) -> Range {
    Range { pk, from, to, backward: false, limit: 0, whole: false }
}
