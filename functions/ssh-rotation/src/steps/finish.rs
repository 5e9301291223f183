//! finishSecret: makes the new version current, then removes what it supersedes. Until the first is done both keys
//! work; when the second fails, the next try, whose version is current already, does it.

use crate::command::{Action, Command};
use crate::config::PreviousKey;
use crate::contract::{CURRENT, PREVIOUS, Standing};
use crate::error::RotationError;
use crate::key_line::{KeyLine, base64_of};
use crate::node::Node;
use crate::ports::{Fleet, Secrets};
use crate::report::Done;

use super::Rotation;

impl<C: Secrets + Fleet, L> Rotation<'_, C, L> {
    pub(crate) async fn finish(&self, standing: Standing) -> Result<Done, RotationError> {
        let (line, nodes) = futures_util::future::try_join(self.new_line(standing), self.nodes()).await?;
        if standing == Standing::Pending {
            self.promote().await?;
        }
        let (action, ()) = futures_util::future::try_join(self.superseding(), self.publish(&line)).await?;
        let command = Command { action, users: self.config.users.clone(), line };
        let printed = self.tell(&nodes, &command).await?;
        warn_of_unlabelled(&printed);
        Ok(Done::Nodes(nodes.len()))
    }

    async fn new_line(&self, standing: Standing) -> Result<KeyLine, RotationError> {
        match standing {
            Standing::Pending => self.pending_line().await,
            Standing::Current => {
                let value = self.rotating(CURRENT).await?.ok_or(RotationError::NoPendingValue)?;
                self.line(&value)
            }
        }
    }

    /// Moves AWSCURRENT. Secrets Manager refuses a move that is done already, as it is when only the answer was lost.
    async fn promote(&self) -> Result<(), RotationError> {
        let arn = &self.description.arn;
        let token = &self.event.token;
        let Err(error) = self.cloud.promote(arn, token, self.description.version(CURRENT)).await else {
            tracing::info!(secret = arn, version = token, "AWSCURRENT moved");
            return Ok(());
        };
        match self.cloud.describe(arn).await?.standing(token) {
            Ok(Standing::Current) => Ok(()),
            _ => Err(error.into()),
        }
    }

    /// Nodes that join from now on get the new key.
    async fn publish(&self, line: &KeyLine) -> Result<(), RotationError> {
        match &self.config.current_key_parameter {
            Some(parameter) => Ok(self.cloud.publish(parameter, line).await?),
            None => Ok(()),
        }
    }

    /// What to remove, by what the version before this one holds.
    async fn superseding(&self) -> Result<Action, RotationError> {
        // A value that is no JSON was none of ours, and has no key.
        let previous = match self.labelled(PREVIOUS).await {
            Err(RotationError::Value { .. }) => None,
            read => read?,
        };
        let previous = previous.and_then(|value| value.public_key()).unwrap_or_default();
        Ok(match self.config.previous_key {
            PreviousKey::Revoke => Action::Finish { keep: None, superseded: base64_of(&previous) },
            PreviousKey::Keep => {
                let line = KeyLine::read(&previous, &self.description.arn).ok();
                Action::Finish { keep: line.map(|line| line.generation()), superseded: None }
            }
        })
    }
}

/// The superseded key is also in a line without our label: somebody put it there, and only they may take it away.
fn warn_of_unlabelled(printed: &[(Node, String)]) {
    for (node, output) in printed {
        for user in output.lines().filter_map(|line| line.strip_prefix("unlabelled ")) {
            tracing::warn!(
                node = node.instance,
                user,
                "the superseded key still logs in by a line of authorized_keys that this function did not write; remove it"
            );
        }
    }
}
