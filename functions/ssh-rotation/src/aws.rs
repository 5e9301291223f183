//! AWS behind the ports: thin, one function a call, domain types in and out.

mod fleet;
mod secrets;
#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;

/// The clients.
pub struct Aws {
    ec2: aws_sdk_ec2::Client,
    secrets: aws_sdk_secretsmanager::Client,
    ssm: aws_sdk_ssm::Client,
}

impl Aws {
    /// Clients that share `config`'s HTTP client.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        let config = config.to_builder().retry_config(retries()).build();
        Self {
            ec2: aws_sdk_ec2::Client::new(&config),
            secrets: aws_sdk_secretsmanager::Client::new(&config),
            ssm: aws_sdk_ssm::Client::new(&config),
        }
    }
}

/// A failed step costs a whole rotation, which Secrets Manager tries again only after a while: worth some patience.
fn retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(8)
        .with_initial_backoff(Duration::from_millis(300))
        .with_max_backoff(Duration::from_secs(5))
}
