//! Committing changes: index first, then commit, then clean.
//!
//! 1. The index rows that the new versions add, the old versions' own items and large bodies are written. None of this
//!    is seen: what the index names is checked against its head.
//! 2. The commit: one conditional write for one resource, one `TransactWriteItems` for up to 100 writes, and for more
//!    the two phases of [`super::staged`].
//! 3. Index rows that only the old versions had go with the commit where they fit into it, otherwise after it. Some stay for
//!    some minutes, for readers that are at it: [`Prepared::drops`].

use uuid::Uuid;

use super::item::{Item, ItemKey};
use super::prepare::{Draft, Lingers, Prepared, prepare};
use super::sweep::{ALTERNATIVES_LINGER, LINGERS};
use super::table::{Change, Condition, Write, Written, in_parallel};
use super::version::{Transaction, Version};
use super::{Claim, Store, StoreError};

/// Removes a dropped row, or lets it go by its time to live, for searches that are at it. An assertion by a later version
/// replaces the row.
fn drop_row(row: &ItemKey, lingers: Lingers, now: i64, condition: Condition) -> Write {
    let change = match lingers {
        Lingers::ForAll => Change::new("SET #ttl = :ttl").number(":ttl", (now + LINGERS) / 1000),
        Lingers::ForAlternatives => {
            let end = now + ALTERNATIVES_LINGER;
            Change::new("SET #ttl = :ttl, d = :d").number(":ttl", end / 1000).number(":d", end)
        }
        Lingers::No => return Write::Delete(row.clone(), condition),
    };
    Write::Update(row.clone(), change, condition)
}

/// An index row of a version.
fn row(change: &Prepared, key: &ItemKey) -> Item {
    Item::new(key).number("v", i64::try_from(change.version.number).unwrap_or(i64::MAX))
}

/// Limits of `TransactWriteItems`: 100 actions, and 4 MB (with some room for what we don't count).
pub(super) const ACTIONS: usize = 100;
const BYTES: usize = 3_500_000;

impl Store {
    /// Commits all drafts, or none. Each key may stand once. [`StoreError::Conflict`]: something has changed since the
    /// bases or claims were read; read them again. The versions come in the order of the drafts.
    pub async fn commit(&self, drafts: Vec<Draft<'_>>, claims: &[Claim]) -> Result<Vec<Version>, StoreError> {
        let prepared = self.prepare(drafts).await?;
        if prepared.is_empty() {
            return Ok(Vec::new());
        }
        let bytes: usize = prepared.iter().map(|change| change.version.write("", Item::default()).size() + 200).sum();
        let committed = if prepared.len() + claims.len() <= self.actions && bytes <= BYTES {
            self.at_once(prepared, claims).await
        } else {
            self.in_two_phases(prepared, claims).await
        };
        committed.map(|prepared| prepared.into_iter().map(|change| change.version).collect())
    }

    async fn prepare(&self, drafts: Vec<Draft<'_>>) -> Result<Vec<Prepared>, StoreError> {
        let old = in_parallel(drafts.iter().map(async |draft| match &draft.base.current {
            Some(version) => self.old(version).await,
            None => Ok(None),
        }))
        .await?;
        let now = self.now();
        let next = |(draft, old): (Draft<'_>, Option<Vec<u8>>)| {
            let key = draft.key.to_string();
            prepare(draft, old.as_deref(), now, &self.base).map_err(|_| StoreError::Corrupt(key))
        };
        drafts.into_iter().zip(old).map(next).collect()
    }

    /// The JSON of a version that is replaced, none of a deletion. Where it is lost it is empty, which nobody can read:
    /// [`prepare`] takes that for a version whose rows are not known, and it is replaced nevertheless.
    async fn old(&self, version: &Version) -> Result<Option<Vec<u8>>, StoreError> {
        match self.json(version).await {
            Err(StoreError::Aws(error)) if error.code != "NoSuchKey" => Err(StoreError::Aws(error)),
            Err(error) => {
                let (action, code) = error.call();
                tracing::error!(resource = %version.key, version = version.number, action, code, "a body is lost");
                Ok(Some(Vec::new()))
            }
            json => json,
        }
    }

    async fn at_once(&self, mut prepared: Vec<Prepared>, claims: &[Claim]) -> Result<Vec<Prepared>, StoreError> {
        self.write_ahead(&mut prepared).await?;
        let id = Uuid::new_v4().simple().to_string();
        let now = self.now();
        let several = prepared.len() > 1;
        let mut writes: Vec<Write> = Vec::with_capacity(prepared.len() + claims.len());
        for change in &mut prepared {
            change.version.commit.clone_from(&id);
            let ours = || Transaction { id: id.clone(), at: now };
            change.version.transaction = if several { Some(ours()) } else { change.recent(now) };
            let item = change.version.write("", Item::new(&change.version.key.head()));
            writes.push(Write::Put(item, change.base.guard.condition()));
        }
        writes.extend(claims.iter().map(|claim| claim.take(now)));
        let room = self.actions.saturating_sub(writes.len());
        let inside = prepared.iter().map(|change| change.dropped.len()).sum::<usize>() <= room;
        if inside {
            let dropped = prepared.iter().flat_map(Prepared::drops);
            writes.extend(dropped.map(|(row, lingers)| drop_row(row, lingers, now, Condition::none())));
        }
        let written = self.table.settle(writes, &id).await?;
        if written != Written::Yes && !self.has_won(&prepared, &id).await? {
            if written == Written::No {
                self.withdraw(&prepared).await;
            }
            return Err(StoreError::Conflict);
        }
        if !inside {
            self.clean(&prepared).await;
        }
        Ok(prepared)
    }

    /// Whether this commit has taken place, and only its answer was lost: the SDK's second attempt then finds its condition
    /// broken by the first one, or by a later version, which has left this one's own item behind.
    async fn has_won(&self, prepared: &[Prepared], id: &str) -> Result<bool, StoreError> {
        let Some(first) = prepared.first() else { return Ok(true) };
        let key = &first.version.key;
        for place in [key.head(), key.version(first.version.number)] {
            if self.table.get(&place).await?.is_some_and(|item| item.get_text("w") == Some(id)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes what nobody sees before the commit.
    pub(super) async fn write_ahead(&self, prepared: &mut [Prepared]) -> Result<(), StoreError> {
        let objects: Vec<(String, Vec<u8>)> = prepared.iter_mut().filter_map(|change| change.object.take()).collect();
        // Nobody else can write the rows of an id that is known to nobody.
        let rows = |fresh: bool| {
            let changes = prepared.iter().filter(move |change| change.fresh == fresh);
            changes.flat_map(move |change| change.added.iter().map(move |key| row(change, key)))
        };
        let plain = prepared.iter().filter_map(Prepared::older).chain(rows(true));
        let (plain, guarded, objects) = futures_util::join!(
            self.table.put_all(plain),
            in_parallel(rows(false).map(|row| self.assert_row(row))),
            in_parallel(objects.into_iter().map(async |(object, body)| self.bodies.put(&object, body).await)),
        );
        plain?;
        guarded?;
        objects?;
        Ok(())
    }

    /// A row keeps the highest version that has asserted it, or a slow cleaner could remove what a later version needs.
    async fn assert_row(&self, row: Item) -> Result<(), StoreError> {
        let version = row.get_number("v").unwrap_or_default();
        // One that a transaction has let go by its time to live, and which was not there, has no version.
        let condition = Condition::new("attribute_not_exists(v) OR v < :v").number(":v", version);
        match self.table.insist(Write::Put(row, condition)).await? {
            Written::Busy => Err(StoreError::Busy),
            Written::Yes | Written::No => Ok(()),
        }
    }

    /// Removes index rows that only the old versions had. What fails stays, is never believed, and goes when a search
    /// stumbles over it.
    pub(super) async fn clean(&self, prepared: &[Prepared]) {
        let now = self.now();
        let dropped = prepared.iter().flat_map(|change| change.drops().map(move |dropped| (change, dropped)));
        let removed = in_parallel(dropped.map(async |(change, (row, lingers))| {
            let number = i64::try_from(change.version.number).unwrap_or(i64::MAX);
            let condition = Condition::new("v < :v").number(":v", number);
            self.table.write(drop_row(row, lingers, now, condition)).await
        }));
        if let Err(error) = removed.await {
            tracing::warn!(action = error.action, code = error.code, "index rows of old versions are left over");
        }
    }

    /// Removes what was written ahead of a commit that will never be: bodies that no head has come to refer to, and the
    /// rows of ids that nobody knows, which every search would otherwise look after. What fails stays, and is never believed.
    pub(super) async fn withdraw(&self, prepared: &[Prepared]) {
        let fresh = prepared.iter().filter(|change| change.fresh);
        if let Err(error) = self.table.delete_all(fresh.flat_map(|change| change.added.iter().cloned())).await {
            tracing::warn!(action = error.action, code = error.code, "index rows of a lost commit are left over");
        }
        for change in prepared {
            if let super::Body::Object(object) = &change.version.body
                && let Err(error) = self.bodies.delete(object).await
            {
                tracing::warn!(action = error.action, code = error.code, "a body in S3 is left over");
            }
        }
    }
}
