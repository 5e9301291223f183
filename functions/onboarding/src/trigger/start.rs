//! Starts the executions, some at a time. One that fails does not stop the others.

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use shared::aws::AwsError;
use shared::deadline::Deadline;

use super::account::Account;
use super::ports::{Started, Workflow};

/// Calls under way at once, each on a connection of its own: a batch of 1,000 users takes some seconds.
const AT_ONCE: usize = 10;

/// What came of it.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How many executions were started.
    pub started: usize,
    /// How many had been started before.
    pub before: usize,
    /// Those that were not: SID and reason.
    pub failed: Vec<(String, Why)>,
}

/// Why an execution was not started.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// The call failed.
    #[error(transparent)]
    Call(#[from] AwsError),
    /// Time was up.
    #[error("the deadline came before it was started")]
    Deadline,
    /// Can't happen: the input is made of text.
    #[error("the input can't be written as JSON")]
    Input,
}

impl Why {
    /// Whether the same call may go through later.
    #[must_use]
    pub fn retryable(&self) -> bool {
        match self {
            Self::Call(error) => error.retryable,
            Self::Deadline => true,
            Self::Input => false,
        }
    }
}

/// Starts an execution for each account.
pub async fn start_all(accounts: &BTreeMap<String, Account>, workflow: &impl Workflow, deadline: Deadline) -> Outcome {
    let calls =
        accounts.iter().map(|(sid, account)| async move { (sid, start(sid, account, workflow, deadline).await) });
    let mut calls = stream::iter(calls).buffer_unordered(AT_ONCE);
    let mut outcome = Outcome::default();
    while let Some((sid, result)) = calls.next().await {
        match result {
            Ok(Started::Now) => outcome.started += 1,
            Ok(Started::Before) => outcome.before += 1,
            Err(why) => outcome.failed.push((sid.clone(), why)),
        }
    }
    outcome
}

async fn start(sid: &str, account: &Account, workflow: &impl Workflow, deadline: Deadline) -> Result<Started, Why> {
    let input = serde_json::to_string(account).map_err(|_| Why::Input)?;
    if deadline.instant() <= tokio::time::Instant::now() {
        return Err(Why::Deadline); // `cut` would begin the call
    }
    let started = deadline.cut(workflow.start(sid, &input)).await.ok_or(Why::Deadline)??;
    tracing::info!(sid, ?started, "onboarding");
    Ok(started)
}
