//! The table: the few `DynamoDB` calls that the store makes, each strongly consistent, none a scan.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, DeleteRequest, KeysAndAttributes, Put, PutRequest, TransactWriteItem,
    Update, WriteRequest,
};
use aws_smithy_types::error::operation::BuildError;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use shared::aws::AwsError;

use super::item::{Item, ItemKey};

/// Calls in flight at once: enough to hide latency, few enough for one process's connections.
pub const PARALLEL: usize = 128;
/// Limits of `DynamoDB`.
const BATCH_WRITE: usize = 25;
const BATCH_GET: usize = 100;
/// How often what a batch left unprocessed is sent again, after 25 ms, 50 ms, 100 ms, ...
const BATCH_ATTEMPTS: u32 = 8;

/// A write that takes place only under a condition.
#[derive(Clone, Debug)]
pub enum Write {
    /// Puts an item.
    Put(Item, Condition),
    /// Changes attributes of an item.
    Update(ItemKey, Change, Condition),
    /// Removes an item.
    Delete(ItemKey, Condition),
}

/// An update expression with what it sets.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// `SET a = :a REMOVE b`
    pub expression: String,
    /// The values that it names.
    pub values: HashMap<String, AttributeValue>,
}

/// A condition with the values that it names; none, if it is empty.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// `attribute_not_exists(pk) OR v < :v`
    pub expression: String,
    /// The values that it names.
    pub values: HashMap<String, AttributeValue>,
}

impl Change {
    /// An expression without values. `#ttl` stands for the attribute `ttl`, a reserved word.
    #[must_use]
    pub fn new(expression: &str) -> Self {
        Self { expression: expression.to_owned(), values: HashMap::new() }
    }

    /// With a number.
    #[must_use]
    pub fn number(mut self, name: &str, value: i64) -> Self {
        self.values.insert(name.to_owned(), AttributeValue::N(value.to_string()));
        self
    }

    /// With a string.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.values.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
        self
    }

    fn names(&self) -> Option<HashMap<String, String>> {
        self.expression.contains("#ttl").then(|| HashMap::from([("#ttl".to_owned(), "ttl".to_owned())]))
    }
}

impl Condition {
    /// No condition.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// A condition without values.
    #[must_use]
    pub fn new(expression: &str) -> Self {
        Self { expression: expression.to_owned(), values: HashMap::new() }
    }

    /// Or that.
    #[must_use]
    pub fn or(mut self, other: &str) -> Self {
        self.expression = format!("({}) OR {other}", self.expression);
        self
    }

    /// With a number.
    #[must_use]
    pub fn number(mut self, name: &str, value: i64) -> Self {
        self.values.insert(name.to_owned(), AttributeValue::N(value.to_string()));
        self
    }

    /// With a string.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.values.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
        self
    }

    fn parts(self) -> (Option<String>, HashMap<String, AttributeValue>) {
        ((!self.expression.is_empty()).then_some(self.expression), self.values)
    }
}

/// How conditional writes ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Written {
    /// They took place.
    Yes,
    /// A condition did not hold: nothing took place.
    No,
    /// A transaction is at the same items at this moment, or it was throttled: nothing took place, and it may the next
    /// moment. A first attempt that was given up may still be on its way.
    Busy,
}

/// Which part of a partition a query reads: sort keys from `from` to `to`, both included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The partition key.
    pub pk: String,
    /// The first sort key.
    pub from: String,
    /// The last sort key; none: to the end.
    pub to: Option<String>,
    /// From the end to the beginning?
    pub backward: bool,
    /// At most so many items.
    pub limit: usize,
    /// Whole items, or only their keys and versions.
    pub whole: bool,
}

/// What a query found.
#[derive(Debug)]
pub struct Page {
    /// The items in their order.
    pub items: Vec<Item>,
    /// Whether there are more.
    pub more: bool,
}

/// The table and its client.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
}

impl Table {
    /// The table of that name.
    #[must_use]
    pub fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.to_owned() }
    }

    /// Reads one item.
    pub async fn get(&self, key: &ItemKey) -> Result<Option<Item>, AwsError> {
        let call = self.client.get_item().table_name(&self.name).set_key(Some(attributes(key))).consistent_read(true);
        let answer = call.send().await.map_err(|error| AwsError::new("GetItem", error))?;
        Ok(answer.item.map(Item))
    }

    /// Reads items, in no order; those that don't exist are left out. Keys must differ.
    pub async fn get_all(&self, keys: &[ItemKey]) -> Result<Vec<Item>, AwsError> {
        match keys {
            [] => Ok(Vec::new()),
            [key] => Ok(self.get(key).await?.into_iter().collect()),
            _ => {
                let batches = keys.chunks(BATCH_GET).map(|keys| self.get_batch(keys));
                let found: Vec<Vec<Item>> = in_parallel(batches).await?;
                Ok(found.into_iter().flatten().collect())
            }
        }
    }

    async fn get_batch(&self, keys: &[ItemKey]) -> Result<Vec<Item>, AwsError> {
        let failed = |error| AwsError::new("BatchGetItem", error);
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys.iter().map(attributes).collect()))
            .consistent_read(true)
            .build()
            .map_err(|error| failed(aws_sdk_dynamodb::error::SdkError::construction_failure(error)))?;
        let mut open = Some(HashMap::from([(self.name.clone(), wanted)]));
        let mut found = Vec::with_capacity(keys.len());
        for attempt in 0..=BATCH_ATTEMPTS {
            let answer = self.client.batch_get_item().set_request_items(open).send().await.map_err(failed)?;
            found.extend(answer.responses.unwrap_or_default().into_values().flatten().map(Item));
            open = answer.unprocessed_keys.filter(|open| !open.is_empty());
            if open.is_none() {
                return Ok(found);
            }
            // A cut at 16 MB is no throttling; backing off 25 ms then costs little.
            back_off(attempt).await;
        }
        Err(failed(unprocessed()))
    }

    /// Puts items, whatever is there. They are asked for as they are sent: a large transaction has 100,000 rows.
    pub async fn put_all(&self, items: impl IntoIterator<Item = Item>) -> Result<(), AwsError> {
        let request = |item: Item| {
            let put = PutRequest::builder().set_item(Some(item.0)).build()?;
            Ok(WriteRequest::builder().put_request(put).build())
        };
        self.write_all(items.into_iter().map(request)).await
    }

    /// Removes items, whether they are there or not.
    pub async fn delete_all(&self, keys: impl IntoIterator<Item = ItemKey>) -> Result<(), AwsError> {
        let request = |key: ItemKey| {
            let delete = DeleteRequest::builder().set_key(Some(attributes(&key))).build()?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        };
        self.write_all(keys.into_iter().map(request)).await
    }

    async fn write_all(
        &self,
        requests: impl Iterator<Item = Result<WriteRequest, BuildError>>,
    ) -> Result<(), AwsError> {
        let mut requests = requests;
        let batches = std::iter::from_fn(move || {
            let batch: Vec<_> = requests.by_ref().take(BATCH_WRITE).collect();
            (!batch.is_empty()).then_some(batch)
        });
        in_parallel(batches.map(|batch| self.write_batch(batch))).await.map(|done: Vec<()>| drop(done))
    }

    async fn write_batch(&self, requests: Vec<Result<WriteRequest, BuildError>>) -> Result<(), AwsError> {
        let failed = |error| AwsError::new("BatchWriteItem", error);
        let requests: Result<Vec<WriteRequest>, _> = requests.into_iter().collect();
        let requests =
            requests.map_err(|error| failed(aws_sdk_dynamodb::error::SdkError::construction_failure(error)))?;
        let mut open = Some(HashMap::from([(self.name.clone(), requests)]));
        for attempt in 0..=BATCH_ATTEMPTS {
            let call = self.client.batch_write_item().set_request_items(open).send();
            open = call.await.map_err(failed)?.unprocessed_items.filter(|open| !open.is_empty());
            if open.is_none() {
                return Ok(());
            }
            back_off(attempt).await;
        }
        Err(failed(unprocessed()))
    }

    /// Reads part of a partition: one call.
    pub async fn query(&self, range: &Range) -> Result<Page, AwsError> {
        let condition = match (&range.to, range.from.is_empty()) {
            (Some(_), false) => "pk = :pk AND sk BETWEEN :from AND :to",
            (Some(_), true) => "pk = :pk AND sk <= :to",
            (None, true) => "pk = :pk",
            (None, false) => "pk = :pk AND sk >= :from",
        };
        let mut call = self
            .client
            .query()
            .table_name(&self.name)
            .consistent_read(true)
            .scan_index_forward(!range.backward)
            .limit(i32::try_from(range.limit).unwrap_or(i32::MAX))
            .key_condition_expression(condition)
            .expression_attribute_values(":pk", AttributeValue::S(range.pk.clone()));
        if condition.contains(":from") {
            call = call.expression_attribute_values(":from", AttributeValue::S(range.from.clone()));
        }
        if let Some(to) = &range.to {
            call = call.expression_attribute_values(":to", AttributeValue::S(to.clone()));
        }
        if !range.whole {
            call = call.projection_expression("pk, sk, v");
        }
        let answer = call.send().await.map_err(|error| AwsError::new("Query", error))?;
        let more = answer.last_evaluated_key.is_some_and(|key| !key.is_empty());
        Ok(Page { items: answer.items.unwrap_or_default().into_iter().map(Item).collect(), more })
    }

    /// Writes all or nothing: one call for one write, one transaction for up to 100.
    pub async fn write(&self, mut writes: Vec<Write>) -> Result<Written, AwsError> {
        match (writes.pop(), writes.is_empty()) {
            (None, _) => Ok(Written::Yes),
            (Some(write), true) => self.write_one(write).await,
            (Some(last), false) => {
                writes.push(last);
                self.transact(writes).await
            }
        }
    }

    /// Makes one write, again and again while transactions are at its item: about three seconds.
    pub async fn insist(&self, write: Write) -> Result<Written, AwsError> {
        for attempt in 0..BATCH_ATTEMPTS {
            match self.write_one(write.clone()).await? {
                Written::Busy => back_off(attempt).await,
                written => return Ok(written),
            }
        }
        Ok(Written::Busy)
    }

    async fn write_one(&self, write: Write) -> Result<Written, AwsError> {
        match write {
            Write::Put(item, condition) => {
                let (expression, values) = condition.parts();
                let call = self.client.put_item().table_name(&self.name).set_item(Some(item.0));
                let call = call.set_condition_expression(expression).set_expression_attribute_values(some(values));
                unless_refused(call.send().await.map(drop).map_err(|error| AwsError::new("PutItem", error)))
            }
            Write::Update(key, change, condition) => {
                let (expression, mut values) = condition.parts();
                let names = change.names();
                values.extend(change.values);
                let call = self.client.update_item().table_name(&self.name).set_key(Some(attributes(&key)));
                let call = call.update_expression(change.expression).set_condition_expression(expression);
                let call = call.set_expression_attribute_values(some(values)).set_expression_attribute_names(names);
                unless_refused(call.send().await.map(drop).map_err(|error| AwsError::new("UpdateItem", error)))
            }
            Write::Delete(key, condition) => {
                let (expression, values) = condition.parts();
                let call = self.client.delete_item().table_name(&self.name).set_key(Some(attributes(&key)));
                let call = call.set_condition_expression(expression).set_expression_attribute_values(some(values));
                unless_refused(call.send().await.map(drop).map_err(|error| AwsError::new("DeleteItem", error)))
            }
        }
    }

    async fn transact(&self, writes: Vec<Write>) -> Result<Written, AwsError> {
        let failed = |error| AwsError::new("TransactWriteItems", error);
        let items: Result<Vec<_>, _> = writes.into_iter().map(|write| self.action(write)).collect();
        let items = items.map_err(|error| failed(aws_sdk_dynamodb::error::SdkError::construction_failure(error)))?;
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error) => match error.as_service_error().and_then(lost) {
                Some(lost) => Ok(lost),
                None => Err(failed(error)),
            },
        }
    }

    fn action(&self, write: Write) -> Result<TransactWriteItem, BuildError> {
        let action = TransactWriteItem::builder();
        Ok(match write {
            Write::Put(item, condition) => {
                let (expression, values) = condition.parts();
                let put = Put::builder().table_name(&self.name).set_item(Some(item.0));
                let put = put.set_condition_expression(expression).set_expression_attribute_values(some(values));
                action.put(put.build()?)
            }
            Write::Update(key, change, condition) => {
                let (expression, mut values) = condition.parts();
                let names = change.names();
                values.extend(change.values);
                let update = Update::builder().table_name(&self.name).set_key(Some(attributes(&key)));
                let update = update.update_expression(change.expression).set_condition_expression(expression);
                let update = update.set_expression_attribute_names(names);
                action.update(update.set_expression_attribute_values(some(values)).build()?)
            }
            Write::Delete(key, condition) => {
                let (expression, values) = condition.parts();
                let delete = Delete::builder().table_name(&self.name).set_key(Some(attributes(&key)));
                let delete = delete.set_condition_expression(expression);
                action.delete(delete.set_expression_attribute_values(some(values)).build()?)
            }
        }
        .build())
    }
}

/// A transaction that others got in the way of, or throttling, which the SDK does not try again where it cancels a
/// transaction; other reasons (too large) are errors.
fn lost(error: &TransactWriteItemsError) -> Option<Written> {
    const PASSING: [&str; 4] = ["None", "TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"];
    let TransactWriteItemsError::TransactionCanceledException(canceled) = error else { return None };
    let reasons: Vec<&str> = canceled.cancellation_reasons().iter().filter_map(CancellationReason::code).collect();
    if reasons.contains(&"ConditionalCheckFailed") {
        Some(Written::No)
    } else if !reasons.is_empty() && reasons.iter().all(|reason| PASSING.contains(reason)) {
        Some(Written::Busy)
    } else {
        None
    }
}

fn unless_refused(done: Result<(), AwsError>) -> Result<Written, AwsError> {
    match done {
        Ok(()) => Ok(Written::Yes),
        Err(error) if error.code == "ConditionalCheckFailedException" => Ok(Written::No),
        Err(error) if error.code == "TransactionConflictException" => Ok(Written::Busy),
        Err(error) => Err(error),
    }
}

fn some(values: HashMap<String, AttributeValue>) -> Option<HashMap<String, AttributeValue>> {
    (!values.is_empty()).then_some(values)
}

fn attributes(key: &ItemKey) -> HashMap<String, AttributeValue> {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    HashMap::from([("pk".to_owned(), text(&key.pk)), ("sk".to_owned(), text(&key.sk))])
}

async fn back_off(attempt: u32) {
    tokio::time::sleep(Duration::from_millis(25 << attempt.min(6))).await;
}

fn unprocessed<E>() -> aws_sdk_dynamodb::error::SdkError<E> {
    aws_sdk_dynamodb::error::SdkError::timeout_error("DynamoDB kept leaving items unprocessed: it throttles")
}

/// Makes calls, [`PARALLEL`] at a time; the answers in their order, or the first error.
pub async fn in_parallel<T, E, F: Future<Output = Result<T, E>>>(
    calls: impl IntoIterator<Item = F>,
) -> Result<Vec<T>, E> {
    stream::iter(calls).buffered(PARALLEL).try_collect().await
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;

    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_is_lost_and_from_what_is_wrong() {
        let table = [
            (&["None", "ConditionalCheckFailed", "ThrottlingError"][..], Some(Written::No)),
            (&["None", "TransactionConflict"], Some(Written::Busy)),
            (&["ThrottlingError", "None"], Some(Written::Busy)),
            (&["ProvisionedThroughputExceeded", "TransactionConflict"], Some(Written::Busy)),
            (&["ValidationError", "TransactionConflict"], None),
            (&[], None),
        ];
        for (reasons, expected) in table {
            let reasons = reasons.iter().map(|code| CancellationReason::builder().code(*code).build()).collect();
            let canceled = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build();
            assert_eq!(lost(&TransactWriteItemsError::TransactionCanceledException(canceled)), expected);
        }
    }
}
