//! Where a search's candidates come from: chosen by the shape of the search alone, so that a cursor means the same on
//! every page.

use fhir_definitions::ResourceType;
use fhir_model::json::Json;
use fhir_model::operand::{Modifier, Operand, Prefix};
use fhir_model::time;
use fhir_model::value::Span;

use super::access::{self, Access};
use super::check::Check;
use super::merge::Candidate;
use crate::index::{self, NARROW, SHARDS};
use crate::store::table::Range;
use crate::store::{Key, Version};

/// A resource type, and what must hold of its resources.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The type.
    pub definition: &'static ResourceType,
    /// All of these.
    pub checks: Vec<Check>,
}

/// Partitions of one or more types.
pub type Parts = Vec<(&'static ResourceType, Range)>;

/// Where candidates come from, and in which order.
#[derive(Clone, Debug)]
pub enum Source {
    /// These resources, by id.
    Keys(Vec<Key>),
    /// Those that stand in all of these unions of lists, in the index's order.
    Lists(Vec<Parts>),
    /// Those in these parts of partitions that are sorted by a value.
    Sorted(Parts),
    /// The log's, by when they were last updated.
    Log(Parts),
}

/// More partitions than that are not read for one search.
const MOST_PARTS: usize = 1_300;

/// The source for a search; none, if there would be too many partitions to read.
#[must_use]
pub fn source(wanted: &[Wanted], ordered: bool) -> Option<Source> {
    let of_type: Vec<(&Wanted, Vec<Access>)> = wanted
        .iter()
        .map(|wanted| (wanted, wanted.checks.iter().map(|check| access::access(wanted.definition, check)).collect()))
        .collect();
    let keys = || of_type.iter().map(|(wanted, accesses)| ids(wanted, accesses)).collect::<Option<Vec<_>>>();
    if let Some(keys) = keys() {
        let mut keys = keys.concat();
        keys.sort();
        keys.dedup();
        return Some(Source::Keys(keys));
    }
    let lists = of_type.iter().map(|(wanted, accesses)| lists(wanted, accesses)).collect::<Option<Vec<_>>>();
    let found = match (lists, of_type.as_slice()) {
        (Some(lists), _) => Source::Lists(joined(lists)),
        (None, [(wanted, accesses)]) if !ordered && let Some(parts) = sorted(wanted, accesses) => Source::Sorted(parts),
        (None, [(wanted, _)]) => match log(wanted.definition.name, wanted).filter(|_| !ordered) {
            Some(parts) => Source::Log(parts),
            None => Source::Lists(vec![everything(wanted)]),
        },
        (None, several) if several.len() == fhir_definitions::RESOURCE_TYPES.len() => {
            let first = several.first()?.0;
            Source::Log(log("", first).unwrap_or_else(|| logs("", first.definition, "", None)))
        }
        (None, several) => Source::Lists(vec![several.iter().flat_map(|(wanted, _)| everything(wanted)).collect()]),
    };
    let parts = match &found {
        Source::Lists(lists) => lists.iter().map(Vec::len).sum(),
        Source::Sorted(parts) | Source::Log(parts) => parts.len(),
        Source::Keys(_) => 0,
    };
    (parts <= MOST_PARTS).then_some(found)
}

/// The log as a source, for what is sorted by `_lastUpdated` and can't be looked up by anything else.
#[must_use]
pub fn by_log(wanted: &[Wanted]) -> Option<Source> {
    match source(wanted, true)? {
        Source::Lists(lists) if is_everything(&lists, wanted) => {
            let of_type = |wanted: &Wanted| {
                let name = wanted.definition.name;
                log(name, wanted).unwrap_or_else(|| logs(name, wanted.definition, "", None))
            };
            Some(Source::Log(wanted.iter().flat_map(of_type).collect()))
        }
        Source::Log(parts) => Some(Source::Log(parts)),
        _ => None,
    }
}

fn is_everything(lists: &[Parts], wanted: &[Wanted]) -> bool {
    let all = wanted.iter().flat_map(|wanted| access::everything(wanted.definition));
    matches!(lists, [only] if only.iter().map(|(_, range)| &range.pk).cloned().eq(all))
}

/// Whether all that stands in the source's lists is wanted, as far as the index knows: every check has been looked up.
#[must_use]
pub fn is_sure(wanted: &[Wanted], source: &Source) -> bool {
    let Source::Lists(lists) = source else { return wanted.iter().all(|wanted| wanted.checks.len() <= 1) };
    let [parts] = lists.as_slice() else { return false };
    wanted.iter().all(|wanted| {
        let of_patient = format!("i#{}#@", wanted.definition.name);
        let covered = if parts.iter().all(|(_, range)| range.pk.starts_with(&of_patient)) { 2 } else { 1 };
        wanted.checks.len() <= covered
    })
}

fn ids(wanted: &Wanted, accesses: &[Access]) -> Option<Vec<Key>> {
    let ids = accesses.iter().filter_map(|access| if let Access::Ids(ids) = access { Some(ids) } else { None });
    let fewest = ids.min_by_key(|ids| ids.len())?;
    Some(fewest.iter().map(|id| Key::new(wanted.definition.name, id)).collect())
}

/// The lists that a type's candidates stand in: those of a patient together with a code where the search has both.
fn lists(wanted: &Wanted, accesses: &[Access]) -> Option<Vec<Parts>> {
    let definition = wanted.definition;
    let together = |patient| {
        wanted.checks.iter().filter_map(move |check| match check {
            Check::Clause(clause) => access::of_patient(definition, patient, clause),
            _ => None,
        })
    };
    let mut found: Vec<Vec<String>> = wanted.checks.iter().flat_map(together).collect();
    if found.is_empty() {
        found = accesses
            .iter()
            .filter_map(|access| if let Access::Lists(lists) = access { Some(lists.clone()) } else { None })
            .collect();
    }
    let latest = latest(wanted);
    let parts = |lists: Vec<String>| lists.into_iter().map(|pk| (definition, part(pk, latest.clone()))).collect();
    (!found.is_empty()).then(|| found.into_iter().map(parts).collect())
}

/// The first unions of all types together, the second ones, ...: as many as each type has.
fn joined(lists: Vec<Vec<Parts>>) -> Vec<Parts> {
    let common = lists.iter().map(Vec::len).min().unwrap_or_default();
    let mut joined = vec![Vec::new(); common];
    for of_type in lists {
        joined.iter_mut().zip(of_type).for_each(|(all, parts)| all.extend(parts));
    }
    joined
}

fn everything(wanted: &Wanted) -> Parts {
    let latest = latest(wanted);
    let lists = access::everything(wanted.definition).into_iter();
    lists.map(|pk| (wanted.definition, part(pk, latest.clone()))).collect()
}

/// The rows with a main date, or those without.
#[must_use]
pub fn half(parts: &Parts, undated: bool) -> Parts {
    let half = |(definition, range): &(&'static ResourceType, Range)| {
        let mut range = range.clone();
        if undated {
            range.from = range.from.max(index::NO_DATE.to_owned());
        } else {
            let before = index::BEFORE_NO_DATE.to_owned();
            range.to = Some(range.to.map_or(before.clone(), |to| to.min(before)));
        }
        let some = range.to.as_ref().is_none_or(|to| range.from <= *to);
        some.then_some((*definition, range))
    };
    parts.iter().filter_map(half).collect()
}

/// What is sorted by the fewest values: strings before dates and numbers.
fn sorted(wanted: &Wanted, accesses: &[Access]) -> Option<Parts> {
    let ranges =
        accesses.iter().filter_map(|access| if let Access::Sorted(ranges) = access { Some(ranges) } else { None });
    let fewest = ranges.min_by_key(|ranges| ranges.len())?;
    Some(fewest.iter().map(|range| (wanted.definition, range.clone())).collect())
}

/// The part of the log in which resources were last updated that a `_lastUpdated` wants.
fn log(kind: &str, wanted: &Wanted) -> Option<Parts> {
    let clause = wanted.checks.iter().find_map(|check| match check {
        Check::Clause(clause) if clause.parameter.code == "_lastUpdated" && clause.modifier == Modifier::None => {
            Some(clause)
        }
        _ => None,
    })?;
    let [Operand::Date { prefix, span }] = clause.operands.as_slice() else { return None };
    let (from, to) = window(*prefix, *span);
    let key = |at: Option<i64>| at.map(time::sortable);
    Some(logs(kind, wanted.definition, &key(from).unwrap_or_default(), key(to).map(|to| format!("{to}~")).as_deref()))
}

fn logs(kind: &str, definition: &'static ResourceType, from: &str, to: Option<&str>) -> Parts {
    let range = |shard| Range {
        pk: index::log_list(kind, shard),
        from: from.to_owned(),
        to: to.map(str::to_owned),
        backward: false,
        limit: 0,
        whole: false,
    };
    (0..SHARDS).map(|shard| (definition, range(shard))).collect()
}

fn part(pk: String, to: Option<String>) -> Range {
    Range { pk, from: String::new(), to, backward: false, limit: 0, whole: false }
}

/// The first and the last beginning of a point in time that the prefix may hold for.
fn window(prefix: Prefix, span: Span) -> (Option<i64>, Option<i64>) {
    match prefix {
        Prefix::Eq | Prefix::Ap => (span.from, span.to),
        Prefix::Gt | Prefix::Ge | Prefix::Sa => (span.from, None),
        Prefix::Lt | Prefix::Le | Prefix::Eb => (None, span.to),
        Prefix::Ne => (None, None),
    }
}

/// The last place at which the main date can be what the search wants: dates begin where the index places them.
fn latest(wanted: &Wanted) -> Option<String> {
    let windows = main_dates(wanted).map(|operands| {
        let ends = operands.iter().map(|operand| match operand {
            Operand::Date { prefix, span } => window(*prefix, *span).1,
            _ => None,
        });
        ends.collect::<Option<Vec<i64>>>().and_then(|ends| ends.into_iter().max())
    });
    windows.flatten().min().map(|last| format!("{}~", time::sortable(last)))
}

/// Whether a place tells already that the main date is not what the search wants: a narrow one that ends too early.
#[must_use]
pub fn is_too_early(wanted: &Wanted, place: &str) -> bool {
    let narrow = place.get(16..17) == Some("n");
    narrow
        && main_dates(wanted).any(|operands| {
            operands.iter().all(|operand| match operand {
                Operand::Date { prefix, span } => window(*prefix, *span)
                    .0
                    .is_some_and(|first| place < time::sortable(first.saturating_sub(NARROW)).as_str()),
                _ => false,
            })
        })
}

fn main_dates(wanted: &Wanted) -> impl Iterator<Item = &[Operand]> {
    let main = index::main_date(wanted.definition);
    wanted.checks.iter().filter_map(move |check| match check {
        Check::Clause(clause)
            if clause.modifier == Modifier::None && main.is_some_and(|main| main.code == clause.parameter.code) =>
        {
            Some(clause.operands.as_slice())
        }
        _ => None,
    })
}

impl Source {
    /// The resource that a candidate is.
    #[must_use]
    pub fn key(&self, candidate: &Candidate) -> Option<Key> {
        match self {
            Self::Log(_) => logged(&candidate.place),
            _ => Some(Key::new(candidate.kind, candidate.id())),
        }
    }

    /// Where the resource, as it is now, stands in this source, the first of its places if it has several: one that has
    /// moved, or stands at several places, is found once.
    #[must_use]
    pub fn place(&self, wanted: &Wanted, version: &Version, resource: &Json<'_>, base: &str) -> Option<String> {
        match self {
            Self::Keys(_) => Some(version.key.id.clone()),
            Self::Lists(_) => Some(index::order(wanted.definition, resource, &version.key.id, base)),
            // Rows of versions that were never committed may have its number, but not its time.
            Self::Log(_) => Some(index::log_place(&version.key, version.number, version.updated)),
            Self::Sorted(parts) => {
                let rows = index::rows(&version.key, resource, base);
                let inside = rows.iter().filter(|row| {
                    parts.iter().any(|(_, range)| {
                        range.pk == row.pk && row.sk >= range.from && range.to.as_ref().is_none_or(|to| row.sk <= *to)
                    })
                });
                inside.map(|row| row.sk.clone()).min()
            }
        }
    }
}

/// What a row of the log is about.
#[must_use]
pub fn logged(place: &str) -> Option<Key> {
    let (kind, id) = place.split('#').nth(1)?.split_once('/')?;
    Some(Key::new(fhir_definitions::resource_type(kind)?.name, id))
}
