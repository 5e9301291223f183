//! AWS behind the port: thin, one call.

#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use shared::aws::AwsError;

use super::ports::{Started, Workflow};

/// The client, and what it acts on.
pub struct Aws {
    sfn: aws_sdk_sfn::Client,
    state_machine: String,
}

impl Aws {
    /// A client that shares `aws`'s HTTP client.
    #[must_use]
    pub fn new(aws: &SdkConfig, state_machine: String) -> Self {
        let config = aws.to_builder().retry_config(until_the_deadline()).build();
        Self { sfn: aws_sdk_sfn::Client::from_conf(builder(&config).build()), state_machine }
    }
}

/// As many retries as the function's deadline allows, which alone ends them: a batch of new users is throttled when the
/// account's bucket of starts is empty, and goes on as it fills.
fn until_the_deadline() -> RetryConfig {
    const MORE_THAN_FIT: u32 = 1_000; // not u32::MAX: the SDK adds up the backoffs of all attempts before the first
    RetryConfig::standard()
        .with_max_attempts(MORE_THAN_FIT)
        .with_initial_backoff(Duration::from_millis(300))
        .with_max_backoff(Duration::from_secs(5))
}

/// The SDK's own bucket of retries would be empty after a hundred throttled calls.
fn builder(config: &SdkConfig) -> aws_sdk_sfn::config::Builder {
    let unlimited = RetryPartition::custom("onboarding").token_bucket(TokenBucket::unlimited()).build();
    aws_sdk_sfn::config::Builder::from(config).retry_partition(unlimited)
}

impl Workflow for Aws {
    async fn start(&self, name: &str, input: &str) -> Result<Started, AwsError> {
        let call = self.sfn.start_execution().state_machine_arn(&self.state_machine).name(name).input(input);
        match call.send().await {
            Ok(_) => Ok(Started::Now),
            // Closed, or started by another copy of the event.
            Err(error) if error.as_service_error().is_some_and(StartExecutionError::is_execution_already_exists) => {
                Ok(Started::Before)
            }
            Err(error) => Err(unquoted(AwsError::new("StartExecution", error))),
        }
    }
}

/// What is sent has people's names, and a complaint about it may quote them: its code has to do.
fn unquoted(mut error: AwsError) -> AwsError {
    if error.code.starts_with("Invalid") || error.code == "ValidationException" {
        error.message.clear();
    }
    error
}
