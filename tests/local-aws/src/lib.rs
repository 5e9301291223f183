//! AWS on one machine, for the end-to-end tests and the demo.
//!
//! A gateway stands in front of several emulators. Functions reach it by `AWS_ENDPOINT_URL`; it tells from the access
//! key which function of which account calls, asks the function's role whether it may, does what faults say, sends the
//! call to the emulator that gets the service right, and writes it down. Functions run in Lambda's own Runtime
//! Interface Emulator, deployed from the template that ships. `README.md` has the picture and the tables.
//!
//! ```no_run
//! # async fn example() -> local_aws::Result<()> {
//! use local_aws::{Deploy, Fault, LocalAws};
//!
//! let account = LocalAws::shared().await?.account();
//! let stack = account.deploy(Deploy::template("functions/nat-failover/template.yaml").parameter("NatPool", "main")).await?;
//! let function = stack.function("NatFailoverFunction")?;
//! account.inject(Fault::throttle().action("ec2:ReplaceRoute").nth(1));
//! let invocation = function.invoke(&serde_json::json!({"Records": []})).await?;
//! assert!(invocation.result.is_ok(), "{invocation:?}");
//! assert_eq!(invocation.calls.count("ec2:ReplaceRoute"), 2);
//! # Ok(())
//! # }
//! ```

mod account;
mod alarms;
mod call;
mod client;
mod connect;
mod control;
mod deploy;
mod emulators;
mod environment;
mod error;
mod faults;
mod firehose;
mod forward;
mod function;
mod gateway;
mod http;
mod iam;
mod invocation;
mod iot;
mod lake;
mod local_aws;
mod log_events;
mod nodes;
mod observe;
mod parquet;
mod process;
mod random;
mod record;
mod rest;
mod rotation;
mod routes;
mod ssm;
mod stack;
mod startup;
mod states;
mod template;
mod wire;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

pub use account::Account;
pub use call::{ApiCall, NotUnderstood, Protocol};
pub use client::ClientRequest;
pub use connect::{ConnectInstance, ConnectUser};
pub use control::Answer;
pub use deploy::Deploy;
pub use error::{Error, Result};
pub use faults::Fault;
pub use function::{Function, FunctionConfiguration, RolePolicy};
pub use iam::PolicyCoverage;
pub use invocation::{FunctionError, Invocation, Trigger};
pub use iot::{Device, NewDevice};
pub use lake::LakeObject;
pub use local_aws::LocalAws;
pub use nodes::{NODE_PORT, Node, NodeOptions, ScriptRun, random_address};
pub use record::{Call, CallLog};
pub use rotation::{OpenRotation, RotateSecret, Rotation, RotationStep, StepRun};
pub use ssm::{Agent, AssociationRun};
pub use stack::{Resource, Stack};
pub use states::{Execution, ExecutionStatus, State, StateKind};
pub use wire::ServiceError;

/// The one region of the local AWS.
pub const REGION: &str = "eu-central-1";

// A panic while a lock is held is a failed test; the others go on.

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
