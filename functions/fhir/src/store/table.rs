//! The table: the few `DynamoDB` calls that the store makes, each strongly consistent, none a scan.

mod write;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use shared::aws::AwsError;

use super::item::{Item, ItemKey};
pub use write::{Change, Condition, Write, Written};

/// Calls in flight at once: enough to hide latency, few enough for one process's connections.
pub const PARALLEL: usize = 128;
/// A limit of `DynamoDB`.
const BATCH_GET: usize = 100;
/// How often what a batch left unprocessed is sent again, after 25 ms, 50 ms, 100 ms, ...
const BATCH_ATTEMPTS: u32 = 8;

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
    /// Whole items, or only what index rows have.
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
            call = call.projection_expression("pk, sk, v, d");
        }
        let answer = call.send().await.map_err(|error| AwsError::new("Query", error))?;
        let more = answer.last_evaluated_key.is_some_and(|key| !key.is_empty());
        Ok(Page { items: answer.items.unwrap_or_default().into_iter().map(Item).collect(), more })
    }
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
impl Table {
    /// A table that answers by the rules, one after another.
    pub(crate) fn mocked(rules: &[&aws_smithy_mocks::Rule]) -> Self {
        use aws_sdk_dynamodb::config::retry::RetryConfig;
        use aws_sdk_dynamodb::config::{BehaviorVersion, Region};
        use aws_smithy_mocks::{MockResponseInterceptor, RuleMode, create_mock_http_client};

        let sequential = MockResponseInterceptor::new().rule_mode(RuleMode::Sequential);
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-west-1"))
            .credentials_provider(aws_credential_types::Credentials::new("AKID", "secret", None, None, "test"))
            .http_client(create_mock_http_client())
            .retry_config(RetryConfig::disabled())
            .interceptor(rules.iter().fold(sequential, |mock, rule| mock.with_rule(rule)))
            .build();
        Self::new(aws_sdk_dynamodb::Client::from_conf(config), "table")
    }
}
