//! iot-firehose end to end: devices publish by MQTT, the real binary runs under Lambda's runtime, deployed from the
//! template that ships, and the lake is read back from S3.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod budgets;
mod configuration;
mod crashes;
mod delivery;
mod devices;
mod memory;
mod outage;
mod parquet;
mod poison;
mod privileges;
mod read;
mod refusals;
mod samples;
mod secrecy;
mod suite;

use e2e::Result;
use e2e::iot::Iot;
use local_aws::LocalAws;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// One runtime for all tests: the local AWS, which they share, lives in it.
fn runtime() -> &'static Runtime {
    static RUNTIME: std::sync::OnceLock<Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

/// Runs a test in a world of its own.
fn within(parameters: &[(&str, &str)], test: impl AsyncFnOnce(&Iot) -> Result<()>) {
    runtime().block_on(async {
        let aws = LocalAws::shared().await.unwrap();
        let iot = Iot::new(aws, parameters).await.unwrap();
        test(&iot).await.unwrap_or_else(|error| panic!("{error}\n{}", iot.account.calls().story()));
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

/// The messages that an invocation gave back, in its order.
fn given_back(invocation: &local_aws::Invocation) -> Vec<&str> {
    let failures = answer(invocation)["batchItemFailures"].as_array().expect("a batch's answer");
    failures.iter().map(|failure| failure["itemIdentifier"].as_str().unwrap()).collect()
}
