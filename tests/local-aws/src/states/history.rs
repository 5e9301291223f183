//! An execution and the states that it went through, read from its history.

use std::collections::HashMap;

use serde_json::Value;

use crate::error::{Error, Result};

/// An execution of a state machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Execution {
    /// Its ARN.
    pub arn: String,
    /// Its name.
    pub name: String,
    /// How far it came.
    pub status: ExecutionStatus,
    /// What it was started with.
    pub input: Value,
    /// What came of it; only if it succeeded.
    pub output: Option<Value>,
    /// The error that it failed with.
    pub error: Option<String>,
    /// That error's cause.
    pub cause: Option<String>,
    /// What happened to its states, those of branches too, in the order in which it did.
    pub path: Vec<State>,
}

/// How far an execution came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExecutionStatus {
    /// It goes on.
    Running,
    /// It came to its end.
    Succeeded,
    /// An error was not caught, or it came to a Fail state.
    Failed,
    /// It took longer than its `TimeoutSeconds`.
    TimedOut,
    /// It was stopped.
    Aborted,
}

/// Something that happened to a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The state's name.
    pub name: String,
    /// What happened.
    pub kind: StateKind,
    /// When, in milliseconds since the execution began.
    pub at_ms: u64,
    /// The error's name, if its task failed.
    pub error: Option<String>,
}

/// What happened to a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKind {
    /// The execution came to it.
    Entered,
    /// The execution went on from it.
    Exited,
    /// Its task failed, once.
    Failed,
    /// Its task is tried again.
    Retried,
}

impl Execution {
    /// Whether it has ended, in whatever way.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.status != ExecutionStatus::Running
    }

    /// The names of the states that it came to, in order.
    #[must_use]
    pub fn entered(&self) -> Vec<&str> {
        let entered = self.path.iter().filter(|state| state.kind == StateKind::Entered);
        entered.map(|state| state.name.as_str()).collect()
    }

    /// How often a state's task was tried again.
    #[must_use]
    pub fn retries(&self, state: &str) -> usize {
        self.path.iter().filter(|one| one.name == state && one.kind == StateKind::Retried).count()
    }

    /// The errors of a state's task, in order.
    #[must_use]
    pub fn errors(&self, state: &str) -> Vec<&str> {
        self.path.iter().filter(|one| one.name == state).filter_map(|one| one.error.as_deref()).collect()
    }

    /// Reads what `DescribeExecution` and `GetExecutionHistory` answer.
    pub(super) fn read(described: &Value, events: &[Value]) -> Result<Self> {
        let text = |name: &str| described.get(name).and_then(Value::as_str).map(str::to_owned);
        let document = |name: &str| text(name).map(|text| serde_json::from_str(&text).unwrap_or(Value::String(text)));
        Ok(Self {
            arn: text("executionArn").unwrap_or_default(),
            name: text("name").unwrap_or_default(),
            status: status(&text("status").unwrap_or_default())?,
            input: document("input").unwrap_or_default(),
            output: document("output"),
            error: text("error"),
            cause: text("cause"),
            path: path(events),
        })
    }
}

fn status(text: &str) -> Result<ExecutionStatus> {
    Ok(match text {
        "RUNNING" => ExecutionStatus::Running,
        "SUCCEEDED" => ExecutionStatus::Succeeded,
        "FAILED" => ExecutionStatus::Failed,
        "TIMED_OUT" => ExecutionStatus::TimedOut,
        "ABORTED" => ExecutionStatus::Aborted,
        other => return Err(Error::malformed("an execution's status", other)),
    })
}

/// Events of a task do not name their state: it is that of the event before, which they do name.
fn path(events: &[Value]) -> Vec<State> {
    let begun = events.first().map_or(0.0, milliseconds);
    let (mut states, mut failed) = (HashMap::new(), HashMap::new());
    let mut path = Vec::new();
    for event in events {
        let number = |name: &str| event.get(name).and_then(Value::as_u64).unwrap_or_default();
        let (id, before) = (number("id"), number("previousEventId"));
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        let name = detail(event, "name").or_else(|| states.get(&before).cloned());
        failed.insert(id, is_failure(kind));
        let Some(name) = name.filter(|_| !kind.starts_with("Execution")) else { continue };
        states.insert(id, name.clone());
        if let Some(kind) = state_kind(kind, failed.get(&before).copied().unwrap_or_default()) {
            let error = (kind == StateKind::Failed).then(|| detail(event, "error")).flatten();
            path.push(State { name, kind, at_ms: since(begun, event), error });
        }
    }
    path
}

fn state_kind(event: &str, after_failure: bool) -> Option<StateKind> {
    match event {
        _ if event.ends_with("StateEntered") => Some(StateKind::Entered),
        _ if event.ends_with("StateExited") => Some(StateKind::Exited),
        _ if is_failure(event) => Some(StateKind::Failed),
        _ if event.ends_with("Scheduled") && after_failure => Some(StateKind::Retried),
        _ => None,
    }
}

fn is_failure(event: &str) -> bool {
    event.ends_with("Failed") || event.ends_with("TimedOut")
}

/// A member of an event's details.
fn detail(event: &Value, name: &str) -> Option<String> {
    let details = event.as_object()?.iter().find(|(key, _)| key.ends_with("EventDetails"))?.1;
    Some(details.get(name)?.as_str()?.to_owned())
}

fn milliseconds(event: &Value) -> f64 {
    event.get("timestamp").and_then(Value::as_f64).unwrap_or_default() * 1000.0
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "milliseconds of a test")]
fn since(begun: f64, event: &Value) -> u64 {
    (milliseconds(event) - begun).max(0.0).round() as u64
}
