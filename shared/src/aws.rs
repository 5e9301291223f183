//! What every SDK client shares: one HTTP client, region and credentials as Lambda gives them, retries, time-outs.
//!
//! `aws-config` is not used: its provider chain (profiles, SSO, STS, IMDS) is code that never runs in a Lambda
//! function, which always has its region and its role's credentials in the environment.

mod error;
mod https;

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SdkConfig;
use aws_types::region::Region;

use crate::env::{Reader, boolean, text};
pub use error::AwsError;

/// Connecting within the region takes a few milliseconds; a host that does not answer in two seconds won't.
const CONNECT: Duration = Duration::from_secs(2);
/// One attempt of one call. Without it a connection that died silently is waited for until the function's own deadline.
const ATTEMPT: Duration = Duration::from_secs(8);
/// `AWS` backs off up to 20 s between attempts by default, longer than most functions live.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// Reads region, credentials and endpoint. There is no default region: a guessed one acts on somebody's other account.
pub fn config<L: Fn(&str) -> Option<String>>(env: &mut Reader<L>) -> Option<SdkConfig> {
    let region = env.required("AWS_REGION", "eu-west-1", text);
    let key = env.required("AWS_ACCESS_KEY_ID", "ASIA...", text);
    let secret = env.required("AWS_SECRET_ACCESS_KEY", "...", text);
    let token = env.optional("AWS_SESSION_TOKEN", "...", text);
    let endpoint = env.optional("AWS_ENDPOINT_URL", "http://127.0.0.1:4566", text);
    let fips = env.or("AWS_USE_FIPS_ENDPOINT", false, "true", boolean);
    let dual_stack = env.or("AWS_USE_DUALSTACK_ENDPOINT", false, "true", boolean);
    let credentials = Credentials::new(key?, secret?, token, None, "Lambda");
    let config = SdkConfig::builder()
        .behavior_version(aws_smithy_runtime_api::client::behavior_version::BehaviorVersion::latest())
        .region(Region::new(region?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(https::Lazy::default())
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .retry_config(RetryConfig::standard().with_max_attempts(4).with_max_backoff(MAX_BACKOFF))
        .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).build())
        .use_fips(fips)
        .use_dual_stack(dual_stack);
    Some(match endpoint {
        Some(url) => config.endpoint_url(url).build(),
        None => config.build(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_region_is_a_mistake_and_not_a_default() {
        let mut env = Reader::new(|name| (name != "AWS_REGION" && name.starts_with("AWS_S")).then(|| "x".to_owned()));
        assert!(config(&mut env).is_none());
        let mistakes = env.finish().unwrap_err().0;
        assert!(mistakes.iter().any(|m| m.starts_with("AWS_REGION is missing")), "{mistakes:?}");
        assert!(mistakes.iter().any(|m| m.starts_with("AWS_ACCESS_KEY_ID is missing")), "{mistakes:?}");
    }
}
