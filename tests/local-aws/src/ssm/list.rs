//! The lists: commands, invocations, managed nodes.

use serde_json::{Value, json};

use super::command::{Command, Invocation, STDERR_CHARACTERS, STDOUT_CHARACTERS, cut};
use super::status::Status;
use super::{Agent, Outcome, internal, refused, targets, text, texts, time};
use crate::account::Account;
use crate::lock;
use crate::wire::ServiceError;

/// The size of a page that nobody asked for.
const PAGE: usize = 50;

pub(crate) fn commands(account: &Account, input: &Value) -> Outcome {
    let (id, instance) = (command_id(input)?, text(input, "InstanceId"));
    let mut commands = account.state.ssm.commands();
    commands.retain(|command| {
        let on_instance = || lock(&command.progress).invocations.iter().any(|on| on.instance_id == instance);
        (id.is_empty() || command.id == id) && (instance.is_empty() || on_instance())
    });
    let mut items: Vec<Value> = commands.iter().map(|command| command.to_json()).collect();
    for (key, value) in filters(input, &["Status", "DocumentName", "InvokedAfter", "InvokedBefore", "ExecutionStage"])?
    {
        items.retain(|item| matches(item, &key, &value));
    }
    newest_first(&mut items);
    page(items, input, "Commands", 1..=PAGE, PAGE)
}

pub(crate) fn invocations(account: &Account, input: &Value) -> Outcome {
    let (id, instance) = (command_id(input)?, text(input, "InstanceId"));
    let details = input.get("Details").and_then(Value::as_bool).unwrap_or_default();
    let mut items = Vec::new();
    for command in account.state.ssm.commands().iter().filter(|command| id.is_empty() || command.id == id) {
        let progress = lock(&command.progress);
        let on = progress.invocations.iter().filter(|on| instance.is_empty() || on.instance_id == instance);
        items.extend(on.map(|invocation| command.invocation_json(invocation, details)));
    }
    for (key, value) in filters(input, &["Status", "DocumentName", "InvokedAfter", "InvokedBefore"])? {
        items.retain(|item| matches(item, &key, &value));
    }
    newest_first(&mut items);
    page(items, input, "CommandInvocations", 1..=PAGE, PAGE)
}

/// A command that nobody sent is no error in the lists: the caller may be early.
fn command_id(input: &Value) -> Result<&str, ServiceError> {
    match text(input, "CommandId") {
        id if id.is_empty() || id.len() == 36 => Ok(id),
        _ => Err(refused("InvalidCommandId", "")),
    }
}

fn filters(input: &Value, known: &[&str]) -> Result<Vec<(String, String)>, ServiceError> {
    let filters = input.get("Filters").and_then(Value::as_array).into_iter().flatten();
    filters
        .map(|filter| match text(filter, "key") {
            key if known.contains(&key) => Ok((key.to_owned(), text(filter, "value").to_owned())),
            key => Err(refused("InvalidFilterKey", key)),
        })
        .collect()
}

fn matches(item: &Value, key: &str, value: &str) -> bool {
    let requested = time::iso(item["RequestedDateTime"].as_f64().unwrap_or_default());
    let ends = ["Success", "Cancelled", "Failed", "TimedOut"].contains(&text(item, "Status"));
    match key {
        "Status" => text(item, "Status") == value || text(item, "StatusDetails") == value,
        "InvokedAfter" => requested.as_str() >= value, // both ISO 8601 in UTC
        "InvokedBefore" => requested.as_str() < value,
        "ExecutionStage" => ends == (value == "Complete"),
        _ => text(item, "DocumentName") == value,
    }
}

fn newest_first(items: &mut [Value]) {
    let time = |item: &Value| item["RequestedDateTime"].as_f64().unwrap_or_default();
    items.sort_by(|one, two| time(two).total_cmp(&time(one)));
}

/// One page. The token is the place of the next, in a form that nobody takes for a number.
fn page(
    items: Vec<Value>,
    input: &Value,
    member: &str,
    sizes: std::ops::RangeInclusive<usize>,
    default: usize,
) -> Outcome {
    let size = input.get("MaxResults").and_then(Value::as_u64).map_or(default, |n| usize::try_from(n).unwrap_or(0));
    if !sizes.contains(&size) {
        let message = format!("Value '{size}' at 'maxResults' failed to satisfy constraint: between {sizes:?}");
        return Err(refused("ValidationException", message));
    }
    let from = match text(input, "NextToken") {
        "" => 0,
        token => token
            .strip_prefix("page-")
            .and_then(|place| place.parse().ok())
            .ok_or_else(|| refused("InvalidNextToken", "The specified token is not valid."))?,
    };
    let more = items.len() > from + size;
    let items: Vec<Value> = items.into_iter().skip(from).take(size).collect();
    let next = more.then(|| format!("page-{}", from + size));
    Ok(match next {
        Some(next) => json!({ member: items, "NextToken": next }),
        None => json!({ member: items }),
    })
}

pub(crate) fn invocation(account: &Account, input: &Value) -> Outcome {
    let (id, instance, plugin) = (text(input, "CommandId"), text(input, "InstanceId"), text(input, "PluginName"));
    let missing = || refused("InvocationDoesNotExist", "");
    let command = account.state.ssm.command(id).ok_or_else(missing)?;
    let progress = lock(&command.progress);
    let invocation = progress.invocations.iter().find(|on| on.instance_id == instance).ok_or_else(missing)?;
    one_plugin(&command, invocation, plugin)
}

fn one_plugin(command: &Command, invocation: &Invocation, name: &str) -> Outcome {
    let plugins = &invocation.plugins;
    let plugin = match name {
        "" if plugins.len() > 1 => return Err(refused("InvalidPluginName", "several steps: name one")),
        "" => plugins.first(),
        name => plugins.iter().find(|plugin| plugin.name == name),
    };
    let plugin = plugin.ok_or_else(|| refused("InvalidPluginName", name))?;
    // An invocation that never came to its steps says why; a step says its own.
    let status = if plugin.status == Status::Pending { invocation.status } else { plugin.status };
    let elapsed = plugin.started.zip(plugin.ended).map(|(from, to)| format!("PT{:.3}S", to - from));
    Ok(json!({
        "CommandId": command.id, "InstanceId": invocation.instance_id, "Comment": command.comment,
        "DocumentName": command.document, "DocumentVersion": command.version, "PluginName": plugin.name,
        "ResponseCode": plugin.code, "Status": status.name(), "StatusDetails": status.details(),
        "ExecutionStartDateTime": plugin.started.map(time::iso).unwrap_or_default(),
        "ExecutionElapsedTime": elapsed.unwrap_or_default(),
        "ExecutionEndDateTime": plugin.ended.map(time::iso).unwrap_or_default(),
        "StandardOutputContent": cut(&plugin.stdout, STDOUT_CHARACTERS), "StandardOutputUrl": "",
        "StandardErrorContent": cut(&plugin.stderr, STDERR_CHARACTERS), "StandardErrorUrl": "",
        "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": false},
    }))
}

/// `DescribeInstanceInformation`: the nodes that SSM knows.
pub(crate) async fn instances(account: &Account, input: &Value) -> Outcome {
    let wanted = input.get("Filters").or_else(|| input.get("InstanceInformationFilterList"));
    let wanted = wanted.and_then(Value::as_array).cloned().unwrap_or_default();
    let found = targets::instances(&account.world, &account.state).await.map_err(|error| internal(&error))?;
    let mut items = Vec::new();
    for instance in found.iter().filter(|instance| instance.is_valid()) {
        let Some(node) = account.state.node(&instance.id) else { continue };
        let ping = match node.agent() {
            Agent::Unknown => continue,
            Agent::Online => "Online",
            Agent::Offline => "ConnectionLost",
        };
        let item = json!({
            "InstanceId": instance.id, "PingStatus": ping, "LastPingDateTime": time::now(),
            "AgentVersion": "3.3.2746.0", "IsLatestVersion": true, "PlatformType": "Linux",
            "PlatformName": "Amazon Linux", "PlatformVersion": "2023", "ResourceType": "EC2Instance",
            "IPAddress": node.address.ip().to_string(), "SourceId": instance.id, "SourceType": "AWS::EC2::Instance",
            "ComputerName": format!("ip-{}", node.address.ip().to_string().replace('.', "-")),
        });
        let matches = |filter: &Value| match text(filter, "Key") {
            "" => texts(filter.get("valueSet")).iter().any(|value| value == text(&item, text(filter, "key"))),
            "InstanceIds" => texts(filter.get("Values")).contains(&instance.id),
            "PingStatus" => texts(filter.get("Values")).iter().any(|value| value == ping),
            "PlatformTypes" => texts(filter.get("Values")).iter().any(|value| value == "Linux"),
            key => key.strip_prefix("tag:").is_some_and(|key| {
                instance.tags.get(key).is_some_and(|value| texts(filter.get("Values")).contains(value))
            }),
        };
        if wanted.iter().all(matches) {
            items.push(item);
        }
    }
    page(items, input, "InstanceInformationList", 5..=PAGE, 10)
}
