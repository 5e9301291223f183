//! Reading current versions, so that one response sees a transaction wholly or not at all.
//!
//! A response may read many heads, one after another, while a transaction commits in between. [`Store::consistently`]
//! therefore makes the response in *runs*: a run that met a version of a transaction which had not been known to be
//! committed before the run began is thrown away, and made again knowing it. All that a transaction writes is written
//! before it commits, so the next run sees all of it. Only transactions of the last minute can do that: see [`RECENT`].

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared::aws::AwsError;

use super::item::{Item, ItemKey};
use super::sweep::Stale;
use super::table::{Change, Condition, Write, in_parallel};
use super::version::{Key, Version};
use super::{Store, StoreError};

/// A transaction's time is taken just before its commit is sent; the commit may land that much later (4 attempts of at
/// most 8 s each with pauses: shared/src/aws.rs), and clocks of two functions differ by less than a second.
pub(crate) const RECENT: i64 = 60_000;
/// What a commit may take to be seen everywhere.
const SETTLES: Duration = Duration::from_millis(30);
/// Runs of one response before it gives up: each further one needs another transaction at the same resources.
const RUNS: usize = 10;

/// How a transaction ended, if it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Pending,
    Committed,
    Aborted,
}

/// One attempt to make a response.
#[derive(Debug, Default)]
pub struct Run {
    began: i64,
    known: HashSet<String>,
    met: Mutex<HashSet<String>>,
    outcomes: Mutex<HashMap<String, Outcome>>,
    stale: Mutex<Vec<Stale>>,
}

/// What a head said: the current version, and what a writer must find unchanged when it commits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// The current version, deletions included; none, if the resource never was.
    pub current: Option<Version>,
    pub(crate) guard: Guard,
}

/// The raw state of a head or claim that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Guard {
    pub(crate) number: Option<i64>,
    pub(crate) staged: Option<String>,
}

impl Guard {
    /// That nothing has changed since it was read.
    pub(crate) fn condition(&self) -> Condition {
        match (self.number, &self.staged) {
            (None, None) => Condition::new("attribute_not_exists(v) AND attribute_not_exists(n_x)"),
            (Some(number), None) => Condition::new("v = :seen AND attribute_not_exists(n_x)").number(":seen", number),
            (None, Some(staged)) => Condition::new("attribute_not_exists(v) AND n_x = :staged").text(":staged", staged),
            (Some(number), Some(staged)) => {
                Condition::new("v = :seen AND n_x = :staged").number(":seen", number).text(":staged", staged)
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner) // nothing panics while it is held
}

impl Run {
    /// When it began, in milliseconds since 1970.
    #[must_use]
    pub fn began(&self) -> i64 {
        self.began
    }

    /// Notes the transaction that a version is of.
    pub(super) fn meet(&self, version: &Version) {
        let recent = version.transaction.as_ref().filter(|transaction| transaction.at >= self.began - RECENT);
        if let Some(transaction) = recent {
            lock(&self.met).insert(transaction.id.clone());
        }
    }

    /// Notes a row that is to go once the response is made, unless so many are to go already.
    pub(crate) fn note(&self, row: Stale, most: usize) {
        let mut stale = lock(&self.stale);
        if stale.len() < most && !stale.contains(&row) {
            stale.push(row);
        }
    }

    pub(crate) fn outcome(&self, transaction: &str) -> Option<Outcome> {
        lock(&self.outcomes).get(transaction).copied()
    }
}

impl Store {
    /// Makes a response out of consistent reads: `make` may be called again, see the module.
    pub async fn consistently<T, E: From<StoreError>>(&self, make: impl AsyncFn(&Run) -> Result<T, E>) -> Result<T, E> {
        let mut known = HashSet::new();
        for _ in 0..RUNS {
            let run = Run { began: self.now(), known, ..Run::default() };
            let response = make(&run).await;
            let met = run.met.into_inner().unwrap_or_else(PoisonError::into_inner);
            if met.is_subset(&run.known) {
                // After a refusal as well: what is refused for its many stale rows must come to an end.
                self.sweep(run.stale.into_inner().unwrap_or_else(PoisonError::into_inner)).await;
                return response;
            }
            let _ = response?;
            known = &run.known | &met;
            // Items of one `TransactWriteItems` come to be seen one by one, some milliseconds apart at most.
            tokio::time::sleep(SETTLES).await;
        }
        Err(StoreError::Busy.into())
    }

    /// One attempt, for what reads one resource: that is consistent by itself.
    #[must_use]
    pub fn once(&self) -> Run {
        Run { began: self.now(), ..Run::default() }
    }

    /// The current versions of resources, deletions included, in the order of `keys`; none for what never was. Keys may
    /// repeat. One round, and another where a large transaction is being committed.
    pub async fn current(&self, run: &Run, keys: &[Key]) -> Result<Vec<Option<Version>>, StoreError> {
        Ok(self.bases(run, keys).await?.into_iter().map(|base| base.current).collect())
    }

    /// What a write of resources starts from. A resource at which a large transaction is just being committed is waited
    /// for, up to about three seconds.
    pub async fn base(&self, keys: &[Key]) -> Result<Vec<Base>, StoreError> {
        for attempt in 0..6 {
            let run = self.once();
            let bases = self.bases(&run, keys).await?;
            let pending =
                |base: &Base| base.guard.staged.as_ref().is_some_and(|id| run.outcome(id) == Some(Outcome::Pending));
            if !bases.iter().any(pending) {
                return Ok(bases);
            }
            tokio::time::sleep(Duration::from_millis(50 << attempt)).await;
        }
        Err(StoreError::Busy)
    }

    async fn bases(&self, run: &Run, keys: &[Key]) -> Result<Vec<Base>, StoreError> {
        let distinct: HashSet<ItemKey> = keys.iter().map(Key::head).collect();
        let distinct: Vec<ItemKey> = distinct.into_iter().collect();
        let items = self.table.get_all(&distinct).await?;
        self.resolve(run, items.iter().filter_map(|item| item.get_text("n_x"))).await?;
        let mut items: HashMap<String, Item> = items.into_iter().map(|item| (item.key().pk, item)).collect();
        let mut bases: HashMap<&Key, Base> = HashMap::with_capacity(items.len());
        for key in keys {
            if let Some(item) = items.remove(&key.partition()) {
                bases.insert(key, head(run, key, item));
            }
        }
        Ok(keys.iter().map(|key| bases.get(key).cloned().unwrap_or_default()).collect())
    }

    /// Learns how transactions ended. What a run has learned stays so for the run.
    pub(crate) async fn resolve(&self, run: &Run, ids: impl Iterator<Item = &str>) -> Result<(), StoreError> {
        let open: HashSet<&str> = ids.filter(|id| run.outcome(id).is_none()).collect();
        let outcomes = in_parallel(open.iter().map(|id| self.outcome(id))).await?;
        let found = open.into_iter().map(str::to_owned).zip(outcomes);
        lock(&run.outcomes).extend(found);
        Ok(())
    }

    /// How a transaction ended. One that has outlived its time is aborted by whoever meets it: its function is dead.
    async fn outcome(&self, id: &str) -> Result<Outcome, AwsError> {
        let key = transaction_key(id);
        for _ in 0..2 {
            let Some(item) = self.table.get(&key).await? else { return Ok(Outcome::Aborted) };
            match item.get_text("s") {
                Some("C") => return Ok(Outcome::Committed),
                Some("P") if item.get_number("e").is_some_and(|expires| expires > self.now()) => {
                    return Ok(Outcome::Pending);
                }
                Some("P") => {
                    self.table.write(abort(&key, self.now())).await?; // and look what it came to
                }
                _ => return Ok(Outcome::Aborted),
            }
        }
        Ok(Outcome::Aborted)
    }
}

/// Where a transaction of more than 100 writes is told to be pending, committed or aborted.
pub(crate) fn transaction_key(id: &str) -> ItemKey {
    ItemKey { pk: format!("t#{id}"), sk: "t".to_owned() }
}

/// Ends a transaction that is still pending. The item goes by its time to live a day later.
pub(crate) fn abort(key: &ItemKey, now: i64) -> Write {
    let change = Change::new("SET s = :aborted, #ttl = :ttl").text(":aborted", "A").number(":ttl", now / 1000 + 86_400);
    Write::Update(key.clone(), change, Condition::new("s = :pending").text(":pending", "P"))
}

fn head(run: &Run, key: &Key, mut item: Item) -> Base {
    let staged = item.get_text("n_x").map(str::to_owned);
    let guard = Guard { number: item.get_number("v"), staged };
    let committed = guard.staged.as_ref().is_some_and(|id| run.outcome(id) == Some(Outcome::Committed));
    let current = Version::read(key, if committed { "n_" } else { "" }, &mut item);
    Base { current: current.inspect(|version| run.meet(version)), guard }
}
