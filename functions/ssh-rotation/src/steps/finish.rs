//! finishSecret: makes the new version current, then removes what it supersedes. Until the first is done both keys
//! work; when the second fails, the next try, whose version is current already, does it.

use futures_util::future::{try_join, try_join4};

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
        let (line, action) = match standing {
            Standing::Pending => self.finish_pending().await?,
            Standing::Current => self.finish_current().await?,
        };
        // Published before the nodes are looked for: one that joins after the look then gets the new key by itself.
        self.publish(&line).await?;
        let nodes = self.nodes().await?;
        let command = Command { action, users: self.config.users.clone(), line };
        let printed = self.tell(&nodes, &command).await?;
        Ok(Done::Nodes { reached: nodes.len(), unlabelled: warn_of_unlabelled(&printed) })
    }

    /// Promotes. The versions are read before, as long as their labels are where the description says.
    async fn finish_pending(&self) -> Result<(KeyLine, Action), RotationError> {
        let before = try_join4(self.pending_line(), self.public_key(CURRENT), self.public_key(PREVIOUS), self.nodes());
        let (line, superseded, removed, _) = before.await?;
        self.promote().await?;
        let gone = match self.config.previous_key {
            PreviousKey::Revoke => &superseded,
            PreviousKey::Keep => &removed,
        };
        Ok((line, self.superseding(&superseded, base64_of(gone))))
    }

    /// Promoted already: only the clearing away is left.
    async fn finish_current(&self) -> Result<(KeyLine, Action), RotationError> {
        let (value, superseded) = try_join(self.rotating(CURRENT), self.public_key(PREVIOUS)).await?;
        let line = self.line(&value.ok_or(RotationError::NoPendingValue)?)?;
        let gone = match self.config.previous_key {
            PreviousKey::Revoke => base64_of(&superseded),
            PreviousKey::Keep => None, // nothing tells any more which key that was
        };
        Ok((line, self.superseding(&superseded, gone)))
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

    /// What to remove, by the public key that is superseded and the one (base64) that should be gone.
    fn superseding(&self, superseded: &str, gone: Option<String>) -> Action {
        let keep = match self.config.previous_key {
            PreviousKey::Revoke => None,
            PreviousKey::Keep => KeyLine::read(superseded, &self.description.arn).ok().map(|line| line.generation()),
        };
        Action::Finish { keep, superseded: gone }
    }

    /// A version's public key; empty if it has none. A value that is no JSON was none of ours.
    async fn public_key(&self, label: &'static str) -> Result<String, RotationError> {
        match self.labelled(label).await {
            Err(RotationError::Value { .. }) => Ok(String::new()),
            read => Ok(read?.and_then(|value| value.public_key()).unwrap_or_default()),
        }
    }
}

/// The superseded key is also in a line without our label: somebody put it there, and only they may take it away.
fn warn_of_unlabelled(printed: &[(Node, String)]) -> usize {
    let mut found = 0;
    for (node, output) in printed {
        for user in output.lines().filter_map(|line| line.strip_prefix("unlabelled ")) {
            found += 1;
            tracing::warn!(
                node = node.instance,
                user,
                "the superseded key still logs in by a line of authorized_keys that this function did not write; remove it"
            );
        }
    }
    found
}
