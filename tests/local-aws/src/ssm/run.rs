//! How a command goes to its nodes: `MaxConcurrency` at once, until `MaxErrors` is exceeded or it expires.
//!
//! AWS sends to few nodes first and then to more and more; here as many begin at once as `MaxConcurrency` allows.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use super::command::{Command, Invocation, Plugin, share};
use super::document::Step;
use super::status::Status;
use super::{Agent, execute, targets, time};
use crate::account::Account;
use crate::lock;
use crate::nodes::NodeInner;

/// How long the targets stay unknown: a list that is asked for at once is empty, as with AWS.
const RESOLVING: Duration = Duration::from_millis(40);

/// The moments at which a command is given up, on this machine's clock.
#[derive(Debug, Clone, Copy)]
struct Deadlines {
    /// After `TimeoutSeconds` nothing starts any more.
    start: Instant,
    /// After the steps' time too, what no agent has answered is given up: `ExpiresAfter`.
    end: Instant,
}

/// Carries a command out.
pub(crate) async fn run(account: Account, command: Arc<Command>, steps: Vec<Step>) {
    let clock = &account.state.ssm.clock;
    let begun = Instant::now();
    let seconds = f64::from(u32::try_from(command.timeout).unwrap_or(u32::MAX));
    let deadlines =
        Deadlines { start: begun + clock.real(seconds), end: begun + clock.real(command.expires - command.requested) };
    tokio::time::sleep(RESOLVING).await;
    let nodes = resolve(&account, &command, &steps).await;
    let width = share(&command.max_concurrency, nodes.len()).max(1);
    let places = Arc::new(Semaphore::new(width));
    let mut invocations = JoinSet::new();
    for (id, node) in nodes {
        let place = timeout_at(deadlines.end, places.clone().acquire_owned()).await;
        let (errors, allowed) = command.errors();
        let status = match place {
            _ if command.is_cancelled() => Some(Status::Cancelled),
            _ if errors > allowed => Some(Status::Terminated),
            Ok(Ok(place)) => {
                let (account, command, steps) = (account.clone(), command.clone(), steps.clone());
                invocations.spawn(async move {
                    invoke(&account, &command, &id, node.as_deref(), &steps, deadlines).await;
                    drop(place);
                });
                continue;
            }
            _ => Some(Status::DeliveryTimedOut),
        };
        command.update(&id, |invocation| invocation.status = status.unwrap_or(invocation.status));
    }
    while invocations.join_next().await.is_some() {}
}

type Targets = Vec<(String, Option<Arc<NodeInner>>)>;

/// Makes the invocations. A node that went meanwhile is still one.
async fn resolve(account: &Account, command: &Command, steps: &[Step]) -> Targets {
    let ids = if command.instance_ids.is_empty() {
        let found = targets::resolve(&account.world, &account.state, &command.targets).await.unwrap_or_default();
        found.into_iter().map(|instance| instance.id).collect()
    } else {
        command.instance_ids.clone()
    };
    let requested = time::now();
    let plugins: Vec<Plugin> = steps.iter().map(|step| Plugin::new(&step.name)).collect();
    let mut progress = lock(&command.progress);
    let status = if progress.cancelled { Status::Cancelled } else { Status::Pending };
    let invocation = |id: &String| Invocation { instance_id: id.clone(), requested, status, plugins: plugins.clone() };
    progress.invocations = ids.iter().map(invocation).collect();
    progress.resolved = true;
    ids.into_iter().map(|id| (id.clone(), account.state.node(&id))).collect()
}

/// One node's invocation to its end.
async fn invoke(
    account: &Account,
    command: &Command,
    id: &str,
    node: Option<&NodeInner>,
    steps: &[Step],
    deadlines: Deadlines,
) {
    command.update(id, |invocation| invocation.status = Status::InProgress);
    let cancelled = command.cancelled.notified();
    if command.is_cancelled() {
        return; // between the look for a place and here
    }
    let ended = tokio::select! {
        status = deliver(account, command, id, node, steps, deadlines) => status,
        () = cancelled => Status::Cancelled,
    };
    command.update(id, |invocation| {
        invocation.status = ended;
        for plugin in invocation.plugins.iter_mut().filter(|plugin| !plugin.status.is_final()) {
            plugin.status = ended;
        }
    });
}

/// Waits for the agent, and has it run the steps.
async fn deliver(
    account: &Account,
    command: &Command,
    id: &str,
    node: Option<&NodeInner>,
    steps: &[Step],
    deadlines: Deadlines,
) -> Status {
    let Some(node) = node else { return undelivered(account, id, deadlines).await };
    if node.agent() != Agent::Online && !runs(account, id).await {
        command.update(id, |invocation| invocation.status = Status::Delayed);
    }
    loop {
        let change = node.changed.notified();
        if node.agent() == Agent::Online {
            command.update(id, |invocation| invocation.status = Status::InProgress);
            break;
        }
        // Looks again now and then: the change may have come between the look and the wait.
        let soon = Instant::now() + Duration::from_millis(20);
        let _ = timeout_at(soon.min(deadlines.start), change).await;
        if Instant::now() >= deadlines.start {
            return undelivered(account, id, deadlines).await;
        }
    }
    let report = |at: usize, plugin: &Plugin| {
        command.update(id, |invocation| {
            if let Some(place) = invocation.plugins.get_mut(at) {
                *place = plugin.clone();
            }
        });
    };
    execute::steps(&account.state.ssm.clock, node, &command.id, steps, report).await
}

/// An agent that did not come: its time-out comes when the command expires. A stopped instance is Undeliverable.
async fn undelivered(account: &Account, id: &str, deadlines: Deadlines) -> Status {
    tokio::time::sleep_until(deadlines.end).await;
    if runs(account, id).await { Status::DeliveryTimedOut } else { Status::Undeliverable }
}

async fn runs(account: &Account, id: &str) -> bool {
    let instances = targets::instances(&account.world, &account.state).await.unwrap_or_default();
    instances.iter().any(|instance| instance.id == id && instance.state == "running")
}
