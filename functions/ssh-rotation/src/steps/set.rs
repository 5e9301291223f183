//! setSecret: brings the new public key to every node, and records the host keys that the nodes print.

use shared::secret::{ExposeSecret, SecretString};

use crate::command::{Action, Command};
use crate::error::RotationError;
use crate::event::Step;
use crate::host_keys::{self, HostKeys};
use crate::ports::{Fleet, NewVersion, Secrets, Version};
use crate::report::Done;

use super::Rotation;

impl<C: Secrets + Fleet, L> Rotation<'_, C, L> {
    pub(crate) async fn set(&self) -> Result<Done, RotationError> {
        let (line, nodes) = futures_util::future::try_join(self.pending_line(), self.nodes()).await?;
        let command = Command { action: Action::Add, users: self.config.users.clone(), line };
        let printed = self.tell(&nodes, &command).await?;
        let (host_keys, failed) = HostKeys::printed(&printed, self.config.ssh_port);
        if !failed.is_empty() {
            return Err(RotationError::Nodes { step: Step::Set, all: nodes.len(), failed, open: Vec::new() });
        }
        self.record(&host_keys).await?;
        Ok(Done::Nodes { reached: nodes.len(), unlabelled: 0 })
    }

    /// Records the host keys, if they are others than those on record.
    async fn record(&self, host_keys: &HostKeys) -> Result<(), RotationError> {
        let value = SecretString::from(host_keys.write()?);
        let recorded = self.cloud.value(&self.description.arn, Version { label: host_keys::LABEL, id: None }).await?;
        if recorded.is_some_and(|recorded| recorded.expose_secret() == value.expose_secret()) {
            return Ok(());
        }
        let rotation_token = self.event.rotation_token.as_ref();
        let new = NewVersion { id: None, label: host_keys::LABEL, value: &value, rotation_token };
        self.cloud.put(&self.description.arn, new).await?;
        Ok(())
    }
}
