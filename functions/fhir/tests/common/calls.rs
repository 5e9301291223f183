//! Counts the calls of a client, in all and one after another, and stops it after so many, as a crash would.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// What has been counted.
#[derive(Clone, Debug, Default)]
pub struct Calls(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    made: AtomicUsize,
    flying: AtomicUsize,
    rounds: AtomicUsize,
    left: AtomicUsize,
}

impl Default for Counts {
    fn default() -> Self {
        let zero = || AtomicUsize::new(0);
        Self { made: zero(), flying: zero(), rounds: zero(), left: AtomicUsize::new(usize::MAX) }
    }
}

impl Calls {
    /// A client whose calls are counted.
    pub fn of(&self, client: &aws_sdk_dynamodb::Client) -> aws_sdk_dynamodb::Client {
        let once = aws_smithy_types::retry::RetryConfig::disabled();
        let config = client.config().to_builder().retry_config(once).interceptor(self.clone()).build();
        aws_sdk_dynamodb::Client::from_conf(config)
    }

    /// No more than that many calls get through from now on.
    pub fn stop_after(&self, calls: usize) {
        self.0.left.store(calls, SeqCst);
    }

    /// Calls made, and how many of them one after another, since the last time this was asked.
    pub fn take(&self) -> (usize, usize) {
        (self.0.made.swap(0, SeqCst), self.0.rounds.swap(0, SeqCst))
    }
}

impl Intercept for Calls {
    fn name(&self) -> &'static str {
        "Calls"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.0.left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_err() {
            return Err("the process has crashed".into());
        }
        self.0.made.fetch_add(1, SeqCst);
        if self.0.flying.fetch_add(1, SeqCst) == 0 {
            self.0.rounds.fetch_add(1, SeqCst);
        }
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.response().is_some() {
            self.0.flying.fetch_sub(1, SeqCst);
        }
        Ok(())
    }
}
