//! The four steps, a file each, and what they have in common.

mod create;
mod finish;
mod run_command;
mod set;
mod test;

use shared::deadline::Deadline;

use crate::config::Config;
use crate::contract::{CURRENT, Description, PENDING};
use crate::error::RotationError;
use crate::event::RotationEvent;
use crate::key_line::KeyLine;
use crate::node::Node;
use crate::ports::{Fleet, Secrets, Version};
use crate::secret_value::SecretValue;

/// A rotation at one of its steps.
pub(crate) struct Rotation<'a, C, L> {
    pub(crate) cloud: &'a C,
    pub(crate) logins: &'a L,
    pub(crate) config: &'a Config,
    pub(crate) event: &'a RotationEvent,
    pub(crate) description: &'a Description,
    /// The moment by which nodes must have answered.
    pub(crate) deadline: Deadline,
}

impl<C: Secrets + Fleet, L> Rotation<'_, C, L> {
    /// The value of the version that this rotation makes, under the label that it has.
    async fn rotating(&self, label: &'static str) -> Result<Option<SecretValue>, RotationError> {
        self.value(Version { label, id: Some(&self.event.token) }, label).await
    }

    /// The value of the version that has a label.
    async fn labelled(&self, label: &'static str) -> Result<Option<SecretValue>, RotationError> {
        self.value(Version { label, id: None }, label).await
    }

    async fn value(&self, version: Version<'_>, label: &'static str) -> Result<Option<SecretValue>, RotationError> {
        let text = self.cloud.value(&self.description.arn, version).await?;
        let read = text.map(|text| SecretValue::read(&text)).transpose();
        read.map_err(|source| RotationError::Value { label, source })
    }

    /// The value of AWSCURRENT. A secret that never had one stands for `{}`.
    async fn current(&self) -> Result<SecretValue, RotationError> {
        Ok(self.labelled(CURRENT).await?.unwrap_or_else(SecretValue::empty))
    }

    /// The new public key, as createSecret stored it.
    async fn pending_line(&self) -> Result<KeyLine, RotationError> {
        let value = self.rotating(PENDING).await?.ok_or(RotationError::NoPendingValue)?;
        self.line(&value)
    }

    /// The public key in a version that this function made, which has the private one beside it.
    fn line(&self, value: &SecretValue) -> Result<KeyLine, RotationError> {
        let (Some(public), Some(_)) = (value.public_key(), value.private_key()) else {
            return Err(RotationError::NoKeypair);
        };
        Ok(KeyLine::read(&public, &self.description.arn)?)
    }

    /// The nodes that are expected to do what they are told. None is an error: the rotation would prove nothing.
    async fn nodes(&self) -> Result<Vec<Node>, RotationError> {
        self.at_least_one(self.look().await?)
    }

    async fn look(&self) -> Result<Vec<Node>, RotationError> {
        Ok(self.cloud.nodes(&self.config.target).await?)
    }

    fn at_least_one(&self, nodes: Vec<Node>) -> Result<Vec<Node>, RotationError> {
        let tag = &self.config.target;
        if nodes.is_empty() {
            return Err(RotationError::NoNodes { key: tag.key.clone(), value: tag.value.clone() });
        }
        Ok(nodes)
    }
}
