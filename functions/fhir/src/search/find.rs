//! Finding: candidates in order, fetched and checked, until there are enough.

use std::collections::HashSet;
use std::sync::Arc;

use fhir_definitions::{ResourceType, SearchParameter};
use fhir_model::json::Json;

use super::canonical::Name;
use super::check::Check;
use super::merge::{Candidate, Merge, Position};
use super::source::{self, Parts, Source, Wanted};
use super::{canonical, sweep};
use crate::error::Error;
use crate::index;
use crate::store::read::MOST_ROWS;
use crate::store::table::in_parallel;
use crate::store::{Body, Key, Run, Store, StoreError, Version};

/// What one request may cost: candidates that are fetched, and index rows that are read.
const MOST_FETCHED: usize = 10_000;
/// Candidates that are fetched in one round.
const ROUND: std::ops::RangeInclusive<usize> = 100..=400;
/// Rows that are read of each list in one round, where lists are intersected or most candidates may be wrong.
const ROWS: usize = 300;
/// Bodies in S3 that are fetched at once.
const BODIES: usize = 16;
/// Bytes that one search may hold, of resources unpacked and packed.
const MOST_BYTES: usize = 64 << 20;

/// A resource that was found.
#[derive(Clone, Debug)]
pub struct Match {
    /// Where it stands in the source's order.
    pub place: String,
    /// The version.
    pub version: Version,
    /// Its JSON.
    pub json: Vec<u8>,
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
    /// Their versions and JSON. More than [`MOST_BYTES`] are too much.
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
    let _room = run.room(parts(task) * rows(task, parts(task))).await;
    match &task.source {
        Source::Keys(keys) => by_keys(store, run, task, keys, &mut found).await?,
        Source::Lists(lists) if task.backward => latest_first(store, run, task, lists, &mut found).await?,
        Source::Lists(lists) => {
            let mut merges = merges(lists, task.backward, task.after);
            fill(store, task, merges.iter_mut()).await?;
            by_merges(store, run, task, merges, &mut found).await?;
        }
        Source::Sorted(parts) | Source::Log(parts) => {
            let mut merges = merges(std::slice::from_ref(parts), task.backward, task.after);
            fill(store, task, merges.iter_mut()).await?;
            by_merges(store, run, task, merges, &mut found).await?;
        }
    }
    Ok(found.finish())
}

fn merges(lists: &[Parts], backward: bool, after: Option<&Position>) -> Vec<Merge> {
    lists.iter().map(|parts| Merge::new(parts.clone(), backward, after)).collect()
}

/// The first round of reading.
async fn fill(store: &Store, task: &Task<'_>, merges: impl Iterator<Item = &mut Merge>) -> Result<(), Error> {
    let rows = rows(task, parts(task));
    in_parallel(merges.map(|merge| merge.fill(&store.table, rows))).await.map_err(Error::Store).map(drop::<Vec<()>>)
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
        if passed { Vec::new() } else { merges(&lists, true, after) }
    });
    let [mut dated, mut undated] = halves;
    fill(store, task, dated.iter_mut().chain(undated.iter_mut())).await?;
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
    for candidates in candidates.chunks(*ROUND.end()) {
        if found.take(store, run, task, candidates.to_vec()).await? {
            break;
        }
    }
    Ok(())
}

/// Takes what stands in all of the lists, whose first rows have been read; says whether that was enough for now.
async fn by_merges(
    store: &Store,
    run: &Run,
    task: &Task<'_>,
    mut merges: Vec<Merge>,
    found: &mut Collected,
) -> Result<bool, Error> {
    let batch = if source::is_sure(task.wanted, &task.source) {
        task.limit.saturating_add(1).min(*ROUND.end())
    } else {
        (2 * task.limit).clamp(*ROUND.start(), *ROUND.end())
    };
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
        fetched += candidates.len();
        if !candidates.is_empty() && found.take(store, run, task, candidates).await? {
            return Ok(true);
        }
        if driving.is_done() {
            return Ok(false);
        }
        if fetched >= MOST_FETCHED || driving.read >= MOST_ROWS {
            found.next = last;
            return Ok(true);
        }
        let rows = share(rows(task, driving.parts()).max(ROWS), driving.parts());
        driving.fill(&store.table, rows).await.map_err(Error::Store)?;
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

struct Collected {
    matches: Vec<Match>,
    names: HashSet<Name>,
    keep: Keep,
    limit: usize,
    bytes: usize,
    count: usize,
    last: Option<Position>,
    next: Option<Position>,
    sweeper: sweep::Sweeper,
}

impl Collected {
    fn new(task: &Task<'_>) -> Self {
        Self {
            matches: Vec::new(),
            names: HashSet::new(),
            keep: task.keep,
            limit: task.limit,
            bytes: 0,
            count: 0,
            last: None,
            next: None,
            sweeper: sweep::Sweeper::default(),
        }
    }

    /// Fetches and checks candidates; says whether there are enough.
    async fn take(
        &mut self,
        store: &Store,
        run: &Run,
        task: &Task<'_>,
        candidates: Vec<Candidate>,
    ) -> Result<bool, Error> {
        let (candidates, keys): (Vec<Candidate>, Vec<Key>) = candidates
            .into_iter()
            .filter_map(|candidate| task.source.key(&candidate).map(|key| (candidate, key)))
            .unzip();
        let current = store.current(run, &keys).await?;
        // None: its writer may be on the way.
        let found = candidates.into_iter().zip(current).filter_map(|(candidate, version)| Some((candidate, version?)));
        let mut found = found.peekable();
        while found.peek().is_some() {
            let some: Vec<(Candidate, Version)> = found.by_ref().take(BODIES).collect();
            for (candidate, version) in fetched(store, some).await? {
                if self.look(store, run, task, candidate, version).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Checks one candidate, and takes it if it is wanted; says whether there are enough.
    async fn look(
        &mut self,
        store: &Store,
        run: &Run,
        task: &Task<'_>,
        candidate: Candidate,
        version: Version,
    ) -> Result<bool, Error> {
        if version.is_deleted() {
            self.sweeper.look(run, &candidate, &version, None, store.base_url());
            return Ok(false);
        }
        let wanted = task.wanted.iter().find(|wanted| wanted.definition.name == version.key.resource_type);
        let Some((wanted, json)) = wanted.zip(json(store, &version).await?) else { return Ok(false) };
        if !holds(store, task, wanted, &candidate, &version, &json)? {
            self.sweeper.look(run, &candidate, &version, Some(&json), store.base_url());
            return Ok(false);
        }
        if self.count >= self.limit || !self.has_room(&version, json.len())? {
            self.next.clone_from(&self.last);
            return Ok(true);
        }
        self.count += 1;
        self.last = Some(Position::of(&candidate));
        match self.keep {
            Keep::Count => {}
            Keep::Names => {
                let resource = Json::parse(&json).unwrap_or(Json::Null);
                self.names.extend(canonical::own(&version.key, &resource));
            }
            Keep::Targets(parameter) => {
                let resource = Json::parse(&json).unwrap_or(Json::Null);
                self.names.extend(canonical::references(parameter, &resource, store.base_url()));
            }
            Keep::Versions => self.matches.push(Match { place: candidate.place, version, json: Vec::new() }),
            Keep::Page(_) | Keep::All => self.matches.push(Match { place: candidate.place, version, json }),
        }
        Ok(false)
    }

    /// Whether one more fits in; it is counted if it does.
    fn has_room(&mut self, version: &Version, json: usize) -> Result<bool, Error> {
        let packed = if let Body::Gzip(bytes) = &version.body { bytes.len() } else { 0 };
        let bytes = match self.keep {
            Keep::Count | Keep::Names | Keep::Targets(_) => 0,
            Keep::Versions => packed,
            Keep::Page(_) => json,
            Keep::All => json + packed,
        };
        self.bytes = self.bytes.saturating_add(bytes);
        match self.keep {
            Keep::Page(most) => Ok(self.bytes <= most || self.count == 0),
            _ if self.bytes > MOST_BYTES => Err(Error::TooCostly(format!(
                "more than {} MB of resources would have to be held at once: make the search narrower",
                MOST_BYTES >> 20
            ))),
            _ => Ok(true),
        }
    }

    fn finish(self) -> Found {
        Found { matches: self.matches, names: self.names, count: self.count, next: self.next }
    }
}

/// The same, with bodies in S3 fetched, all at once.
async fn fetched(store: &Store, found: Vec<(Candidate, Version)>) -> Result<Vec<(Candidate, Version)>, Error> {
    in_parallel(found.into_iter().map(async |(candidate, mut version)| {
        if matches!(version.body, Body::Object(_)) {
            let packed = store.gzipped(&version).await.map_err(|error| lost(&version, error))?;
            version.body = packed.map_or(Body::Deleted, |bytes| Body::Gzip(Arc::new(bytes)));
        }
        Ok((candidate, version))
    }))
    .await
}

/// A version's JSON; none for a deletion.
pub(super) async fn json(store: &Store, version: &Version) -> Result<Option<Vec<u8>>, Error> {
    store.json(version).await.map_err(|error| lost(version, error))
}

/// Which resource of a search it is that can't be read.
fn lost(version: &Version, error: StoreError) -> Error {
    tracing::error!(resource = %version.key, version = version.number, "a version's body can't be read");
    error.into()
}

fn holds(
    store: &Store,
    task: &Task<'_>,
    wanted: &Wanted,
    candidate: &Candidate,
    version: &Version,
    json: &[u8],
) -> Result<bool, Error> {
    let resource = Json::parse(json).map_err(|_| Error::internal(format!("{} is not JSON", version.key)))?;
    let base = store.base_url();
    let all = wanted.checks.iter().all(|check| check.accepts(&version.key.id, &resource, base));
    Ok(all && task.source.stands(candidate, wanted, version, &resource, base))
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
mod tests {
    use super::*;

    #[test]
    fn a_round_reads_no_more_rows_than_there_is_room_for() {
        for parts in [1, 8, 100, 400, 1_300] {
            let each = share(1_000, parts);
            assert!((8..=1_000).contains(&each) && each * parts <= MOST_ROWS, "{each} of {parts}");
        }
    }
}
