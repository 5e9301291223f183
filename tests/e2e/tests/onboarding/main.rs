//! onboarding end to end: events of the directory's security log come to the log group, both real binaries run under
//! Lambda's runtime, deployed from the template that ships, and the workflow runs as it is written.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod configuration;
mod crashes;
mod identity;
mod memory;
mod once;
mod payloads;
mod privileges;
mod samples;
mod secrecy;
mod starts;
mod suite;
mod whole;
mod workflow;

use e2e::Result;
use e2e::onboarding::Onboarding;
use local_aws::LocalAws;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// One runtime for all tests: the local AWS, which they share, lives in it.
fn runtime() -> &'static Runtime {
    static RUNTIME: std::sync::OnceLock<Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

/// Runs a test in a world of its own.
fn within(parameters: &[(&str, &str)], test: impl AsyncFnOnce(&Onboarding) -> Result<()>) {
    runtime().block_on(async {
        let aws = LocalAws::shared().await.unwrap();
        let onboarding = Onboarding::new(aws, parameters).await.unwrap();
        test(&onboarding).await.unwrap_or_else(|error| panic!("{error}\n{}", onboarding.account.calls().story()));
    });
}

/// What an invocation that must have succeeded answered.
fn answer(invocation: &local_aws::Invocation) -> &Value {
    invocation.result.as_ref().unwrap_or_else(|error| panic!("{error}\n{}", invocation.logs.join("\n")))
}

/// The error of an invocation that must have failed.
fn error(invocation: &local_aws::Invocation) -> &local_aws::FunctionError {
    invocation.result.as_ref().expect_err("the invocation must fail")
}
