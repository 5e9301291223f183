//! Committing more than one `TransactWriteItems` can hold, in two phases.
//!
//! Every head is given its next version, marked as staged by the transaction, whose own item says PENDING. One write
//! turns that into COMMITTED: that is the commit. Then the staged versions are made the current ones; until that is
//! done, whoever meets one looks at the transaction's item. Where the function dies before the commit, the transaction
//! expires, and whoever meets it then aborts it.

use std::fmt::Write as _;

use aws_sdk_dynamodb::types::AttributeValue;
use uuid::Uuid;

use super::item::{Item, ItemKey};
use super::prepare::Prepared;
use super::read::{Base, abort, transaction_key};
use super::table::{Change, Condition, Write, Written, in_parallel};
use super::version::{ATTRIBUTES, Body, Transaction, Version};
use super::{Claim, Store, StoreError};

/// How long a transaction may take from its beginning to its commit: longer than API Gateway waits (29 s).
const EXPIRES: i64 = 60_000;
/// How long (in seconds) its item stays once nothing refers to it, for readers that are on their way.
const LINGERS: i64 = 3_600;
/// How long (in seconds) the item of a transaction stays that died before anybody met it. Gone is as good as aborted.
const FORGOTTEN: i64 = 7 * 86_400;

impl Store {
    pub(super) async fn in_two_phases(
        &self,
        mut prepared: Vec<Prepared>,
        claims: &[Claim],
    ) -> Result<Vec<Prepared>, StoreError> {
        let id = Uuid::new_v4().simple().to_string();
        let key = transaction_key(&id);
        let begun = self.now();
        let pending =
            Item::new(&key).text("s", "P").number("e", begun + EXPIRES).number("ttl", begun / 1000 + FORGOTTEN);
        // A second attempt of the SDK's finds the first one's item; a late first one changes nothing any more.
        let put = self.table.write(Write::Put(pending, Condition::new("attribute_not_exists(pk)")));
        let (put, ahead) = futures_util::join!(put, self.write_ahead(&mut prepared));
        put?;
        ahead?;
        for change in &mut prepared {
            change.version.commit.clone_from(&id);
            change.version.transaction = Some(Transaction { id: id.clone(), at: begun });
        }
        let committed = match self.stage(&prepared, claims, &id).await {
            Ok(true) => self.flip(&key).await,
            staged => staged,
        };
        if !matches!(committed, Ok(true)) {
            // An abort loses against a commit: where the answer to that was lost, the objects must stay.
            let aborted = self.table.write(abort(&key, self.now())).await?;
            if aborted == Written::Yes {
                self.withdraw(&prepared).await;
            }
            return Err(committed.err().unwrap_or(StoreError::Conflict));
        }
        // Committed: nothing that fails from here on changes that.
        if let Err(error) = self.promote(&prepared, claims, &key, &id).await {
            let (action, code) = error.call();
            tracing::warn!(action, code, "a committed transaction is left staged");
        }
        self.clean(&prepared).await;
        Ok(prepared)
    }

    async fn stage(&self, prepared: &[Prepared], claims: &[Claim], id: &str) -> Result<bool, StoreError> {
        let now = self.now();
        let heads = prepared.iter().map(|change| staging(change, id, now));
        let writes = heads.chain(claims.iter().map(|claim| claim.stage(id, now)));
        let staged = in_parallel(writes.map(|write| self.table.write(write))).await?;
        Ok(staged.iter().all(|written| *written == Written::Yes))
    }

    /// The commit.
    async fn flip(&self, key: &ItemKey) -> Result<bool, StoreError> {
        let now = self.now();
        let change = Change::new("SET s = :committed REMOVE #ttl").text(":committed", "C");
        let condition = Condition::new("s = :pending AND e > :now").text(":pending", "P").number(":now", now);
        if self.table.write(Write::Update(key.clone(), change, condition)).await? == Written::Yes {
            return Ok(true);
        }
        // Only this function commits it: where it is committed, the answer of the first attempt was lost.
        Ok(self.table.get(key).await?.is_some_and(|item| item.get_text("s") == Some("C")))
    }

    async fn promote(
        &self,
        prepared: &[Prepared],
        claims: &[Claim],
        key: &ItemKey,
        id: &str,
    ) -> Result<(), StoreError> {
        let now = self.now();
        let writes = prepared.iter().map(|change| promotion(change, id, now));
        let writes = writes.chain(claims.iter().map(|claim| claim.promote(id, now)));
        let promoted = in_parallel(writes.map(|write| self.table.insist(write))).await?;
        if promoted.contains(&Written::Busy) {
            return Err(StoreError::Busy); // the transaction's item must stay as long as a head is staged
        }
        let change = Change::new("SET #ttl = :ttl").number(":ttl", now / 1000 + LINGERS);
        self.table.write(Write::Update(key.clone(), change, Condition::new("attribute_exists(pk)"))).await?;
        Ok(())
    }
}

/// Stages a version beside what is there, under the head's guard; or once more, if an answer was lost. Where the current
/// version is itself a staged one, committed by a transaction that has not got round to promoting it, it is promoted by this.
fn staging(change: &Prepared, id: &str, at: i64) -> Write {
    let head = change.version.key.head();
    let staged = change.version.write("n_", Item::default());
    let Base { current, guard } = &change.base;
    let unpromoted = current.as_ref().filter(|current| i64::try_from(current.number).ok() != guard.number);
    let (item, whole) = match unpromoted {
        Some(current) => {
            let transaction = current.transaction.clone().map(|transaction| Transaction { at, ..transaction });
            (Version { transaction, ..current.clone() }.write("", staged), true)
        }
        None => (staged, false),
    };
    let mut names: Vec<&String> = item.0.keys().collect();
    names.sort();
    let set: Vec<String> = names.into_iter().map(|name| format!("{name} = :{name}")).collect();
    let all = ATTRIBUTES.iter().flat_map(|name| [Some(format!("n_{name}")), whole.then(|| (*name).to_owned())]);
    let absent: Vec<String> = all.flatten().filter(|name| !item.0.contains_key(name)).collect();
    let mut expression = format!("SET {}", set.join(", "));
    if !absent.is_empty() {
        let _ = write!(expression, " REMOVE {}", absent.join(", ")); // writing to a String cannot fail
    }
    let values = item.0.into_iter().map(|(name, value)| (format!(":{name}"), value)).collect();
    Write::Update(head, Change { expression, values }, guard.condition().or("n_x = :own").text(":own", id))
}

/// Makes a staged version the current one, unless somebody has.
fn promotion(change: &Prepared, id: &str, at: i64) -> Write {
    let body = match &change.version.body {
        Body::Gzip(_) => "b",
        Body::Object(_) => "o",
        Body::Deleted => "",
    };
    let kept = ["v", "t", "m", "w", "i", "x", body].into_iter().filter(|name| !name.is_empty());
    let set: Vec<String> = kept.map(|name| format!("{name} = n_{name}")).collect();
    let gone = ["b", "o"].iter().filter(|name| **name != body).map(|name| (*name).to_owned());
    let gone: Vec<String> = gone.chain(ATTRIBUTES.iter().map(|name| format!("n_{name}"))).collect();
    let expression = format!("SET {}, c = :at REMOVE {}", set.join(", "), gone.join(", "));
    let values = std::collections::HashMap::from([(":at".to_owned(), AttributeValue::N(at.to_string()))]);
    let condition = Condition::new("n_x = :tx").text(":tx", id);
    Write::Update(change.version.key.head(), Change { expression, values }, condition)
}
