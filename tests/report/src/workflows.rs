//! New users, and the workflow of each: what the trigger made of each log event, and how each branch of an execution
//! went, try by try.

mod tally;
pub(crate) mod way;

use serde::{Deserialize, Serialize};

pub use tally::Totals;

/// A batch of log events and what came of it. The state before has what the services held, and users only if they had
/// executions already.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Workflows {
    /// One for each log event, in the batch's order.
    pub users: Vec<User>,
    /// Who had what, as it was read from each service.
    pub services: Vec<Service>,
}

/// A service and who is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Such as `WorkSpaces`: the name that the lanes have.
    pub name: String,
    /// Their names, as the users have them.
    pub users: Vec<String>,
}

/// A log event and the user whom it tells of.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// A name, a SID, or the event's id if it can't be read.
    pub who: String,
    /// What the trigger decided.
    pub decision: Decision,
    /// This user's executions: one of whoever was started, none of who was skipped. More are drawn, too.
    pub executions: Vec<Execution>,
}

/// What the trigger decided on a log event.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "why", rename_all = "kebab-case")]
pub enum Decision {
    /// It started an execution.
    #[default]
    Started,
    /// There was an execution for this user already.
    AlreadyStarted,
    /// It starts none, for this reason: such as "machine account".
    Skipped(String),
    /// It can't be read, for this reason.
    Malformed(String),
    /// The call failed with this error: the batch comes again.
    NotStarted(String),
}

/// An execution of the workflow. Every time is in milliseconds since the batch came.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub status: Status,
    /// When it started.
    pub at_ms: f64,
    /// How long it took.
    pub took_ms: f64,
    /// The parallel branches, one for each service.
    pub lanes: Vec<Lane>,
    /// The tries to tell of what failed; none if nothing did.
    #[serde(default)]
    pub notify: Vec<Try>,
}

/// How an execution stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It has not ended.
    #[default]
    Running,
    /// Everything is there.
    Succeeded,
    /// Something is not.
    Failed,
}

/// A branch of an execution: a task, tried until it has an outcome.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// Such as `WorkSpaces`.
    pub service: String,
    /// The tries in their order; between them the workflow waited.
    pub tries: Vec<Try>,
    /// The end of it.
    pub outcome: LaneOutcome,
}

/// An invocation of the task.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Try {
    /// When it began, in milliseconds since the batch came.
    pub at_ms: f64,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// The error's name, if it raised one.
    pub error: Option<String>,
}

/// How a branch ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", content = "with", rename_all = "kebab-case")]
pub enum LaneOutcome {
    /// It has not ended.
    #[default]
    Running,
    /// The service made what was asked for.
    Created,
    /// The user had it already, which is as good.
    AlreadyThere,
    /// It failed for good, with this error.
    Failed(String),
}

impl Try {
    /// `Try::new(2_140.0, 35.5, Some("Throttled"))`
    #[must_use]
    pub fn new(at_ms: f64, took_ms: f64, error: Option<&str>) -> Self {
        Self { at_ms, took_ms, error: error.map(str::to_owned) }
    }
}
