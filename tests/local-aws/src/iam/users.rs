//! The resources of calls that give a user something: a WorkSpace, a Connect user.
//!
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonworkspaces.html>,
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonconnect.html>

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Context, Target};
use crate::REGION;
use crate::call::ApiCall;
use crate::world::AccountState;

/// The directory and the bundle of each requested WorkSpace, and the WorkSpace itself. A bundle is taken for the account's own.
pub(super) fn create_workspaces(account: &AccountState, call: &ApiCall) -> Vec<Target> {
    let requests: Vec<Value> = list(call, "Workspaces");
    let of = |request: &Value, name: &str| request.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let arn = |kind: &str, id: String| format!("arn:aws:workspaces:{REGION}:{}:{kind}/{id}", account.id);
    let arns: BTreeSet<String> = requests
        .iter()
        .flat_map(|request| {
            [
                arn("directory", of(request, "DirectoryId")),
                arn("workspacebundle", of(request, "BundleId")),
                arn("workspace", "*".to_owned()), // the one to be
            ]
        })
        .collect();
    arns.into_iter().map(|arn| Target::new(arn, Context::default())).collect()
}

/// The user that is to be, and the profiles that it gets.
pub(super) fn create_connect_user(account: &AccountState, call: &ApiCall) -> Vec<Target> {
    let parameter = |name| call.parameter(name).unwrap_or_default();
    let instance = format!("arn:aws:connect:{REGION}:{}:instance/{}", account.id, parameter("InstanceId"));
    let routing = format!("routing-profile/{}", parameter("RoutingProfileId"));
    let hierarchy = call.parameter("HierarchyGroupId").map(|id| format!("agent-group/{id}"));
    let security: Vec<String> = list(call, "SecurityProfileIds");
    let security = security.iter().map(|id| format!("security-profile/{id}"));
    let resources = ["agent/*".to_owned(), routing].into_iter().chain(security).chain(hierarchy);
    let context = Context::default().with("connect:InstanceId", parameter("InstanceId"));
    let target = |resource| Target::new(format!("{instance}/{resource}"), context.clone());
    resources.map(target).collect()
}

/// A parameter that is a list.
fn list<T: serde::de::DeserializeOwned>(call: &ApiCall, name: &str) -> Vec<T> {
    call.parameter(name).and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}
