//! Writes down a client's calls: which, in which round, and how many items they brought.

#![allow(dead_code, unreachable_pub, reason = "tests' own; which helper is left over differs from test to test")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;
use fhir::store::table::PARALLEL;
use serde_json::Value;

/// What has been written down.
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    flying: usize,
    calls: Calls,
}

/// The calls since the last time that somebody asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Calls {
    /// How many were made while none was under way: round trips one after another.
    pub rounds: usize,
    /// How many of each operation, by round: `1 Query`.
    pub made: BTreeMap<String, usize>,
    /// Items in the answers: rows of the index and heads.
    pub items: usize,
    /// Bytes of the answers.
    pub bytes: usize,
}

impl Calls {
    /// How many were made.
    pub fn count(&self) -> usize {
        self.made.values().sum()
    }

    /// Whether one of them is of that operation.
    pub fn has(&self, operation: &str) -> bool {
        self.made.keys().any(|made| made.split(' ').nth(1) == Some(operation))
    }
}

impl std::fmt::Display for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let made: Vec<String> = self.made.iter().map(|(what, times)| format!("{what} x{times}")).collect();
        write!(f, "{} rounds, {} items: {}", self.rounds, self.items, made.join(", "))
    }
}

impl Trace {
    /// A client whose calls are written down; it tries each once.
    pub fn of(&self, client: &aws_sdk_dynamodb::Client) -> aws_sdk_dynamodb::Client {
        let once = aws_smithy_types::retry::RetryConfig::disabled();
        let config = client.config().to_builder().retry_config(once).interceptor(self.clone()).build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    /// The calls since the last time.
    pub fn take(&self) -> Calls {
        std::mem::take(&mut self.state().calls)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Intercept for Trace {
    fn name(&self) -> &'static str {
        "Trace"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let target = context.request().headers().get("x-amz-target").unwrap_or_default();
        let operation = target.rsplit('.').next().unwrap_or_default();
        let mut state = self.state();
        let last = format!("{} {operation}", state.calls.rounds);
        // What is more than can be in flight at once goes in waves: one round, in which calls don't wait for answers.
        let wave = state.calls.made.get(&last).is_some_and(|made| *made >= PARALLEL);
        if state.flying == 0 && !wave {
            state.calls.rounds += 1;
        }
        state.flying += 1;
        let what = format!("{} {operation}", state.calls.rounds);
        *state.calls.made.entry(what).or_default() += 1;
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(response) = context.response() else { return Ok(()) };
        let body = response.body().bytes().unwrap_or_default();
        let mut state = self.state();
        state.flying -= 1;
        state.calls.bytes += body.len();
        state.calls.items += items(&serde_json::from_slice(body).unwrap_or_default());
        Ok(())
    }
}

/// The items of an answer: `Item`, `Items`, or `Responses` of tables.
fn items(answer: &Value) -> usize {
    let length = |value: &Value| value.as_array().map_or(0, Vec::len);
    let tables = answer.get("Responses").and_then(Value::as_object);
    let of_tables: usize = tables.into_iter().flat_map(|tables| tables.values()).map(length).sum();
    usize::from(answer.get("Item").is_some()) + answer.get("Items").map_or(0, length) + of_tables
}
