//! Finding: candidates in order, fetched and checked ([`collect`]), until there are enough.

mod collect;

use std::collections::HashSet;

use collect::Collected;
pub(super) use collect::json;
use fhir_definitions::{ResourceType, SearchParameter};

use super::canonical::Name;
use super::check::Check;
use super::merge::{Candidate, Merge, Position};
use super::source::{self, Parts, Source, Wanted};
use crate::error::Error;
use crate::index;
use crate::store::room::MOST_ROWS;
use crate::store::table::in_parallel;
use crate::store::{Key, Run, Store, Version};

/// What one request may cost: candidates that are fetched, and index rows that are read.
const MOST_FETCHED: usize = 10_000;
/// Candidates that are fetched in one round.
const ROUND: std::ops::RangeInclusive<usize> = 100..=400;
/// Bytes of candidates, packed, that one round fetches, if they are as large as those before them.
const HEAVY: usize = 8 << 20;
/// Rows that are read of each list in one round, where lists are intersected or most candidates may be wrong.
const ROWS: usize = 300;

/// A resource that was found.
#[derive(Clone, Debug)]
pub struct Match {
    /// Where it stands in the source's order.
    pub place: String,
    /// The type that its place is of: the resource's own, but in the log of all types.
    pub kind: &'static str,
    /// The version.
    pub version: Version,
    /// Its JSON.
    pub json: Vec<u8>,
}

impl Match {
    /// Its position in the source's order.
    fn at(&self) -> Position {
        Position { place: self.place.clone(), kind: self.kind.to_owned() }
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Found {
    /// Resources, in the source's order.
    pub matches: Vec<Match>,
    /// Of [`Keep::Names`] and [`Keep::Targets`].
    pub names: HashSet<Name>,
    /// How many there are.
    pub count: usize,
    /// Where to go on, if there may be more.
    pub next: Option<Position>,
}

/// What is kept of what is found.
#[derive(Clone, Copy, Debug)]
pub enum Keep {
    /// Nothing: how many there are is the question.
    Count,
    /// What they are referred to by.
    Names,
    /// What they refer to by that parameter.
    Targets(&'static SearchParameter),
    /// Their versions.
    Versions,
    /// Their versions and JSON, so many bytes of it, but at least one resource: then the page ends.
    Page(usize),
    /// Their versions and JSON. More than 64 MB are too much.
    All,
}

/// What to look for.
#[derive(Debug)]
pub struct Task<'t> {
    /// Types with what must hold of their resources.
    pub wanted: &'t [Wanted],
    /// Where candidates come from.
    pub source: Source,
    /// Against the source's order?
    pub backward: bool,
    /// Only what comes after that.
    pub after: Option<&'t Position>,
    /// So many, at most.
    pub limit: usize,
    /// What is wanted of them.
    pub keep: Keep,
}

/// Finds what is wanted. Where it takes too long, it ends early, and says where to go on.
pub async fn find(store: &Store, run: &Run, task: &Task<'_>) -> Result<Found, Error> {
    let mut found = Collected::new(task);
    let _room = store.room_for_rows(parts(task) * rows(task, parts(task))).await;
    match &task.source {
        Source::Keys(keys) => by_keys(store, run, task, keys, &mut found).await?,
        Source::Lists(lists) if task.backward => latest_first(store, run, task, lists, &mut found).await?,
        Source::Lists(lists) => {
            let mut merges = merges(task, lists, task.after);
            fill(store, run, task, merges.iter_mut()).await?;
            by_merges(store, run, task, merges, &mut found).await?;
        }
        Source::Sorted(parts) | Source::Log(parts) => {
            let mut merges = merges(task, std::slice::from_ref(parts), task.after);
            fill(store, run, task, merges.iter_mut()).await?;
            by_merges(store, run, task, merges, &mut found).await?;
        }
    }
    found.finish(store, run, task).await
}

fn merges(task: &Task<'_>, lists: &[Parts], after: Option<&Position>) -> Vec<Merge> {
    lists.iter().map(|parts| Merge::new(parts.clone(), task.backward, after)).collect()
}

/// The first round of reading.
async fn fill(
    store: &Store,
    run: &Run,
    task: &Task<'_>,
    merges: impl Iterator<Item = &mut Merge>,
) -> Result<(), Error> {
    let rows = rows(task, parts(task));
    let read = in_parallel(merges.map(|merge| merge.fill(&store.table, run, rows)));
    read.await.map_err(Error::Store).map(drop::<Vec<()>>)
}

/// Parts of partitions that a first round reads.
fn parts(task: &Task<'_>) -> usize {
    match &task.source {
        Source::Keys(_) => 0,
        Source::Lists(lists) => lists.iter().map(Vec::len).sum::<usize>() * if task.backward { 2 } else { 1 },
        Source::Sorted(parts) | Source::Log(parts) => parts.len(),
    }
}

/// Rows that a round reads of each of so many parts.
fn rows(task: &Task<'_>, parts: usize) -> usize {
    let sure = source::is_sure(task.wanted, &task.source);
    let wanted = if sure { task.limit.saturating_add(8).clamp(8, 1_000) } else { ROWS };
    share(wanted, parts)
}

/// So many rows of each of so many parts, or fewer, that they are no more than [`MOST_ROWS`] together.
fn share(wanted: usize, parts: usize) -> usize {
    wanted.min((MOST_ROWS / parts.max(1)).max(8))
}

/// Lists against their order: those without a main date come last, whichever the direction. Their first rows are read
/// together with the others', for many a list ends within a page.
async fn latest_first(
    store: &Store,
    run: &Run,
    task: &Task<'_>,
    lists: &[Parts],
    found: &mut Collected,
) -> Result<(), Error> {
    let halves = [false, true].map(|undated| {
        let after = task.after.filter(|after| index::is_undated(&after.place) == undated);
        let passed = task.after.is_some_and(|after| index::is_undated(&after.place)) && !undated;
        let lists: Vec<Parts> = lists.iter().map(|parts| source::half(parts, undated)).collect();
        if passed { Vec::new() } else { merges(task, &lists, after) }
    });
    let [mut dated, mut undated] = halves;
    fill(store, run, task, dated.iter_mut().chain(undated.iter_mut())).await?;
    if dated.is_empty() || !by_merges(store, run, task, dated, found).await? {
        by_merges(store, run, task, undated, found).await?;
    }
    Ok(())
}

async fn by_keys(store: &Store, run: &Run, task: &Task<'_>, keys: &[Key], found: &mut Collected) -> Result<(), Error> {
    let mut candidates: Vec<Candidate> = keys
        .iter()
        .map(|key| Candidate { place: key.id.clone(), kind: key.resource_type, row: None })
        .filter(|candidate| {
            task.after.is_none_or(|after| !after.has_passed(&candidate.place, candidate.kind, task.backward))
        })
        .collect();
    candidates.sort();
    if task.backward {
        candidates.reverse();
    }
    let mut batch = first_round(task);
    while !candidates.is_empty() {
        let rest = candidates.split_off(batch.min(candidates.len()));
        if found.take(store, run, task, candidates).await? {
            break;
        }
        (candidates, batch) = (rest, next_round(batch, found));
    }
    Ok(())
}

/// Candidates that are fetched first: those of a page, or some of which nobody knows yet how large they are.
fn first_round(task: &Task<'_>) -> usize {
    match task.keep {
        Keep::Page(_) if source::is_sure(task.wanted, &task.source) => task.limit.saturating_add(1).min(*ROUND.end()),
        _ => *ROUND.start(),
    }
}

/// More and more, where few of the candidates are matches, but of large ones no more than [`HEAVY`] at once.
fn next_round(batch: usize, found: &Collected) -> usize {
    (2 * batch).min(*ROUND.end()).min(HEAVY / found.mean_weight()).max(1)
}

/// Takes what stands in all of the lists, whose first rows have been read; says whether that was enough for now.
async fn by_merges(
    store: &Store,
    run: &Run,
    task: &Task<'_>,
    mut merges: Vec<Merge>,
    found: &mut Collected,
) -> Result<bool, Error> {
    let mut batch = first_round(task).min(HEAVY / found.mean_weight()).max(1);
    let driver = driver(&merges, task.backward);
    let mut driving = merges.swap_remove(driver);
    let others: Vec<(HashSet<&str>, Option<String>)> = merges.iter().map(Merge::known).collect();
    let may_stand = |candidate: &Candidate| {
        let place = candidate.place.as_str();
        let covered = |edge: &Option<String>| match edge {
            Some(edge) if task.backward => place >= edge.as_str(),
            Some(edge) => place <= edge.as_str(),
            None => true,
        };
        others.iter().all(|(known, edge)| !covered(edge) || known.contains(place))
    };
    let early = |candidate: &Candidate| {
        let wanted = task.wanted.iter().find(|wanted| wanted.definition.name == candidate.kind);
        matches!(task.source, Source::Lists(_))
            && wanted.is_some_and(|wanted| source::is_too_early(wanted, &candidate.place))
    };
    let mut fetched = 0;
    let mut last = None;
    loop {
        let mut candidates = Vec::with_capacity(batch);
        while candidates.len() < batch {
            let taken = driving.take(batch - candidates.len());
            match taken.last() {
                Some(candidate) => last = Some(Position::of(candidate)),
                None => break,
            }
            candidates.extend(taken.into_iter().filter(|candidate| may_stand(candidate) && !early(candidate)));
        }
        let is_short = candidates.len() < batch;
        fetched += candidates.len();
        if !candidates.is_empty() && found.take(store, run, task, candidates).await? {
            return Ok(true);
        }
        if driving.is_done() {
            return Ok(false);
        }
        if is_short && driving.read >= MOST_ROWS {
            found.next = driving.reached();
            return Ok(true);
        }
        if fetched >= MOST_FETCHED {
            found.next = last;
            return Ok(true);
        }
        batch = next_round(batch, found);
        if is_short {
            let rows = share(rows(task, driving.parts()).max(ROWS), driving.parts());
            driving.fill(&store.table, run, rows).await.map_err(Error::Store)?;
        }
    }
}

/// The list that is walked: the shortest of those that were read to their end; otherwise the sparsest, whose first rows
/// reach furthest.
fn driver(merges: &[Merge], backward: bool) -> usize {
    let known = merges.iter().map(Merge::known).enumerate();
    let best = known.min_by(|(_, (one, reach)), (_, (other, far))| match (reach, far) {
        (None, None) => one.len().cmp(&other.len()),
        (None, Some(_)) => std::cmp::Ordering::Less,
        (Some(_), None) => std::cmp::Ordering::Greater,
        (Some(reach), Some(far)) if backward => reach.cmp(far),
        (Some(reach), Some(far)) => far.cmp(reach),
    });
    best.map_or(0, |(at, _)| at)
}

/// A search inside a search (a chain, `_has`, criteria): all resources of a type for which the checks hold, in no order.
/// More than `most` are too many.
pub async fn all(
    store: &Store,
    run: &Run,
    definition: &'static ResourceType,
    checks: Vec<Check>,
    most: usize,
) -> Result<Option<Vec<Match>>, Error> {
    let found = some(store, run, definition, checks, most, Keep::All).await?;
    Ok(found.filter(|found| found.next.is_none()).map(|found| found.matches))
}

/// Up to `limit` of them, and whether there may be more; none, if it would take too many reads.
pub async fn some(
    store: &Store,
    run: &Run,
    definition: &'static ResourceType,
    checks: Vec<Check>,
    limit: usize,
    keep: Keep,
) -> Result<Option<Found>, Error> {
    let wanted = [Wanted { definition, checks }];
    let Some(source) = source::source(&wanted, false) else { return Ok(None) };
    let task = Task { wanted: &wanted, source, backward: false, after: None, limit, keep };
    find(store, run, &task).await.map(Some)
}

#[cfg(test)]
mod tests;
