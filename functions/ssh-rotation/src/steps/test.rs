//! testSecret: logs in to every node as every user with the new key. Reads only.

use std::sync::Arc;

use futures_util::future::try_join4;
use futures_util::stream::{self, StreamExt};
use shared::secret::ExposeSecret;
use ssh_key::PrivateKey;

use crate::contract::PENDING;
use crate::error::RotationError;
use crate::event::Step;
use crate::host_keys::{self, HostKeys};
use crate::keypair;
use crate::node::{Node, NodeFailure};
use crate::ports::{Fleet, Login, Logins, Secrets, Version};
use crate::report::Done;

use super::Rotation;

/// Logins at a time: enough that slow nodes don't hold up the others, few enough for the memory that `make bench` prints.
/// Each node sees only as many as there are users; its sshd refuses some beyond ten (`MaxStartups`).
const AT_A_TIME: usize = 32;

impl<C: Secrets + Fleet, L: Logins> Rotation<'_, C, L> {
    pub(crate) async fn test(&self) -> Result<Done, RotationError> {
        let (pending, current, host_keys, nodes) =
            try_join4(self.rotating(PENDING), self.current(), self.recorded(), self.look()).await?;
        let pending = pending.ok_or(RotationError::NoPendingValue)?;
        // `RotateImmediately=false` calls testSecret alone, on a copy of the current version. In a rotation createSecret has
        // made a version that is none.
        let only_a_test = pending.public_key() == current.public_key();
        if only_a_test && host_keys.is_none() {
            return Ok(Done::Nothing("no rotation has reached the nodes yet; the first one proves its key"));
        }
        let key = Arc::new(keypair::read(&pending.private_key().ok_or(RotationError::NoKeypair)?)?);
        let nodes = self.at_least_one(nodes)?;
        let failed = self.log_in_everywhere(&nodes, &key, &host_keys.unwrap_or_default()).await;
        if failed.is_empty() {
            return Ok(Done::Nodes { reached: nodes.len(), unlabelled: 0 });
        }
        Err(RotationError::Nodes { step: Step::Test, all: nodes.len(), failed, open: Vec::new() })
    }

    /// The host keys on record.
    async fn recorded(&self) -> Result<Option<HostKeys>, RotationError> {
        let recorded = self.cloud.value(&self.description.arn, Version { label: host_keys::LABEL, id: None }).await?;
        Ok(recorded.map(|text| HostKeys::read(text.expose_secret())))
    }

    /// A failure for each node where a user can't log in.
    async fn log_in_everywhere(&self, nodes: &[Node], key: &Arc<PrivateKey>, host_keys: &HostKeys) -> Vec<NodeFailure> {
        let users = &self.config.users;
        let logins = nodes.iter().flat_map(|node| users.iter().map(move |user| (node, user)));
        let tried = stream::iter(logins).map(|(node, user)| async move {
            let why = self.log_in(node, user, key, host_keys).await.err()?;
            tracing::warn!(node = node.instance, user, why, "no login");
            Some(NodeFailure { instance: node.instance.clone(), why: format!("{user}: {why}") })
        });
        let failed: Vec<_> = tried.buffer_unordered(AT_A_TIME).filter_map(std::future::ready).collect().await;
        by_node(failed)
    }

    async fn log_in(&self, node: &Node, user: &str, key: &Arc<PrivateKey>, keys: &HostKeys) -> Result<(), String> {
        let address = node.address.ok_or("it has no private address")?;
        let host_key =
            keys.of(address, self.config.ssh_port).ok_or("no host key on record: setSecret has not reached it")?;
        let login = self.logins.log_in(Login { address, user, key, host_key });
        let tried = self.deadline.cut(login).await.ok_or("no login before the function's deadline")?;
        tried.map_err(|error| error.to_string())
    }
}

/// One failure for each node, whichever user's.
fn by_node(mut failed: Vec<NodeFailure>) -> Vec<NodeFailure> {
    failed.sort_by(|a, b| (&a.instance, &a.why).cmp(&(&b.instance, &b.why)));
    failed.dedup_by(|later, first| {
        let same = later.instance == first.instance;
        if same {
            first.why = format!("{}, {}", first.why, later.why);
        }
        same
    });
    failed
}
