//! The task's sentence: read the event, make what the service has for the user, tell of it.

use std::time::Duration;

use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};
use shared::deadline::Deadline;
use shared::error::{Failure, FunctionError as _};
use shared::metrics::{Metrics, Unit};

use super::call::CallFailure;
use super::config::Config;
use super::error::ProvisionError;
use super::pace::Pace;
use super::ports::{Connect, WorkSpaces};
use super::request::{Account, Request, Service};
use super::{connect, workspaces};

/// Kept back from Lambda's deadline to answer at all.
const MARGIN: Duration = Duration::from_secs(2);

/// Answers events.
pub struct Handler<C> {
    cloud: C,
    config: Config,
    pace: Pace,
}

impl<C: WorkSpaces + Connect> Handler<C> {
    /// A handler that acts by `cloud`.
    pub fn new(cloud: C, config: Config) -> Self {
        let pace = Pace::new(config.connect.pause);
        Self { cloud, config, pace }
    }

    /// Makes what the event asks for: `{"service", "status": "created", "id"}`.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Failure> {
        let LambdaEvent { payload, context } = event;
        let deadline = Deadline::of(&context, MARGIN);
        let Request { service, account } = Request::read(&payload).map_err(ProvisionError::from)?;
        // Boxed: the types of futures nested this deep overflow the compiler's recursion limit.
        let made = deadline.cut(Box::pin(self.make(service, &account))).await;
        let made = made.unwrap_or(Err(ProvisionError::Deadline(service)));
        shared::secret::wipe_stack().await;
        report(service, &account, &made);
        Ok(json!({"service": service.name(), "status": "created", "id": made?}))
    }

    /// Gives the id of what was made.
    async fn make(&self, service: Service, account: &Account) -> Result<String, ProvisionError> {
        match service {
            Service::WorkSpaces => self.make_workspace(account).await,
            Service::Connect => self.make_connect_user(account).await,
        }
    }

    async fn make_workspace(&self, account: &Account) -> Result<String, ProvisionError> {
        let wanted = workspaces::wanted(account, &self.config.workspaces);
        workspaces::check(&wanted)?;
        let answer = self.cloud.create_workspace(&wanted).await;
        workspaces::judge(&answer.map_err(|error| CallFailure::new(&error, account))?, &wanted, account)
    }

    async fn make_connect_user(&self, account: &Account) -> Result<String, ProvisionError> {
        let user = connect::new_user(account, &self.config.connect)?;
        self.pace.turn().await;
        self.cloud.create_user(&user).await.map_err(|error| connect::judge(&error, account))
    }
}

/// A log line that calls the account by its SID, and a metric.
fn report(service: Service, account: &Account, made: &Result<String, ProvisionError>) {
    let (service, sid) = (service.name(), account.sid.as_deref().unwrap_or("unknown"));
    let metric = match made {
        Ok(id) => {
            tracing::info!(service, sid, id, "created");
            "Created"
        }
        Err(error) if error.already_there() => {
            tracing::info!(service, sid, "already there");
            "AlreadyThere"
        }
        Err(error) => {
            tracing::warn!(service, sid, error_type = error.error_type(), retryable = error.retryable(), "not created");
            if error.retryable() { "ToBeRetried" } else { "Refused" }
        }
    };
    Metrics::new("Onboarding").dimension("Service", service).value(metric, Unit::Count, 1).emit();
}

#[cfg(test)]
mod tests;
