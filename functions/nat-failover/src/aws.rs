//! AWS behind the ports: thin, one function a call, domain types in and out.

mod act;
mod look;
#[cfg(test)]
mod tests;

use std::time::Duration;

use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;

/// The clients.
pub struct Aws {
    autoscaling: aws_sdk_autoscaling::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    ec2: aws_sdk_ec2::Client,
    sns: aws_sdk_sns::Client,
}

impl Aws {
    /// Clients that share `config`'s HTTP client.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        let config = config.to_builder().retry_config(until_the_deadline()).build();
        Self {
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
            ec2: aws_sdk_ec2::Client::from_conf(ec2(&config)),
            sns: aws_sdk_sns::Client::new(&config),
        }
    }
}

/// As many retries as the function's deadline allows, which alone ends them.
fn until_the_deadline() -> RetryConfig {
    const MORE_THAN_FIT: u32 = 1_000; // not u32::MAX: the SDK adds up the backoffs of all attempts before the first
    RetryConfig::standard()
        .with_max_attempts(MORE_THAN_FIT)
        .with_initial_backoff(Duration::from_millis(300))
        .with_max_backoff(Duration::from_secs(5))
}

/// EC2 lets a burst of changes through and then a few a second (500 routes in one go: F5's extension took 90 s). The
/// SDK's own bucket of retries would be empty after a hundred throttled calls.
fn ec2(config: &SdkConfig) -> aws_sdk_ec2::Config {
    let unlimited = RetryPartition::custom("nat-failover").token_bucket(TokenBucket::unlimited()).build();
    aws_sdk_ec2::config::Builder::from(config).retry_partition(unlimited).build()
}
