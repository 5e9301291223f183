//! Candidates, fetched and checked: what is wanted of them is kept.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use fhir_model::json::Json;

use super::{Found, Keep, Match, ROUND, Task};
use crate::error::Error;
use crate::index;
use crate::search::canonical::{self, Name};
use crate::search::merge::{Candidate, Position};
use crate::search::source::Source;
use crate::search::sweep::Sweeper;
use crate::store::read::RECENT;
use crate::store::table::in_parallel;
use crate::store::{Body, Key, Run, Store, StoreError, Version};

/// Bodies in S3 that are fetched at once.
const BODIES: usize = 16;
/// Bytes that one search may hold, of resources unpacked and packed.
const MOST_BYTES: usize = 64 << 20;

/// What has been found so far.
#[derive(Debug)]
pub(super) struct Collected {
    matches: Vec<Match>,
    names: HashSet<Name>,
    keep: Keep,
    limit: usize,
    bytes: usize,
    count: usize,
    last: Option<Position>,
    /// Where to go on, if it has ended early.
    pub(super) next: Option<Position>,
    sweeper: Sweeper,
    /// Candidates that were fetched, and their bytes, packed.
    fetched: (usize, usize),
    /// What was written a moment ago and stands, as it is now, elsewhere than the row that named it: there.
    moved: HashMap<Key, Moved>,
    /// What was found where it stands, or stood.
    stood: HashSet<Key>,
}

impl Collected {
    /// Nothing.
    pub(super) fn new(task: &Task<'_>) -> Self {
        Self {
            matches: Vec::new(),
            names: HashSet::new(),
            keep: task.keep,
            limit: task.limit,
            bytes: 0,
            count: 0,
            last: None,
            next: None,
            sweeper: Sweeper::default(),
            fetched: (0, 0),
            moved: HashMap::new(),
            stood: HashSet::new(),
        }
    }

    /// Fetches and checks candidates; says whether there are enough.
    pub(super) async fn take(
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
        self.fetched.0 += current.len();
        self.fetched.1 += current.iter().flatten().map(packed).sum::<usize>();
        // None: its writer may be on the way.
        let found = candidates.into_iter().zip(current).filter_map(|(candidate, version)| Some((candidate, version?)));
        let mut found = found.peekable();
        while found.peek().is_some() {
            let some: Vec<(Candidate, Version)> = found.by_ref().take(BODIES).collect();
            for (candidate, version) in fetched(store, some).await? {
                if self.look(store, run, task, &candidate, version).await? {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Checks one candidate, and takes it if it is wanted and stands there; says whether there are enough.
    async fn look(
        &mut self,
        store: &Store,
        run: &Run,
        task: &Task<'_>,
        candidate: &Candidate,
        version: Version,
    ) -> Result<bool, Error> {
        if version.is_deleted() {
            self.sweeper.look(run, candidate, &version, None, store.base_url());
            return Ok(false);
        }
        let Some(json) = json(store, &version).await? else { return Ok(false) };
        let place = place(store, task, &version, &json)?;
        if place.as_ref() != Some(&candidate.place) {
            self.sweeper.look(run, candidate, &version, Some(&json), store.base_url());
            let is_recent = version.updated >= run.began() - RECENT;
            if let Some(place) = place.filter(|_| is_recent && !self.stood.contains(&version.key)) {
                let at = Moved { place, kind: candidate.kind };
                self.moved.insert(version.key, at);
            }
            return Ok(false);
        }
        if !self.stood.insert(version.key.clone()) {
            return Ok(false); // it has moved ahead of the search, and is met again
        }
        if self.count >= self.limit || !self.has_room(&version, json.len())? {
            self.next.clone_from(&self.last);
            return Ok(true);
        }
        self.last = Some(Position::of(candidate));
        self.keep(store, candidate.place.clone(), candidate.kind, version, json);
        Ok(false)
    }

    fn keep(&mut self, store: &Store, place: String, kind: &'static str, version: Version, json: Vec<u8>) {
        self.count += 1;
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
            Keep::Versions => self.matches.push(Match { place, kind, version, json: Vec::new() }),
            Keep::Page(_) | Keep::All => self.matches.push(Match { place, kind, version, json }),
        }
    }

    /// Whether one more fits in; it is counted if it does.
    fn has_room(&mut self, version: &Version, json: usize) -> Result<bool, Error> {
        let packed = packed(version);
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

    /// Bytes of a candidate, packed, in the mean.
    pub(super) fn mean_weight(&self) -> usize {
        let (count, bytes) = self.fetched;
        (bytes / count.max(1)).max(1)
    }

    /// What was found. What has moved while the search was at it, to where the search had already been, was not met there: it
    /// is fetched once more, and taken now.
    pub(super) async fn finish(mut self, store: &Store, run: &Run, task: &Task<'_>) -> Result<Found, Error> {
        let moved = std::mem::take(&mut self.moved).into_iter();
        let missed = moved.filter(|(key, at)| !self.stood.contains(key) && self.has_passed(task, &at.position()));
        let (keys, kinds): (Vec<Key>, Vec<&'static str>) = missed.map(|(key, at)| (key, at.kind)).unzip();
        for (keys, kinds) in keys.chunks(*ROUND.start()).zip(kinds.chunks(*ROUND.start())) {
            let current = store.current(run, keys).await?;
            for (version, kind) in current.into_iter().zip(kinds) {
                if let Some(version) = version {
                    self.take_moved(store, task, version, kind).await?;
                }
            }
        }
        if !keys.is_empty() {
            self.matches.sort_by_cached_key(|found| Walked::of(task, &found.at()));
        }
        let room = self.fitting().min(self.limit);
        if self.count > room {
            self.matches.truncate(room);
            self.next = self.matches.last().map(Match::at).or(self.last);
        }
        Ok(Found { matches: self.matches, names: self.names, count: self.count.min(self.limit), next: self.next })
    }

    async fn take_moved(
        &mut self,
        store: &Store,
        task: &Task<'_>,
        version: Version,
        kind: &'static str,
    ) -> Result<(), Error> {
        let Some(json) = json(store, &version).await? else { return Ok(()) };
        let Some(place) = place(store, task, &version, &json)? else { return Ok(()) };
        let at = Position { place, kind: kind.to_owned() };
        if self.has_passed(task, &at) {
            let _ = self.has_room(&version, json.len())?; // of a page it is asked once all are in order
            self.keep(store, at.place.clone(), kind, version, json);
            self.last = Some(at);
        }
        Ok(())
    }

    /// How many of the matches a page has room for.
    fn fitting(&self) -> usize {
        let Keep::Page(most) = self.keep else { return usize::MAX };
        let mut bytes = 0;
        let fits = self.matches.iter().take_while(|found| {
            bytes += found.json.len();
            bytes <= most
        });
        fits.count().max(1)
    }

    /// Whether the search has been there, on this page.
    fn has_passed(&self, task: &Task<'_>, at: &Position) -> bool {
        let at = Walked::of(task, at);
        task.after.is_none_or(|after| Walked::of(task, after) < at)
            && self.next.as_ref().is_none_or(|next| at <= Walked::of(task, next))
    }
}

/// Where something stands that has moved, and the type that its place is of.
#[derive(Debug)]
struct Moved {
    place: String,
    kind: &'static str,
}

impl Moved {
    fn position(&self) -> Position {
        Position { place: self.place.clone(), kind: self.kind.to_owned() }
    }
}

/// Bytes of a version's body, if it has been fetched.
fn packed(version: &Version) -> usize {
    if let Body::Gzip(bytes) = &version.body { bytes.len() } else { 0 }
}

/// A position, in the order in which the search comes to it. Against the order of lists, what has no main date comes last.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Walked {
    Forward(Position),
    Backward { is_late: bool, at: Reverse<Position> },
}

impl Walked {
    fn of(task: &Task<'_>, at: &Position) -> Self {
        if !task.backward {
            return Self::Forward(at.clone());
        }
        let is_late = matches!(task.source, Source::Lists(_)) && index::is_undated(&at.place);
        Self::Backward { is_late, at: Reverse(at.clone()) }
    }
}

/// Where the resource stands in the task's source, if it is wanted.
fn place(store: &Store, task: &Task<'_>, version: &Version, json: &[u8]) -> Result<Option<String>, Error> {
    let Some(wanted) = task.wanted.iter().find(|wanted| wanted.definition.name == version.key.resource_type) else {
        return Ok(None);
    };
    let resource = Json::parse(json).map_err(|_| Error::internal(format!("{} is not JSON", version.key)))?;
    let base = store.base_url();
    let all = wanted.checks.iter().all(|check| check.accepts(&version.key.id, &resource, base));
    Ok(if all { task.source.place(wanted, version, &resource, base) } else { None })
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
pub(in crate::search) async fn json(store: &Store, version: &Version) -> Result<Option<Vec<u8>>, Error> {
    store.json(version).await.map_err(|error| lost(version, error))
}

/// Which resource of a search it is that can't be read.
fn lost(version: &Version, error: StoreError) -> Error {
    tracing::error!(resource = %version.key, version = version.number, "a version's body can't be read");
    error.into()
}
