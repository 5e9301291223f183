//! Finding: candidates in order, fetched and checked, until there are enough.

use std::collections::HashSet;

use fhir_definitions::ResourceType;
use fhir_model::json::Json;

use super::merge::{Candidate, Merge};
use super::source::{self, Source, Wanted};
use super::sweep;
use crate::error::Error;
use crate::store::table::in_parallel;
use crate::store::{Key, Run, Store, Version};

/// What one request may cost: candidates that are fetched, and index rows that are read.
const MOST_FETCHED: usize = 10_000;
const MOST_ROWS: usize = 100_000;
/// Candidates that are fetched in one round.
const ROUND: std::ops::RangeInclusive<usize> = 100..=400;
/// Rows that are read of each list in one round, where lists are intersected or most candidates may be wrong.
const ROWS: usize = 300;

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
    /// How many there are.
    pub count: usize,
    /// Where to go on, if there may be more.
    pub next: Option<String>,
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
    /// Only what comes after that place.
    pub after: Option<&'t str>,
    /// So many, at most.
    pub limit: usize,
    /// So many bytes of JSON, but at least one resource; none: the JSON is not wanted.
    pub bytes: Option<usize>,
}

/// Finds what is wanted. Where it takes too long, it ends early, and says where to go on.
pub async fn find(store: &Store, run: &Run, task: &Task<'_>) -> Result<Found, Error> {
    match &task.source {
        Source::Keys(keys) => by_keys(store, run, task, keys).await,
        Source::Lists(lists) => {
            let merges = lists.iter().map(|parts| Merge::new(parts.clone(), task.backward, task.after));
            by_merges(store, run, task, merges.collect()).await
        }
        Source::Sorted(parts) | Source::Log(parts) => {
            by_merges(store, run, task, vec![Merge::new(parts.clone(), task.backward, task.after)]).await
        }
    }
}

async fn by_keys(store: &Store, run: &Run, task: &Task<'_>, keys: &[Key]) -> Result<Found, Error> {
    let mut candidates: Vec<Candidate> = keys
        .iter()
        .map(|key| Candidate { place: key.id.clone(), kind: key.resource_type, row: None })
        .filter(|candidate| match task.after {
            Some(after) if task.backward => candidate.place.as_str() < after,
            Some(after) => candidate.place.as_str() > after,
            None => true,
        })
        .collect();
    candidates.sort();
    if task.backward {
        candidates.reverse();
    }
    let mut found = Collected::new(task);
    for candidates in candidates.chunks(*ROUND.end()) {
        if found.take(store, run, task, candidates.to_vec()).await? {
            break;
        }
    }
    Ok(found.finish())
}

async fn by_merges(store: &Store, run: &Run, task: &Task<'_>, mut merges: Vec<Merge>) -> Result<Found, Error> {
    let sure = source::is_sure(task.wanted, &task.source);
    let rows = if sure { task.limit.saturating_add(8).clamp(8, 1_000) } else { ROWS };
    let batch = if sure {
        task.limit.saturating_add(1).min(*ROUND.end())
    } else {
        (2 * task.limit).clamp(*ROUND.start(), *ROUND.end())
    };
    in_parallel(merges.iter_mut().map(|merge| merge.fill(&store.table, rows))).await.map_err(Error::Store)?;
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
    let mut found = Collected::new(task);
    let mut fetched = 0;
    let mut last = None;
    loop {
        let mut candidates = Vec::with_capacity(batch);
        while candidates.len() < batch {
            let taken = driving.take(batch - candidates.len());
            match taken.last() {
                Some(candidate) => last = Some(candidate.place.clone()),
                None => break,
            }
            candidates.extend(taken.into_iter().filter(|candidate| may_stand(candidate) && !early(candidate)));
        }
        fetched += candidates.len();
        if !candidates.is_empty() && found.take(store, run, task, candidates).await? {
            return Ok(found.finish());
        }
        if driving.is_done() {
            return Ok(found.finish());
        }
        if fetched >= MOST_FETCHED || driving.read >= MOST_ROWS {
            found.next = last;
            return Ok(found.finish());
        }
        driving.fill(&store.table, rows.max(ROWS)).await.map_err(Error::Store)?;
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
    limit: usize,
    bytes: Option<usize>,
    count: usize,
    last: Option<String>,
    next: Option<String>,
    sweeper: sweep::Sweeper,
}

impl Collected {
    fn new(task: &Task<'_>) -> Self {
        Self {
            matches: Vec::new(),
            limit: task.limit,
            bytes: task.bytes,
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
        let candidates: Vec<(Candidate, Key)> = candidates
            .into_iter()
            .filter_map(|candidate| task.source.key(&candidate).map(|key| (candidate, key)))
            .collect();
        let keys: Vec<Key> = candidates.iter().map(|(_, key)| key.clone()).collect();
        let current = store.current(run, &keys).await?;
        let versions = candidates.into_iter().zip(current);
        for ((candidate, key), version) in versions {
            let Some(version) = version else { continue }; // its writer may be on the way
            if version.is_deleted() {
                self.sweeper.look(run, &candidate, &version, None, store.base_url());
                continue;
            }
            let Some(wanted) = task.wanted.iter().find(|wanted| wanted.definition.name == key.resource_type) else {
                continue;
            };
            let Some(json) = store.json(&version).await? else { continue };
            if !holds(store, task, wanted, &candidate, &version, &json)? {
                self.sweeper.look(run, &candidate, &version, Some(&json), store.base_url());
                continue;
            }
            let large = self.bytes.is_some_and(|bytes| json.len() > bytes) && self.count > 0;
            if large || self.count >= self.limit {
                self.next.clone_from(&self.last);
                return Ok(true);
            }
            self.bytes = self.bytes.map(|bytes| bytes.saturating_sub(json.len()));
            self.count += 1;
            self.last = Some(candidate.place.clone());
            if self.bytes.is_some() {
                self.matches.push(Match { place: candidate.place, version, json });
            }
        }
        Ok(false)
    }

    fn finish(self) -> Found {
        Found { matches: self.matches, count: self.count, next: self.next }
    }
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
    checks: Vec<super::check::Check>,
    most: usize,
) -> Result<Option<Vec<Match>>, Error> {
    let wanted = [Wanted { definition, checks }];
    let Some(source) = source::source(&wanted, false) else { return Ok(None) };
    let task = Task { wanted: &wanted, source, backward: false, after: None, limit: most, bytes: Some(usize::MAX) };
    let found = find(store, run, &task).await?;
    Ok(found.next.is_none().then_some(found.matches))
}
