//! ssh-rotation end to end: the real binary under Lambda's runtime, deployed from the template that ships; Run Command
//! really runs the script of the document that ships, on nodes with real sshd; keys are tried with OpenSSH's client.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "these are tests")]

mod budgets;
mod client;
mod configuration;
mod contract;
mod crashes;
mod join;
mod nodes;
mod privileges;
mod rotation;
mod secrecy;
mod template;

use e2e::Result;
use e2e::ssh::Ssh;
use local_aws::LocalAws;
use tokio::runtime::{Builder, Runtime};

/// One runtime for all tests: the local AWS, which they share, lives in it.
fn runtime() -> &'static Runtime {
    static RUNTIME: std::sync::OnceLock<Runtime> = std::sync::OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

/// Runs a test in a world of its own.
fn within(nodes: usize, parameters: &[(&str, &str)], test: impl AsyncFnOnce(&mut Ssh) -> Result<()>) {
    runtime().block_on(async {
        let aws = LocalAws::shared().await.unwrap();
        let mut ssh = Ssh::new(aws, nodes, parameters).await.unwrap();
        test(&mut ssh).await.unwrap_or_else(|error| panic!("{error}\n{}", ssh.account.calls().story()));
    });
}

/// The error of an invocation that must have failed.
fn error(invocation: &local_aws::Invocation) -> &local_aws::FunctionError {
    invocation.result.as_ref().expect_err("the invocation must fail")
}

/// What an invocation that must have succeeded answered.
fn answer(invocation: &local_aws::Invocation) -> &serde_json::Value {
    invocation.result.as_ref().unwrap_or_else(|error| panic!("{error}\n{}", invocation.logs.join("\n")))
}
