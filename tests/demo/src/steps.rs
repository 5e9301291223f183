//! The calls that the local AWS recorded, as steps of the story.

use std::time::Instant;

use local_aws::{Call, Invocation};
use report::Step;

use crate::names::Names;

/// The calls of an invocation, in the order in which they came.
pub(crate) fn of(invocation: &Invocation, since: Instant, names: &Names) -> Vec<Step> {
    let step = |(call, depth): (&Call, usize)| Step {
        action: call.action.clone(),
        resource: names.put_in(&about(call)),
        at_ms: call.started.saturating_duration_since(since).as_secs_f64() * 1000.0,
        took_ms: call.duration().as_secs_f64() * 1000.0,
        depth: u32::try_from(depth).unwrap_or(u32::MAX),
        error: call.error_code.clone(),
    };
    invocation.calls.depths().into_iter().map(step).collect()
}

/// What the call was about, as its parameters say.
fn about(call: &Call) -> String {
    let parameter = |name: &str| call.parameter(name);
    if let Some(table) = parameter("RouteTableId") {
        let destinations = ["DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId"];
        let destination = destinations.into_iter().find_map(parameter).unwrap_or_default();
        return format!("{table} {destination}");
    }
    if let Some(hook) = parameter("LifecycleHookName") {
        return format!("{hook} of {}", parameter("AutoScalingGroupName").unwrap_or_default());
    }
    let names = ["InstanceId", "AutoScalingGroupName", "TopicArn", "AlarmNamePrefix"];
    names.into_iter().find_map(parameter).map_or_else(|| filters(call), str::to_owned)
}

/// The values of a Describe call's filters; the prefix differs from service to service.
fn filters(call: &Call) -> String {
    let is_value = |name: &str| name.starts_with("Filter") && name.contains(".Value");
    let values = call.parameters.iter().filter(|(name, _)| is_value(name)).map(|(_, value)| value.as_str());
    values.collect::<Vec<_>>().join(", ")
}
