//! Claims serialize conditional interactions on the same criteria.
//!
//! Who wants to create a resource only if no other matches reads the claim, *then* searches, and commits only if the
//! claim is as it was. Of two who race, one commits; the other searches again and finds what the first has created.

use std::fmt::Write as _;

use super::item::ItemKey;
use super::read::{Guard, Outcome, Run};
use super::table::{Change, Write};
use super::{Store, StoreError};

/// A claim goes by its time to live, a day after it was last needed: no request lives that long.
const LIFE: i64 = 86_400;

/// A claim as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub(super) key: ItemKey,
    pub(super) guard: Guard,
}

impl Store {
    /// Reads the claim of each criterion: a resource type and normalized parameters, `Patient?identifier=…`. One round;
    /// waits for a large transaction that is just being committed, up to about three seconds.
    pub async fn claims(&self, criteria: &[String]) -> Result<Vec<Claim>, StoreError> {
        let keys: Vec<ItemKey> = criteria.iter().map(|text| key(text)).collect();
        for attempt in 0..6 {
            let mut distinct = keys.clone();
            distinct.sort();
            distinct.dedup();
            let items = self.table.get_all(&distinct).await?;
            let run = Run::default();
            self.resolve(&run, items.iter().filter_map(|item| item.get_text("n_x"))).await?;
            let pending = |id: &str| run.outcome(id) == Some(Outcome::Pending);
            if !items.iter().any(|item| item.get_text("n_x").is_some_and(pending)) {
                let guard = |key: &ItemKey| {
                    let item = items.iter().find(|item| item.get_text("pk") == Some(&key.pk));
                    let staged = item.and_then(|item| item.get_text("n_x")).map(str::to_owned);
                    Guard { number: item.and_then(|item| item.get_number("v")), staged }
                };
                return Ok(keys.iter().map(|key| Claim { key: key.clone(), guard: guard(key) }).collect());
            }
            tokio::time::sleep(std::time::Duration::from_millis(50 << attempt)).await;
        }
        Err(StoreError::Busy)
    }
}

impl Claim {
    /// Uses the claim up: with the commit.
    pub(super) fn take(&self, now: i64) -> Write {
        // By the clock where there is none: a claim that its time to live takes away must not come back as it was.
        let next = self.guard.number.unwrap_or(now) + 1;
        let change = Change::new("SET v = :next, #ttl = :ttl REMOVE n_x");
        let change = change.number(":next", next).number(":ttl", now / 1000 + LIFE);
        Write::Update(self.key.clone(), change, self.guard.condition())
    }

    /// Stages its use.
    pub(super) fn stage(&self, transaction: &str, now: i64) -> Write {
        let change = Change::new("SET n_x = :tx, #ttl = :ttl").text(":tx", transaction);
        Write::Update(self.key.clone(), change.number(":ttl", now / 1000 + LIFE), self.guard.condition())
    }

    /// Makes its staged use a use.
    pub(super) fn promote(&self, transaction: &str, now: i64) -> Write {
        let Write::Update(key, change, _) = self.take(now) else { return self.take(now) };
        let condition = super::table::Condition::new("n_x = :tx").text(":tx", transaction);
        Write::Update(key, change, condition)
    }
}

/// Criteria may be longer than a partition key; their hash is not.
fn key(criteria: &str) -> ItemKey {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, criteria.as_bytes());
    let kind = criteria.split('?').next().unwrap_or_default();
    let hash = digest.as_ref().iter().fold(String::new(), |mut hash, byte| {
        let _ = write!(hash, "{byte:02x}"); // writing to a String cannot fail
        hash
    });
    ItemKey { pk: format!("c#{kind}#{hash}"), sk: "c".to_owned() }
}
