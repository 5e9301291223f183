//! AWS behind the ports: thin, one function a call, domain types in and out.

mod act;
mod look;
#[cfg(test)]
mod tests;

use aws_smithy_runtime::client::retries::{RetryPartition, TokenBucket};
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use std::time::Duration;

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
        Self {
            autoscaling: aws_sdk_autoscaling::Client::new(config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            ec2: aws_sdk_ec2::Client::from_conf(until_the_deadline(config)),
            sns: aws_sdk_sns::Client::new(config),
        }
    }
}

/// EC2 with as many retries as the function's deadline allows, which alone ends them. EC2 lets a burst of changes
/// through and then a few a second (500 routes in one go: F5's extension took 90 s), and the SDK's own bucket would give
/// up on the hundredth throttled call.
fn until_the_deadline(config: &SdkConfig) -> aws_sdk_ec2::Config {
    const MORE_THAN_FIT: u32 = 1_000; // not u32::MAX: the SDK adds up the backoffs of all attempts before the first
    let retries = RetryConfig::standard()
        .with_max_attempts(MORE_THAN_FIT)
        .with_initial_backoff(Duration::from_millis(300))
        .with_max_backoff(Duration::from_secs(5));
    let unlimited = RetryPartition::custom("nat-failover").token_bucket(TokenBucket::unlimited()).build();
    aws_sdk_ec2::config::Builder::from(config).retry_config(retries).retry_partition(unlimited).build()
}
