//! Tells all nodes something by Run Command, and waits until each has answered for itself.

use std::time::Duration;

use tokio::time::Instant;

use crate::command::Command;
use crate::error::RotationError;
use crate::judge::{Verdict, judge};
use crate::node::Node;
use crate::ports::{Fleet, Order, Secrets};

use super::Rotation;

/// Between looks: agents take a second or more, small clusters little longer, large ones minutes.
const FIRST_PAUSE: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 200 });
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// `TimeoutSeconds` can't be shorter: <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_SendCommand.html>.
const SHORTEST_DELIVERY: Duration = Duration::from_secs(30);

impl<C: Secrets + Fleet, L> Rotation<'_, C, L> {
    /// What each node printed; an error that names them unless all did it.
    pub(super) async fn tell(&self, nodes: &[Node], command: &Command) -> Result<Vec<(Node, String)>, RotationError> {
        let left = self.deadline.instant().saturating_duration_since(Instant::now());
        let id = self.send(command, left.max(SHORTEST_DELIVERY)).await?;
        let verdict = self.wait(&id, nodes).await?;
        if verdict.failed.is_empty() && verdict.open.is_empty() {
            return Ok(verdict.done);
        }
        for failure in verdict.failed.iter().chain(&verdict.open) {
            tracing::warn!(node = failure.instance, why = failure.why, command = id, "not done");
        }
        let (failed, open) = (verdict.failed, verdict.open);
        Err(RotationError::Nodes { step: self.event.step, all: nodes.len(), failed, open })
    }

    async fn send(&self, command: &Command, delivery: Duration) -> Result<String, RotationError> {
        let config = self.config;
        let order = Order {
            command,
            document: &config.document,
            target: &config.target,
            max_concurrency: &config.max_concurrency,
            delivery,
        };
        let id = self.cloud.send(order).await?;
        tracing::info!(command = id, document = config.document, "sent");
        Ok(id)
    }

    /// Looks until every node has answered or time is up. A node that SSM has not listed when the command had ended
    /// is one that SSM does not know.
    async fn wait(&self, id: &str, nodes: &[Node]) -> Result<Verdict, RotationError> {
        let mut pause = FIRST_PAUSE;
        let mut complete = false;
        loop {
            let pause_ends = (Instant::now() + pause).min(self.deadline.instant());
            tokio::time::sleep_until(pause_ends).await;
            let invocations = self.cloud.invocations(id).await?;
            let verdict = judge(nodes, &invocations, complete);
            if verdict.open.is_empty() || Instant::now() >= self.deadline.instant() {
                return Ok(verdict);
            }
            let listed = |node: &Node| invocations.iter().any(|invocation| invocation.instance == node.instance);
            complete = !nodes.iter().all(listed) && self.cloud.ended(id).await?;
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
    }
}
