//! Stand-in: `CreateUser` of Amazon Connect, a fake. No emulator has it: ministack has no Connect, moto's has no users.
//! Requests are checked as the API's reference says, users are kept, and tests read them back.
//!
//! <https://docs.aws.amazon.com/connect/latest/APIReference/API_CreateUser.html>

mod create;
mod instance;
mod rules;
mod throttle;
mod user;

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use hyper::{Request, Response};
use serde_json::Value;

use crate::account::Account;
use crate::call::{ApiCall, Protocol};
use crate::lock;
use crate::wire::ServiceError;
use crate::world::AccountState;

pub use instance::ConnectInstance;
pub use user::ConnectUser;

use throttle::Bucket;

/// An account's Connect.
#[derive(Debug, Default)]
pub(crate) struct State {
    instances: Mutex<BTreeMap<String, Kept>>,
    /// The quota is the account's, not an instance's. None: not throttled.
    bucket: Mutex<Option<Bucket>>,
}

/// An instance and its users.
#[derive(Debug)]
struct Kept {
    instance: ConnectInstance,
    users: Vec<ConnectUser>,
}

impl Account {
    /// Declares a Connect instance. One of the same id is replaced, with its users.
    pub fn connect_instance(&self, instance: ConnectInstance) {
        let id = instance.id().to_owned();
        lock(&self.state.connect.instances).insert(id, Kept { instance, users: Vec::new() });
    }

    /// The users of a Connect instance, in the order in which they were made.
    #[must_use]
    pub fn connect_users(&self, instance: &str) -> Vec<ConnectUser> {
        lock(&self.state.connect.instances).get(instance).map(|kept| kept.users.clone()).unwrap_or_default()
    }

    /// Holds `CreateUser` to Connect's own rate from now on: 2 requests a second, 5 at once.
    pub fn throttle_connect(&self) {
        *lock(&self.state.connect.bucket) = Some(Bucket::of_connect());
    }
}

/// Answers one of the operations that are listed in `routes.rs`.
pub(crate) fn answer(account: &AccountState, call: &ApiCall, request: &Request<Bytes>) -> Response<Bytes> {
    let allowed = lock(&account.connect.bucket).as_mut().is_none_or(Bucket::take);
    let outcome = if allowed {
        create::create_user(account, call.parameter("InstanceId").unwrap_or_default(), request.body())
    } else {
        Err(ServiceError::new(429, "TooManyRequestsException", "Too Many Requests"))
    };
    outcome.map_or_else(|error| error.response(Protocol::RestJson), |made| response(&made))
}

fn response(made: &Value) -> Response<Bytes> {
    let response = Response::builder().header("content-type", "application/json");
    response.body(made.to_string().into()).unwrap_or_default() // this header is valid
}

/// A call's parameters for the record, which tests print.
pub(crate) fn without_password(service: &str, mut parameters: BTreeMap<String, String>) -> BTreeMap<String, String> {
    if let Some(password) = parameters.get_mut("Password").filter(|_| service == "connect") {
        "(not recorded)".clone_into(password);
    }
    parameters
}
