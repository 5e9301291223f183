//! The function's sentence: open the payload, judge its events, start an execution for each account, say what failed.

use std::collections::BTreeMap;
use std::time::Duration;

use lambda_runtime::LambdaEvent;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use shared::deadline::Deadline;
use shared::error::Failure;
use shared::metrics::{Metrics, Unit};

use super::account::{Directory, Skipped};
use super::batch::Batch;
use super::error::TriggerError;
use super::judge::{Judged, judge};
use super::payload;
use super::ports::Workflow;
use super::start::{Outcome, start_all};

/// Kept back from Lambda's deadline to say what was not started.
const MARGIN: Duration = Duration::from_secs(2);

/// Answers events.
pub struct Handler<W> {
    workflow: W,
    directory: Directory,
}

impl<W: Workflow> Handler<W> {
    /// A handler that starts executions of `workflow` for users of `directory`.
    pub fn new(workflow: W, directory: Directory) -> Self {
        Self { workflow, directory }
    }

    /// Answers what a subscription sent.
    pub async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Value, Failure> {
        let LambdaEvent { payload, context } = event;
        let Some(judged) = self.judge(payload)? else {
            tracing::info!("the subscription asks whether this function can be reached");
            return Ok(json!({ "control": true }));
        };
        log(&judged);
        // Boxed: the types of futures nested this deep overflow the compiler's recursion limit.
        let outcome = Box::pin(start_all(&judged.accounts, &self.workflow, Deadline::of(&context, MARGIN))).await;
        metrics(&judged, &outcome, &self.directory.domain);
        Ok(answer(&judged, outcome)?)
    }

    /// Its megabytes are given back before AWS is called. `None` of a control message.
    fn judge(&self, event: Box<RawValue>) -> Result<Option<Judged>, TriggerError> {
        let text = payload::open(event.get())?;
        drop(event);
        Ok(match Batch::read(&text)? {
            Batch::Control => None,
            Batch::Data(events) => Some(judge(&events, &self.directory)),
        })
    }
}

/// By id and SID: names are people's.
fn log(judged: &Judged) {
    for (id, why) in &judged.malformed {
        tracing::error!(log_event = id, %why, "an event can't be read: look at it in the log group, and whether a user is left out");
    }
    for (sid, why) in &judged.skipped {
        if *why == Skipped::LocalAccount {
            tracing::warn!(sid, ?why, "skipped: if it is a user of the directory, DOMAIN_NETBIOS_NAME is wrong");
        } else {
            tracing::info!(sid, ?why, "skipped");
        }
    }
}

fn metrics(judged: &Judged, outcome: &Outcome, domain: &str) {
    let elsewhere = judged.skipped.iter().filter(|(_, why)| *why == Skipped::LocalAccount).count();
    Metrics::new("Onboarding")
        .dimension("Domain", domain)
        .value("Started", Unit::Count, number(outcome.started))
        .value("AlreadyStarted", Unit::Count, number(outcome.before))
        .value("OtherDomain", Unit::Count, number(elsewhere))
        .value("Skipped", Unit::Count, number(judged.skipped.len() - elsewhere + judged.others))
        .value("Malformed", Unit::Count, number(judged.malformed.len()))
        .value("Failed", Unit::Count, number(outcome.failed.len()))
        .emit();
}

/// What was done; an error if an execution was not started, so that the batch comes again.
fn answer(judged: &Judged, outcome: Outcome) -> Result<Value, TriggerError> {
    for (sid, why) in &outcome.failed {
        tracing::error!(sid, why = shared::error::chain(why), "not started");
    }
    let failed = outcome.failed.len();
    if let Some((_, why)) = outcome.failed.into_iter().max_by_key(|(_, why)| why.retryable()) {
        return Err(TriggerError::NotStarted { failed, all: judged.accounts.len(), why });
    }
    let mut skipped = BTreeMap::from([("OtherEvent".to_owned(), judged.others)]);
    for (_, why) in &judged.skipped {
        *skipped.entry(format!("{why:?}")).or_default() += 1;
    }
    skipped.retain(|_, count| *count > 0);
    Ok(json!({
        "started": outcome.started,
        "alreadyStarted": outcome.before,
        "skipped": skipped,
        "malformed": judged.malformed.len(),
    }))
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
