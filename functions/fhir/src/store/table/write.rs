//! Writing: conditional writes, transactions of them, and batches without conditions.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, CancellationReason, Delete, DeleteRequest, Put, PutRequest, TransactWriteItem, Update, WriteRequest,
};
use aws_smithy_types::error::operation::BuildError;
use shared::aws::AwsError;

use super::{BATCH_ATTEMPTS, Table, attributes, back_off, in_parallel, unprocessed};
use crate::store::item::{Item, ItemKey};

/// A limit of `DynamoDB`.
const BATCH_WRITE: usize = 25;

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

impl Table {
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

    /// Writes all or nothing: one call for one write, one transaction for up to 100. Again and again while others are at the
    /// same items, for about three seconds. What has been refused is so for good then, and what was written for it beforehand
    /// can be withdrawn. `token` is the commit's own, of up to 36 characters: `DynamoDB` takes repetitions with it for one.
    pub async fn settle(&self, writes: Vec<Write>, token: &str) -> Result<Written, AwsError> {
        insisting(async || match writes.as_slice() {
            [write] => self.write(write.clone()).await,
            _ => self.transact(writes.clone(), token).await,
        })
        .await
    }

    /// Makes one write, again and again while transactions are at its item: about three seconds.
    pub async fn insist(&self, write: Write) -> Result<Written, AwsError> {
        insisting(async || self.write(write.clone()).await).await
    }

    /// Makes one write.
    pub async fn write(&self, write: Write) -> Result<Written, AwsError> {
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

    async fn transact(&self, writes: Vec<Write>, token: &str) -> Result<Written, AwsError> {
        let failed = |error| AwsError::new("TransactWriteItems", error);
        let items: Result<Vec<_>, _> = writes.into_iter().map(|write| self.action(write)).collect();
        let items = items.map_err(|error| failed(aws_sdk_dynamodb::error::SdkError::construction_failure(error)))?;
        let call = self.client.transact_write_items().set_transact_items(Some(items)).client_request_token(token);
        match call.send().await {
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

/// Asks until others are out of the way, [`BATCH_ATTEMPTS`] times.
async fn insisting(attempt: impl AsyncFn() -> Result<Written, AwsError>) -> Result<Written, AwsError> {
    for paused in 0..BATCH_ATTEMPTS - 1 {
        match attempt().await? {
            Written::Busy => back_off(paused).await,
            written => return Ok(written),
        }
    }
    attempt().await
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

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsOutput;
    use aws_sdk_dynamodb::types::error::TransactionCanceledException;
    use aws_smithy_mocks::{Rule, mock};

    use super::*;

    /// A transaction that ends like that, as often as it says, and then takes place.
    fn conflicts(times: usize, then: &'static str) -> (Table, Rule) {
        let canceled = move |reason: &str| {
            let reasons = [CancellationReason::builder().code(reason).build()];
            TransactWriteItemsError::TransactionCanceledException(
                TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons.to_vec())).build(),
            )
        };
        let rule = mock!(aws_sdk_dynamodb::Client::transact_write_items)
            .match_requests(|input| input.client_request_token() == Some("one token"))
            .sequence()
            .error(move || canceled("TransactionConflict"))
            .times(times);
        let rule = match then {
            "" => rule.output(|| TransactWriteItemsOutput::builder().build()).build(),
            then => rule.error(move || canceled(then)).build(),
        };
        (Table::mocked(&[&rule]), rule)
    }

    #[tokio::test]
    async fn a_transaction_is_settled_whoever_is_in_its_way() {
        let key = ItemKey { pk: "r#Basic/1".to_owned(), sk: "h".to_owned() };
        let writes = || vec![Write::Delete(key.clone(), Condition::none()); 2];
        for (then, expected) in [("", Written::Yes), ("ConditionalCheckFailed", Written::No)] {
            let (table, rule) = conflicts(3, then);
            assert_eq!((table.settle(writes(), "one token").await.unwrap(), rule.num_calls()), (expected, 4));
        }
    }

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
