//! The calls that the local AWS recorded, as steps of the story.

use std::time::Instant;

use local_aws::{Call, CallLog, Invocation};
use report::Step;
use serde_json::Value;

use crate::names::Names;

/// Around the one label of a list.
const NOT_LABEL: [char; 3] = ['[', ']', '"'];

/// The calls of an invocation, in the order in which they came.
pub(crate) fn of(invocation: &Invocation, since: Instant, names: &Names) -> Vec<Step> {
    of_calls("", &invocation.calls, since, names)
}

/// The calls of a part of the work, in the order in which they came.
pub(crate) fn of_calls(part: &str, calls: &CallLog, since: Instant, names: &Names) -> Vec<Step> {
    let step = |(call, depth): (&Call, usize)| Step {
        action: call.action.clone(),
        resource: names.put_in(&about(call)),
        at_ms: call.started.saturating_duration_since(since).as_secs_f64() * 1000.0,
        took_ms: call.duration().as_secs_f64() * 1000.0,
        depth: u32::try_from(depth).unwrap_or(u32::MAX),
        error: call.error_code.clone(),
        part: part.to_owned(),
    };
    calls.depths().into_iter().map(step).collect()
}

/// What the call was about, as its parameters say.
fn about(call: &Call) -> String {
    let parameter = |name: &str| call.parameter(name);
    if let Some(table) = parameter("RouteTableId") {
        let destinations = ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];
        let destination = destinations.into_iter().find_map(parameter).unwrap_or_default();
        return format!("{table} {destination}");
    }
    if let Some(secret) = parameter("SecretId") {
        let label = ["VersionStage", "VersionStages"]
            .into_iter()
            .find_map(parameter)
            .map(|label| label.trim_matches(NOT_LABEL));
        return label.map_or_else(|| secret.to_owned(), |label| format!("{label} of {secret}"));
    }
    if let Some(hook) = parameter("LifecycleHookName") {
        return format!("{hook} of {}", parameter("AutoScalingGroupName").unwrap_or_default());
    }
    if let Some(requests) = parameter("Workspaces") {
        let requests = serde_json::from_str::<Value>(requests).unwrap_or_default();
        return requests.pointer("/0/UserName").and_then(Value::as_str).unwrap_or_default().to_owned();
    }
    if let Some(items) = items(call) {
        return items;
    }
    let names = [
        "InstanceId",
        "AutoScalingGroupName",
        "TopicArn",
        "AlarmNamePrefix",
        "CommandId",
        "DocumentName",
        "DeliveryStreamName",
        "Bucket",
        "Name",
        "name",
        "Username",
    ];
    names.into_iter().find_map(parameter).map_or_else(|| filters(call), str::to_owned)
}

/// What a call of DynamoDB's is about: an item's key, a partition, or how many items.
fn items(call: &Call) -> Option<String> {
    let json = |name: &str| serde_json::from_str::<Value>(call.parameter(name)?).ok();
    let text = |value: &Value, at: &str| value.pointer(at).and_then(Value::as_str).map(str::to_owned);
    if let Some(items) = json("TransactItems") {
        return Some(format!("{} writes", items.as_array().map_or(0, Vec::len)));
    }
    if let Some(tables) = json("RequestItems") {
        let count = |of: &Value| of.as_array().or_else(|| of.get("Keys")?.as_array()).map_or(0, Vec::len);
        return Some(format!("{} items", tables.as_object()?.values().map(count).sum::<usize>()));
    }
    let key = ["Key", "Item"].into_iter().find_map(json);
    key.and_then(|key| text(&key, "/pk/S")).or_else(|| text(&json("ExpressionAttributeValues")?, "/:pk/S"))
}

/// The values of a Describe call's filters; the prefix differs from service to service.
fn filters(call: &Call) -> String {
    let is_value = |name: &str| name.starts_with("Filter") && name.contains(".Value");
    let values = call.parameters.iter().filter(|(name, _)| is_value(name)).map(|(_, value)| value.as_str());
    values.collect::<Vec<_>>().join(", ")
}

/// The calls of several invocations, each a part of the work, as if each had begun when the one before had ended: what the
/// demo did in between is left out.
pub(crate) fn of_parts(invocations: &[(&str, &Invocation)], names: &Names) -> Vec<Step> {
    let mut all: Vec<Step> = Vec::new();
    for (part, invocation) in invocations {
        let Some(since) = invocation.calls.iter().next().map(|call| call.started) else { continue };
        let (depth, at_ms) = all
            .iter()
            .fold((0, 0.0), |(depth, end), step| (step.depth.max(depth), (step.at_ms + step.took_ms).max(end)));
        let after = |step: Step| Step {
            part: (*part).to_owned(),
            depth: step.depth + depth,
            at_ms: step.at_ms + at_ms,
            ..step
        };
        all.extend(of(invocation, since, names).into_iter().map(after));
    }
    all
}
