//! createSecret: makes the new keypair, once, whatever happens.

use std::time::SystemTime;

use crate::contract::PENDING;
use crate::error::RotationError;
use crate::key_line::{Generation, KeyLine};
use crate::keypair;
use crate::ports::{Fleet, NewVersion, Put, Secrets};
use crate::report::Done;
use crate::secret_value::SecretValue;

use super::Rotation;

impl<C: Secrets + Fleet, L> Rotation<'_, C, L> {
    pub(crate) async fn create(&self) -> Result<Done, RotationError> {
        let (pending, current) = futures_util::future::try_join(self.rotating(PENDING), self.current()).await?;
        if let Some(pending) = pending {
            if pending.public_key() == current.public_key() {
                return Err(RotationError::NotNew); // nothing would be rotated
            }
            self.line(&pending)?;
            return Ok(Done::Nothing("the version has its keypair already"));
        }
        match self.store(current).await? {
            Put::Stored => Ok(Done::Created),
            Put::Exists => {
                self.pending_line().await?;
                Ok(Done::Nothing("another invocation was faster; its keypair stays"))
            }
        }
    }

    /// Stores the current value with a new keypair in the current one's place.
    async fn store(&self, current: SecretValue) -> Result<Put, RotationError> {
        let arn = &self.description.arn;
        let last = current.public_key().and_then(|key| KeyLine::read(&key, arn).ok());
        let generation = Generation::after(last.map(|line| line.generation()), SystemTime::now());
        let keypair = keypair::generate(self.config.algorithm, self.config.format, &generation.label(arn))?;
        let value = current.with_keypair(&keypair).write();
        let new = NewVersion {
            id: Some(&self.event.token),
            label: PENDING,
            value: &value,
            rotation_token: self.event.rotation_token.as_ref(),
        };
        Ok(self.cloud.put(arn, new).await?)
    }
}
