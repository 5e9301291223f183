//! Step Functions: executions as tests see them, and how fast their waits pass. ministack runs them, corrected by
//! `emulators/ministack_states.py`.

mod history;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use hyper::Response;
use serde_json::{Value, json};

use crate::account::Account;
use crate::error::{Error, Result};
use crate::ssm::time::Clock;
use crate::world::World;

pub use history::{Execution, ExecutionStatus, State, StateKind};

/// How often a test looks whether executions have come so far.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a test sets.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    clock: Clock,
}

impl Account {
    /// Lets the waits of executions (of `Retry` and of Wait states) pass `speed` times faster from now on. Tasks take as
    /// long as they do, and so do their `TimeoutSeconds`.
    pub fn set_states_clock(&self, speed: f64) {
        self.state.states.clock.set(speed);
    }

    /// Starts an execution: its ARN. `name`: up to 80 characters.
    pub async fn start_execution(&self, state_machine: &str, name: &str, input: &Value) -> Result<String> {
        let body = json!({"stateMachineArn": state_machine, "name": name, "input": input.to_string()});
        let answer = states(self, "StartExecution", &body).await?;
        Ok(answer.get("executionArn").and_then(Value::as_str).unwrap_or_default().to_owned())
    }

    /// A state machine's executions with their histories, the oldest first.
    pub async fn executions(&self, state_machine: &str) -> Result<Vec<Execution>> {
        let listed = pages(self, "ListExecutions", "executions", &json!({"stateMachineArn": state_machine})).await?;
        let mut executions = Vec::new();
        for execution in listed.iter().rev() {
            let arn = json!({"executionArn": execution.get("executionArn")});
            let described = states(self, "DescribeExecution", &arn).await?;
            let events = pages(self, "GetExecutionHistory", "events", &arn).await?;
            executions.push(Execution::read(&described, &events)?);
        }
        Ok(executions)
    }

    /// Waits until `enough` is true of a state machine's executions.
    pub async fn wait_for_executions(
        &self,
        state_machine: &str,
        what: &str,
        within: Duration,
        enough: impl Fn(&[Execution]) -> bool,
    ) -> Result<Vec<Execution>> {
        let begun = Instant::now();
        loop {
            let executions = self.executions(state_machine).await?;
            if enough(&executions) {
                return Ok(executions);
            }
            if begun.elapsed() > within {
                let (what, seen) = (what.to_owned(), format!("{executions:#?}"));
                return Err(Error::Waited { what, seconds: within.as_secs(), seen });
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until so many of a state machine's executions have ended, in whatever way.
    pub async fn wait_for_ended_executions(
        &self,
        state_machine: &str,
        count: usize,
        within: Duration,
    ) -> Result<Vec<Execution>> {
        let ended = |executions: &[Execution]| executions.iter().filter(|execution| execution.has_ended()).count();
        let what = format!("{count} ended executions");
        self.wait_for_executions(state_machine, &what, within, |executions| ended(executions) >= count).await
    }
}

async fn states(account: &Account, action: &str, body: &Value) -> Result<Value> {
    account.control_json("states", &format!("AWSStepFunctions.{action}"), body).await?.json()
}

/// All items of a list that comes in pages.
async fn pages(account: &Account, action: &str, member: &str, of: &Value) -> Result<Vec<Value>> {
    let (mut items, mut body) = (Vec::new(), of.clone());
    loop {
        let page = states(account, action, &body).await?;
        items.extend(page.get(member).and_then(Value::as_array).cloned().unwrap_or_default());
        let Some(token) = page.get("nextToken").filter(|token| token.is_string()) else { return Ok(items) };
        if let Some(body) = body.as_object_mut() {
            body.insert("nextToken".to_owned(), token.clone());
        }
    }
}

/// Tells ministack how fast an account's waits pass.
pub(crate) fn clock(world: &Arc<World>, query: &str) -> Response<Bytes> {
    let account = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "account");
    let account = account.and_then(|(_, id)| world.account(&id));
    let speed = account.map_or(1.0, |account| account.states.clock.speed());
    Response::new(json!({"speed": speed}).to_string().into())
}
