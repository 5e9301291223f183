//! The function's sentence: read the event, make lines, deliver them and put the rest into quarantine, give back what
//! failed.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lambda_runtime::LambdaEvent;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use shared::deadline::Deadline;
use shared::error::Failure;
use shared::metrics::{Metrics, Unit};

use crate::config::Config;
use crate::deliver::{Undelivered, Why, deliver};
use crate::error::DeliveryError;
use crate::event::{Batch, Source, Sources};
use crate::firehose;
use crate::js_date::Moment;
use crate::ports::{Quarantine, Stream};
use crate::prepare::{Prepared, prepare};
use crate::quarantine::Poisoned;
use crate::transform::Transform;

/// Kept back from Lambda's deadline to answer which messages are left.
const MARGIN: Duration = Duration::from_secs(2);

/// Answers events.
pub struct Handler<C> {
    cloud: C,
    transform: Transform,
    quarantine_prefix: String,
    sources: Sources,
    stream: String,
}

impl<C: Stream + Quarantine> Handler<C> {
    /// A handler that delivers and quarantines by `cloud`.
    pub fn new(cloud: C, config: Config) -> Self {
        Self {
            cloud,
            transform: Transform::new(config.mapping, config.time_policy),
            quarantine_prefix: config.quarantine_prefix,
            sources: config.sources,
            stream: config.stream,
        }
    }

    /// Answers what a source sent.
    pub async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Value, Failure> {
        let LambdaEvent { payload, context } = event;
        let deadline = Deadline::of(&context, MARGIN);
        let batch = Batch::read(&payload, self.sources).map_err(DeliveryError::from)?;
        if batch.source == Source::Firehose {
            return Ok(self.answer_firehose(&batch));
        }
        let prepared = prepare(&batch, &self.transform, &context.request_id, now());
        drop(batch);
        drop(payload); // up to 6 MB, as much as the calls need
        // Boxed: the types of futures nested this deep overflow the compiler's recursion limit.
        Ok(Box::pin(self.answer(prepared, deadline)).await?)
    }

    fn answer_firehose(&self, batch: &Batch<'_>) -> Value {
        let (answer, counts) = firehose::answer(batch, &self.transform, now());
        tracing::info!(?counts, "transformed");
        Metrics::new("IotFirehose")
            .dimension("Stream", self.stream.as_str())
            .value("Transformed", Unit::Count, number(counts.transformed))
            .value("ProcessingFailed", Unit::Count, number(counts.failed))
            .emit();
        answer
    }

    async fn answer(&self, mut prepared: Prepared, deadline: Deadline) -> Result<Value, DeliveryError> {
        let poison = std::mem::take(&mut prepared.poisoned.body);
        let delivering = deliver(&prepared.lines, &self.cloud, deadline);
        let quarantining = self.quarantine(&prepared.poisoned, poison, deadline);
        let (undelivered, quarantined) = futures_util::future::join(delivering, quarantining).await;
        let poisoned = prepared.poisoned.numbers.len();
        let not_quarantined = if quarantined.is_err() { poisoned } else { 0 };
        self.metrics(
            prepared.lines.len() - undelivered.lines.len(),
            poisoned - not_quarantined,
            undelivered.lines.len() + not_quarantined,
        );
        give_back(&prepared, undelivered, quarantined)
    }

    /// Stores the messages that give no line, if there are any.
    async fn quarantine(&self, poisoned: &Poisoned, body: String, deadline: Deadline) -> Result<(), Why> {
        if poisoned.numbers.is_empty() {
            return Ok(());
        }
        let key = poisoned.key(&self.quarantine_prefix);
        tracing::warn!(messages = poisoned.numbers.len(), reasons = ?poisoned.reasons, key, "into quarantine");
        let stored = deadline.cut(self.cloud.store(&key, body.into_bytes())).await;
        let stored = stored.map_or(Err(Why::Deadline), |stored| stored.map_err(Why::from));
        stored.inspect_err(|error| tracing::error!(error = shared::error::chain(error), key, "the quarantine refused"))
    }

    fn metrics(&self, delivered: usize, quarantined: usize, given_back: usize) {
        Metrics::new("IotFirehose")
            .dimension("Stream", self.stream.as_str())
            .value("Delivered", Unit::Count, number(delivered))
            .value("Quarantined", Unit::Count, number(quarantined))
            .value("GivenBack", Unit::Count, number(given_back))
            .emit();
    }
}

/// Gives back what failed to whoever can try it again: the ids to SQS, the place to Kinesis, an error to Lambda.
fn give_back(
    prepared: &Prepared,
    undelivered: Undelivered,
    quarantined: Result<(), Why>,
) -> Result<Value, DeliveryError> {
    let poisoned = &prepared.poisoned.numbers;
    let all = prepared.names.len();
    let lines = undelivered.lines.iter().filter_map(|line| prepared.items.get(*line));
    let failed: BTreeSet<usize> = lines.chain(poisoned.iter().filter(|_| quarantined.is_err())).copied().collect();
    if let Some(why) = &undelivered.why {
        tracing::error!(failed = failed.len(), all, %why, "not delivered");
    }
    let names = failed.iter().filter_map(|number| prepared.names.get(*number));
    let identifiers = |names: &mut dyn Iterator<Item = &Box<str>>| {
        let failures: Vec<_> = names.map(|name| json!({"itemIdentifier": name})).collect();
        json!({ "batchItemFailures": failures })
    };
    match prepared.source {
        Source::Sqs => Ok(identifiers(&mut names.into_iter())),
        // All from the first that failed comes again.
        Source::Kinesis => Ok(identifiers(&mut names.into_iter().take(1))),
        Source::Direct | Source::Firehose => match (undelivered.why, quarantined) {
            (Some(why), _) => Err(DeliveryError::Undelivered { failed: undelivered.lines.len(), all, why }),
            (None, Err(why)) => Err(DeliveryError::Quarantine { failed: poisoned.len(), why }),
            (None, Ok(())) => Ok(json!({"delivered": prepared.lines.len(), "quarantined": poisoned.len()})),
        },
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn now() -> Moment {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).ok().and_then(Moment::of_milliseconds).unwrap_or(Moment::EPOCH)
}

#[cfg(test)]
mod tests;
