//! One test's account.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::control::{self, Answer};
use crate::deploy::{self, Deploy};
use crate::error::{Error, Result};
use crate::faults::Fault;
use crate::iam::PolicyCoverage;
use crate::invocation::Invocation;
use crate::record::CallLog;
use crate::stack::Stack;
use crate::world::{AccountState, World};
use crate::{REGION, http, lock};

/// An account of the local AWS: what it holds, what its functions called, what goes wrong in it. Tests that have an
/// account each do not see each other.
#[derive(Debug, Clone)]
pub struct Account {
    pub(crate) world: Arc<World>,
    pub(crate) state: Arc<AccountState>,
}

impl Account {
    pub(crate) fn new(world: Arc<World>) -> Self {
        let state = world.new_account();
        Self { world, state }
    }

    /// The 12-digit id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.state.id
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &'static str {
        REGION
    }

    /// The endpoint for the test's own SDK clients.
    #[must_use]
    pub fn sdk_endpoint(&self) -> String {
        format!("http://{}", self.world.gateway)
    }

    /// The access key for the test's own SDK clients. Calls made with it are not recorded, restricted or disturbed.
    #[must_use]
    pub fn access_key_id(&self) -> String {
        self.state.control_key()
    }

    /// The secret that goes with it. No signature is checked here.
    #[must_use]
    pub fn secret_access_key(&self) -> &'static str {
        "local-aws"
    }

    /// Creates a stack from a template that ships.
    pub async fn deploy(&self, deploy: Deploy) -> Result<Stack> {
        deploy::deploy(self, deploy).await
    }

    /// What the account's functions called so far.
    #[must_use]
    pub fn calls(&self) -> CallLog {
        CallLog::from(lock(&self.state.calls).clone())
    }

    /// Forgets the calls and invocations so far.
    pub fn clear_calls(&self) {
        lock(&self.state.calls).clear();
        lock(&self.state.invocations).clear();
    }

    /// The ended invocations so far, those by events too.
    #[must_use]
    pub fn invocations(&self) -> Vec<Invocation> {
        lock(&self.state.invocations).clone()
    }

    /// Lets something go wrong from now on.
    pub fn inject(&self, fault: Fault) {
        lock(&self.state.faults).inject(fault);
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        lock(&self.state.faults).clear();
    }

    /// Waits until `enough` is true of the calls.
    pub async fn wait_for_calls(
        &self,
        what: &str,
        within: Duration,
        enough: impl Fn(&CallLog) -> bool,
    ) -> Result<CallLog> {
        let found = self.wait(within, || Some(self.calls()).filter(&enough)).await;
        found.ok_or_else(|| waited(what, within, self.calls().story()))
    }

    /// Waits for an ended invocation of which `wanted` is true.
    pub async fn wait_for_invocation(
        &self,
        what: &str,
        within: Duration,
        wanted: impl Fn(&Invocation) -> bool,
    ) -> Result<Invocation> {
        let found = self.wait(within, || self.invocations().into_iter().find(&wanted)).await;
        found.ok_or_else(|| waited(what, within, format!("{:#?}", self.invocations())))
    }

    async fn wait<T>(&self, within: Duration, look: impl Fn() -> Option<T>) -> Option<T> {
        let end = Instant::now() + within;
        loop {
            let change = self.state.changed.notified();
            if let Some(found) = look() {
                return Some(found);
            }
            let left = end.checked_duration_since(Instant::now())?;
            // Looks again now and then: the change may have come between `look` and the wait.
            let _ = tokio::time::timeout(left.min(Duration::from_millis(50)), change).await;
        }
    }

    /// A call of the query protocol by the test itself: `control("ec2", "CreateVpc", &[("CidrBlock", "10.0.0.0/16")])`.
    /// The service is named by its signing name (CloudWatch: `monitoring`).
    pub async fn control(&self, service: &str, action: &str, parameters: &[(&str, &str)]) -> Result<Answer> {
        control::query(&self.world, &self.access_key_id(), service, action, parameters).await
    }

    /// A call of the JSON protocol by the test itself: `control_json("events", "AWSEvents.PutEvents", &json!({...}))`.
    pub async fn control_json(&self, service: &str, target: &str, body: &Value) -> Result<Answer> {
        control::json(&self.world, &self.access_key_id(), service, target, body).await
    }

    /// A call of a REST service by the test itself: `control_rest("s3", "PUT", "/bucket", "")`.
    pub async fn control_rest(
        &self,
        service: &str,
        method: &str,
        path: &str,
        body: impl Into<bytes::Bytes>,
    ) -> Result<Answer> {
        control::rest(&self.world, &self.access_key_id(), service, method, path, body.into()).await
    }

    /// Puts an event on the default bus, as an AWS service would.
    pub async fn put_event(
        &self,
        source: &str,
        detail_type: &str,
        resources: &[String],
        detail: &Value,
    ) -> Result<Answer> {
        let (detail, region) = (detail.to_string(), REGION);
        let entry = json!({"Source": source, "DetailType": detail_type, "Resources": resources, "Detail": detail, "Region": region});
        self.control_json("events", "AWSEvents.PutEvents", &json!({"Entries": [entry]})).await
    }

    /// One of the test-only endpoints of `moto_plus`: `moto_plus("fail-instance", &json!({"instance_id": id}))`.
    pub async fn moto_plus(&self, verb: &str, body: &Value) -> Result<Value> {
        self.state.lookups.forget();
        let mut body = body.clone();
        if let Some(body) = body.as_object_mut() {
            body.entry("region").or_insert_with(|| REGION.into());
        }
        let headers = [("content-type", "application/json"), ("x-moto-account-id", self.id())];
        let request = http::request("POST", &format!("/moto-plus/{verb}"), &headers, body.to_string())?;
        let answer = Answer::from(http::send(self.world.emulators.moto, request).await?);
        answer.successful("moto-plus", verb)?.json()
    }

    /// Which of its roles' actions the account's functions have used; see [`PolicyCoverage::merge`].
    #[must_use]
    pub fn policy_coverage(&self) -> PolicyCoverage {
        PolicyCoverage::of(&self.state)
    }
}

fn waited(what: &str, within: Duration, seen: String) -> Error {
    Error::Waited { what: what.to_owned(), seconds: within.as_secs(), seen }
}
