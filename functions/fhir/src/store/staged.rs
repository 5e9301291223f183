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
use super::read::{abort, transaction_key};
use super::table::{Change, Condition, Write, Written, in_parallel};
use super::version::{ATTRIBUTES, Body, Transaction};
use super::{Claim, Store, StoreError};

/// How long a transaction may take from its beginning to its commit: longer than API Gateway waits (29 s).
const EXPIRES: i64 = 60_000;
/// How long its item stays once nothing refers to it, for readers that are on their way.
const LINGERS: i64 = 3_600;

impl Store {
    pub(super) async fn in_two_phases(
        &self,
        mut prepared: Vec<Prepared>,
        claims: &[Claim],
    ) -> Result<Vec<Prepared>, StoreError> {
        let id = Uuid::new_v4().simple().to_string();
        let key = transaction_key(&id);
        let begun = self.now();
        let pending = Item::new(&key).text("s", "P").number("e", begun + EXPIRES);
        let put = self.table.write(vec![Write::Put(pending, Condition::none())]);
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
            let aborted = self.table.write(vec![abort(&key, self.now())]).await?;
            if aborted == Written::Yes {
                self.remove_objects(&prepared).await;
            }
            return Err(committed.err().unwrap_or(StoreError::Conflict));
        }
        // Committed: nothing that fails from here on changes that.
        if let Err(error) = self.promote(&prepared, claims, &key, &id).await {
            tracing::warn!(error_type = %error, "a committed transaction is left staged");
        }
        self.clean(&prepared).await;
        Ok(prepared)
    }

    async fn stage(&self, prepared: &[Prepared], claims: &[Claim], id: &str) -> Result<bool, StoreError> {
        let (fresh, known): (Vec<_>, Vec<_>) = prepared.iter().partition(|change| change.fresh);
        let staged = |change: &Prepared, item: Item| change.version.write("n_", item);
        let items = fresh.iter().map(|change| staged(change, Item::new(&change.version.key.head())));
        let updates =
            known.iter().map(|change| set(change.version.key.head(), staged(change, Item::default()), change));
        let updates = updates.chain(claims.iter().map(|claim| claim.stage(id, self.now())));
        let (fresh, known) = futures_util::join!(
            self.table.put_all(items),
            in_parallel(updates.map(|write| self.table.write(vec![write])))
        );
        fresh?;
        Ok(known?.iter().all(|written| *written == Written::Yes))
    }

    /// The commit.
    async fn flip(&self, key: &ItemKey) -> Result<bool, StoreError> {
        let now = self.now();
        let change = Change::new("SET s = :committed").text(":committed", "C");
        let condition = Condition::new("s = :pending AND e > :now").text(":pending", "P").number(":now", now);
        if self.table.write(vec![Write::Update(key.clone(), change, condition)]).await? == Written::Yes {
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
        self.table.write(vec![Write::Update(key.clone(), change, Condition::new("attribute_exists(pk)"))]).await?;
        Ok(())
    }
}

/// Sets an item's attributes on what is there, under the head's guard; staged attributes of an aborted transaction go.
fn set(key: ItemKey, item: Item, change: &Prepared) -> Write {
    let mut expression = String::from("SET ");
    let mut values = std::collections::HashMap::new();
    for (at, (name, value)) in item.0.into_iter().enumerate() {
        let _ = write!(expression, "{}{name} = :{name}", if at > 0 { ", " } else { "" });
        values.insert(format!(":{name}"), value);
    }
    let absent =
        ATTRIBUTES.iter().map(|name| format!("n_{name}")).filter(|name| !values.contains_key(&format!(":{name}")));
    let absent: Vec<String> = absent.collect();
    if !absent.is_empty() {
        let _ = write!(expression, " REMOVE {}", absent.join(", "));
    }
    Write::Update(key, Change { expression, values }, change.base.guard.condition())
}

/// Makes a staged version the current one, unless somebody has.
fn promotion(change: &Prepared, id: &str, at: i64) -> Write {
    let body = match &change.version.body {
        Body::Gzip(_) => "b",
        Body::Object(_) => "o",
        Body::Deleted => "",
    };
    let set =
        ["v", "t", "m", "x", body].into_iter().filter(|name| !name.is_empty()).map(|name| format!("{name} = n_{name}"));
    let set: Vec<String> = set.collect();
    let gone = ["b", "o"].iter().filter(|name| **name != body).map(|name| (*name).to_owned());
    let gone: Vec<String> = gone.chain(ATTRIBUTES.iter().map(|name| format!("n_{name}"))).collect();
    let expression = format!("SET {}, c = :at REMOVE {}", set.join(", "), gone.join(", "));
    let values = std::collections::HashMap::from([(":at".to_owned(), AttributeValue::N(at.to_string()))]);
    let condition = Condition::new("n_x = :tx").text(":tx", id);
    Write::Update(change.version.key.head(), Change { expression, values }, condition)
}
