//! `SendCommand` and `CancelCommand`: what is refused at once. The rest happens later, in `run`.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use regex_lite::Regex;
use serde_json::{Value, json};
use tokio::sync::Notify;

use super::command::{Command, Progress};
use super::status::Status;
use super::{Outcome, internal, is_managed, refused, run, store, targets, text, texts, time};
use crate::account::Account;
use crate::wire::ServiceError;
use crate::{lock, random};

/// At most so many ids at once; more go by `Targets`.
const MAX_INSTANCE_IDS: usize = 50;

pub(crate) async fn send_command(account: &Account, input: &Value) -> Outcome {
    let instance_ids = texts(input.get("InstanceIds"));
    let targets = input.get("Targets").cloned().unwrap_or_else(|| json!([]));
    check(input, &instance_ids, &targets)?;
    let document = store::document(account, text(input, "DocumentName"), text(input, "DocumentVersion")).await?;
    let given = input.get("Parameters").cloned().unwrap_or_else(|| json!({}));
    let steps = document.steps(&with_stored(account, given.clone()).await?)?;
    let known = known_instances(account, &instance_ids).await?;
    let timeout = input.get("TimeoutSeconds").and_then(Value::as_u64).unwrap_or(3600);
    let requested = time::now();
    let running: f64 = steps.iter().map(|step| step.seconds).sum();
    let or = |name, default: &str| match text(input, name) {
        "" => default.to_owned(),
        given => given.to_owned(),
    };
    let command = Arc::new(Command {
        id: random::uuid(),
        document: document.name.clone(),
        version: or("DocumentVersion", "$DEFAULT"),
        comment: text(input, "Comment").to_owned(),
        parameters: given,
        instance_ids: known,
        targets,
        max_concurrency: or("MaxConcurrency", "50"),
        max_errors: or("MaxErrors", "0"),
        timeout,
        requested,
        expires: requested + f64::from(u32::try_from(timeout).unwrap_or(u32::MAX)) + running,
        progress: Mutex::new(Progress::default()),
        cancelled: Notify::new(),
    });
    account.state.ssm.keep(&command);
    let answer = json!({"Command": command.to_json()});
    tokio::spawn(run::run(account.clone(), command, steps));
    Ok(answer)
}

/// The members' forms, as the service's model has them.
fn check(input: &Value, instance_ids: &[String], targets: &Value) -> Result<(), ServiceError> {
    let invalid = |reason: &str| Err(refused("ValidationException", reason));
    let targets = targets.as_array().map_or(0, Vec::len);
    let form = |name: &str, pattern: &str| {
        let value = text(input, name);
        value.is_empty() || Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(value))
    };
    if instance_ids.len() > MAX_INSTANCE_IDS {
        return invalid("Value at 'instanceIds' failed to satisfy constraint: length less than or equal to 50");
    }
    if targets > 5 {
        return invalid("Value at 'targets' failed to satisfy constraint: length less than or equal to 5");
    }
    if (targets == 0) == instance_ids.is_empty() {
        return invalid("Either InstanceIds or Targets must be given, not both");
    }
    if !form("DocumentName", r"^[a-zA-Z0-9_\-.:/]{3,128}$") || text(input, "DocumentName").is_empty() {
        return invalid("Value at 'documentName' failed to satisfy constraint: a name or an ARN");
    }
    if !form("MaxConcurrency", "^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$") {
        return invalid("Value at 'maxConcurrency' failed to satisfy constraint: a number or a percentage");
    }
    if !form("MaxErrors", "^([1-9][0-9]*|[0]|[1-9][0-9]%|[0-9]%|100%)$") {
        return invalid("Value at 'maxErrors' failed to satisfy constraint: a number or a percentage");
    }
    if text(input, "Comment").chars().count() > 100 {
        return invalid("Value at 'comment' failed to satisfy constraint: length less than or equal to 100");
    }
    let seconds = input.get("TimeoutSeconds").and_then(Value::as_u64);
    if input.get("TimeoutSeconds").is_some() && !seconds.is_some_and(|seconds| (30..=2_592_000).contains(&seconds)) {
        return invalid("Value at 'timeoutSeconds' failed to satisfy constraint: between 30 and 2592000");
    }
    Ok(())
}

/// One that SSM does not know, or that is gone, refuses the whole command.
async fn known_instances(account: &Account, named: &[String]) -> Result<Vec<String>, ServiceError> {
    if named.is_empty() {
        return Ok(Vec::new());
    }
    if named.iter().collect::<BTreeSet<_>>().len() < named.len() {
        return Err(refused("DuplicateInstanceId", ""));
    }
    let all = targets::instances(&account.world, &account.state).await.map_err(|error| internal(&error))?;
    let valid: BTreeSet<String> = all
        .into_iter()
        .filter(|instance| {
            instance.is_valid() && account.state.node(&instance.id).is_some_and(|node| is_managed(&node))
        })
        .map(|instance| instance.id)
        .collect();
    let unknown: Vec<&str> = named.iter().map(String::as_str).filter(|id| !valid.contains(*id)).collect();
    if unknown.is_empty() {
        return Ok(named.to_vec());
    }
    let message = format!("Instances [[{}]] not in a valid state for account {}", unknown.join(", "), account.id());
    Err(refused("InvalidInstanceId", message))
}

/// `{{ssm:name}}` in parameters replaced by the stored parameter's value.
pub(crate) async fn with_stored(account: &Account, mut given: Value) -> Result<Value, ServiceError> {
    let Some(parameters) = given.as_object_mut() else { return Ok(given) };
    for value in parameters.values_mut() {
        let list = if value.is_array() { texts(Some(value)) } else { texts(Some(&json!([value]))) };
        let mut resolved = Vec::with_capacity(list.len());
        for item in list {
            resolved.push(resolve(account, &item).await?);
        }
        *value = resolved.into();
    }
    Ok(given)
}

async fn resolve(account: &Account, item: &str) -> Result<String, ServiceError> {
    let mut result = String::new();
    let mut rest = item;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, after)) = after.split_once("}}") else { break };
        result.push_str(before);
        match name.trim().strip_prefix("ssm:") {
            Some(name) => result.push_str(&store::parameter(account, name).await?),
            None => result.extend(["{{", name, "}}"]),
        }
        rest = after;
    }
    Ok(result + rest)
}

pub(crate) fn cancel_command(account: &Account, input: &Value) -> Outcome {
    let id = text(input, "CommandId");
    let command = account.state.ssm.command(id).ok_or_else(|| refused("InvalidCommandId", id))?;
    let mut progress = lock(&command.progress);
    progress.cancelled = true;
    for invocation in progress.invocations.iter_mut().filter(|invocation| invocation.status == Status::Pending) {
        invocation.status = Status::Cancelled;
    }
    drop(progress);
    command.cancelled.notify_waiters();
    Ok(json!({}))
}
