//! The function's sentence: read the event, see where the rotation stands, take the step, tell of it.

use std::time::Duration;

use lambda_runtime::LambdaEvent;
use serde_json::Value;
use shared::deadline::Deadline;
use shared::error::Failure;

use crate::config::Config;
use crate::contract::{Description, Standing};
use crate::error::RotationError;
use crate::event::{RotationEvent, Step};
use crate::ports::{Fleet, Logins, Secrets};
use crate::report::{self, Done};
use crate::steps::Rotation;

/// Kept back from Lambda's deadline to name the nodes that have not answered.
const TO_NAME_NODES: Duration = Duration::from_secs(4);
/// Kept back to answer at all.
const TO_ANSWER: Duration = Duration::from_secs(1);

/// Answers events.
pub struct Handler<C, L> {
    cloud: C,
    logins: L,
    config: Config,
}

impl<C: Secrets + Fleet, L: Logins> Handler<C, L> {
    /// A handler that acts by `cloud` and logs in by `logins`.
    pub fn new(cloud: C, logins: L, config: Config) -> Self {
        Self { cloud, logins, config }
    }

    /// Takes the step that the event names.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Failure> {
        let LambdaEvent { payload, context } = event;
        let event = RotationEvent::read(&payload).map_err(RotationError::from)?;
        drop(payload); // it holds the rotation token
        let until = Deadline::of(&context, TO_ANSWER);
        let work = self.answer(&event, Deadline::of(&context, TO_NAME_NODES));
        // Boxed: the types of futures nested this deep overflow the compiler's recursion limit.
        let answer = until.cut(Box::pin(work)).await.unwrap_or_else(|| Err(RotationError::Deadline(event.step).into()));
        shared::secret::wipe_stack().await;
        answer
    }

    async fn answer(&self, event: &RotationEvent, deadline: Deadline) -> Result<Value, Failure> {
        let description = self.cloud.describe(&event.secret_id).await.map_err(RotationError::from)?;
        tracing::info!(step = %event.step, secret = description.arn, version = event.token, "rotating");
        let done = self.step(event, &description, deadline).await;
        report::metrics(&description.arn, event.step, &done).emit();
        let done = done?;
        tracing::info!(step = %event.step, secret = description.arn, version = event.token, ?done, "done");
        Ok(done.answer(event.step))
    }

    async fn step(
        &self,
        event: &RotationEvent,
        description: &Description,
        deadline: Deadline,
    ) -> Result<Done, RotationError> {
        let standing = description.standing(&event.token)?;
        let Self { cloud, logins, config } = self;
        let rotation = Rotation { cloud, logins, config, event, description, deadline };
        match (event.step, standing) {
            (Step::Finish, standing) => rotation.finish(standing).await,
            (_, Standing::Current) => Ok(Done::Nothing("the version is current already")),
            (Step::Create, Standing::Pending) => rotation.create().await,
            (Step::Set, Standing::Pending) => rotation.set().await,
            (Step::Test, Standing::Pending) => rotation.test().await,
        }
    }
}

#[cfg(test)]
mod tests;
