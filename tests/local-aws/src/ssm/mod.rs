//! Stand-in: SSM's Run Command and State Manager. moto's Run Command succeeds on every instance without running anything,
//! and its `ListCommandInvocations` answers 500; ministack's knows no documents. Here scripts really run, on the account's
//! [nodes](crate::Node), and fail, hang and time out as AWS says. Documents, parameters and associations are ministack's,
//! where the stack put them; tags are moto's.
//!
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html>,
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html>

mod associations;
mod builtin;
mod command;
mod document;
mod execute;
mod list;
mod parameters;
mod run;
mod send;
mod status;
mod store;
mod targets;
pub(crate) mod time;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::Value;

use crate::account::Account;
use crate::call::ApiCall;
use crate::error::Result;
use crate::lock;
use crate::nodes::NodeInner;
use crate::wire::{ServiceError, json_response};
use crate::world::{AccountState, World};

pub use associations::AssociationRun;
pub(crate) use associations::{came_online, deployed};
pub(crate) use targets::{arn_of_document, instances_of_call};

use command::Command;
use time::Clock;

/// What SSM knows of a node's agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// It runs commands at once.
    Online,
    /// SSM knows the node, but its agent does not answer: `ConnectionLost`. Tags find it, commands to it wait.
    Offline,
    /// SSM does not know the node: no agent, no rights, no way out. Tags do not find it, its id is invalid.
    Unknown,
}

/// An account's Run Command.
#[derive(Debug, Default)]
pub(crate) struct State {
    commands: Mutex<BTreeMap<String, Arc<Command>>>,
    pub(crate) clock: Clock,
    /// The associations that were applied when their stack came.
    known_associations: Mutex<Vec<String>>,
}

impl Account {
    /// Lets SSM's time-outs pass `speed` times faster; scripts run as fast as they do. `SendCommand` takes no
    /// `TimeoutSeconds` below 30.
    pub fn set_ssm_clock(&self, speed: f64) {
        self.state.ssm.clock.set(speed);
    }

    /// Applies every association to every online node that it targets, as its schedule would, and waits for the end.
    pub async fn apply_associations(&self) -> Result<Vec<AssociationRun>> {
        associations::apply_all(self).await
    }
}

/// What an operation answers: its members, or the error.
type Outcome = Result<Value, ServiceError>;

/// Answers one of the operations that are listed in `routes.rs`.
pub(crate) async fn answer(
    world: &Arc<World>,
    account: &Arc<AccountState>,
    call: &ApiCall,
    request: &Request<Bytes>,
) -> Response<Bytes> {
    let account = Account { world: world.clone(), state: account.clone() };
    let input: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let outcome = match call.action.as_str() {
        "SendCommand" => send::send_command(&account, &input).await,
        "CancelCommand" => send::cancel_command(&account, &input),
        "ListCommands" => list::commands(&account, &input),
        "ListCommandInvocations" => list::invocations(&account, &input),
        "GetCommandInvocation" => list::invocation(&account, &input),
        _ => list::instances(&account, &input).await,
    };
    json_response(outcome)
}

fn refused(code: &str, message: impl Into<String>) -> ServiceError {
    ServiceError::new(400, code, message)
}

/// Something failed here, not in what was asked.
fn internal(error: &crate::Error) -> ServiceError {
    ServiceError::new(500, "InternalServerError", format!("{error:?}"))
}

/// A member that is a text; empty if it is not there.
fn text<'a>(input: &'a Value, name: &str) -> &'a str {
    input.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The texts of a list.
fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// Whether SSM knows the node.
fn is_managed(node: &NodeInner) -> bool {
    node.agent() != Agent::Unknown
}

impl State {
    fn command(&self, id: &str) -> Option<Arc<Command>> {
        lock(&self.commands).get(id).cloned()
    }

    fn commands(&self) -> Vec<Arc<Command>> {
        lock(&self.commands).values().cloned().collect()
    }

    fn keep(&self, command: &Arc<Command>) {
        lock(&self.commands).insert(command.id.clone(), command.clone());
    }
}
