//! nat-failover end to end: the real binary under Lambda's runtime, deployed from the template that ships, against
//! emulators of AWS that check its role at every call.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod budgets;
mod configuration;
mod drain;
mod events;
mod failback;
mod failover;
mod faults;
mod privileges;
mod suite;

use e2e::Result;
use e2e::nat::Nat;
use local_aws::LocalAws;
use tokio::runtime::{Builder, Runtime};

/// One runtime for all tests: the local AWS, which they share, lives in it.
fn runtime() -> &'static Runtime {
    static RUNTIME: std::sync::OnceLock<Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

/// Runs a test in a world of its own.
fn within(zones: usize, parameters: &[(&str, &str)], test: impl AsyncFnOnce(&Nat) -> Result<()>) {
    runtime().block_on(async {
        let aws = LocalAws::shared().await.unwrap();
        let nat = Nat::new(aws, zones, parameters).await.unwrap();
        test(&nat).await.unwrap_or_else(|error| panic!("{error}\n{}", nat.account.calls().story()));
    });
}

/// The payload's first event, which says what was done.
fn did(invocation: &local_aws::Invocation) -> &serde_json::Value {
    let payload = invocation.result.as_ref().unwrap_or_else(|error| panic!("{error}\n{}", invocation.logs.join("\n")));
    &payload["events"][0]
}

/// The error of an invocation that must have failed.
fn error(invocation: &local_aws::Invocation) -> &local_aws::FunctionError {
    invocation.result.as_ref().expect_err("the invocation must fail")
}
