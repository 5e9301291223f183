//! A created stack, read back from CloudFormation, Lambda and IAM.

use std::collections::BTreeMap;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use serde_json::Value;

use crate::account::Account;
use crate::control::child_text;
use crate::error::{Error, Result};
use crate::function::{Function, FunctionConfiguration, RolePolicy};

/// A created stack.
#[derive(Debug, Clone)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Its outputs.
    pub outputs: BTreeMap<String, String>,
    /// Its resources, those of nested stacks too.
    pub resources: Vec<Resource>,
    /// Its functions by logical id, those of nested stacks too.
    pub functions: BTreeMap<String, Function>,
}

/// A resource of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The logical id; in a nested stack after the application's: `NatFailover.Topic`.
    pub logical_id: String,
    /// The type: `AWS::SNS::Topic`.
    pub kind: String,
    /// What `Ref` gives.
    pub physical_id: String,
}

impl Stack {
    pub(crate) fn new(
        name: String,
        outputs: BTreeMap<String, String>,
        resources: Vec<Resource>,
        functions: BTreeMap<String, Function>,
    ) -> Self {
        Self { name, outputs, resources, functions }
    }

    /// A function by its logical id; the application's before it may be left out.
    pub fn function(&self, logical_id: &str) -> Result<&Function> {
        let found = self.functions.iter().find(|(id, _)| is_called(id, logical_id));
        found.map(|(_, function)| function).ok_or_else(|| self.missing("function", logical_id, self.functions.keys()))
    }

    /// A resource by its logical id; the application's before it may be left out.
    pub fn resource(&self, logical_id: &str) -> Result<&Resource> {
        let found = self.resources.iter().find(|resource| is_called(&resource.logical_id, logical_id));
        found.ok_or_else(|| {
            self.missing("resource", logical_id, self.resources.iter().map(|resource| &resource.logical_id))
        })
    }

    /// An output by its key.
    pub fn output(&self, key: &str) -> Result<&str> {
        let found = self.outputs.get(key).map(String::as_str);
        found.ok_or_else(|| self.missing("output", key, self.outputs.keys()))
    }

    fn missing<'a>(&self, what: &'static str, name: &str, known: impl Iterator<Item = &'a String>) -> Error {
        let known = known.cloned().collect::<Vec<_>>().join(", ");
        Error::NotInStack { stack: self.name.clone(), what, name: name.to_owned(), known }
    }
}

fn is_called(full: &str, wanted: &str) -> bool {
    full == wanted || full.strip_suffix(wanted).is_some_and(|before| before.ends_with('.'))
}

pub(crate) async fn outputs(account: &Account, stack: &str) -> Result<BTreeMap<String, String>> {
    let answer = account.control("cloudformation", "DescribeStacks", &[("StackName", stack)]).await?;
    let keys = answer.texts("OutputKey")?;
    Ok(keys.into_iter().zip(answer.texts("OutputValue")?).collect())
}

/// A stack's resources; nested stacks' with their application's logical id before them.
pub(crate) async fn resources(account: &Account, stack: &str, prefix: &str) -> Result<Vec<Resource>> {
    let answer = account.control("cloudformation", "DescribeStackResources", &[("StackName", stack)]).await?;
    let read = |node: roxmltree::Node<'_, '_>| {
        Some(Resource {
            logical_id: format!("{prefix}{}", child_text(node, "LogicalResourceId")?),
            kind: child_text(node, "ResourceType")?,
            physical_id: child_text(node, "PhysicalResourceId")?,
        })
    };
    let mut resources: Vec<Resource> = answer.each("member", read)?.into_iter().flatten().collect();
    for nested in resources.clone().iter().filter(|resource| resource.kind == "AWS::CloudFormation::Stack") {
        let prefix = format!("{}.", nested.logical_id);
        resources.extend(Box::pin(self::resources(account, &nested.physical_id, &prefix)).await?);
    }
    Ok(resources)
}

/// Why resources failed, a line each.
pub(crate) async fn failures(account: &Account, stack: &str) -> Result<String> {
    let answer = account.control("cloudformation", "DescribeStackEvents", &[("StackName", stack)]).await?;
    let reasons = answer.each("member", |event| {
        let status = child_text(event, "ResourceStatus")?;
        let reason = child_text(event, "ResourceStatusReason").filter(|reason| !reason.is_empty())?;
        let id = child_text(event, "LogicalResourceId")?;
        status.contains("FAILED").then(|| format!("{id}: {reason}"))
    })?;
    Ok(reasons.into_iter().flatten().collect::<Vec<_>>().join("\n"))
}

/// A function's configuration, as Lambda and IAM have it.
pub(crate) async fn function_configuration(
    account: &Account,
    logical_id: &str,
    name: &str,
) -> Result<FunctionConfiguration> {
    let path = format!("/2015-03-31/functions/{name}/configuration");
    let lambda = account.control_rest("lambda", "GET", &path, "").await?.json()?;
    let path = format!("/2019-09-30/functions/{name}/concurrency");
    let concurrency = account.control_rest("lambda", "GET", &path, "").await?.json()?;
    let text = |pointer: &str| lambda.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let number = |value: Option<&Value>| value.and_then(Value::as_u64);
    let role = text("/Role").rsplit('/').next().unwrap_or_default().to_owned();
    let environment = lambda.pointer("/Environment/Variables").and_then(Value::as_object).into_iter().flatten();
    Ok(FunctionConfiguration {
        name: name.to_owned(),
        arn: text("/FunctionArn"),
        logical_id: logical_id.to_owned(),
        handler: text("/Handler"),
        environment: environment.map(|(name, value)| (name.clone(), plain(value))).collect(),
        timeout: Duration::from_secs(number(lambda.get("Timeout")).unwrap_or(3)),
        memory_size: number(lambda.get("MemorySize")).and_then(|size| u32::try_from(size).ok()).unwrap_or(128),
        log_format: text("/LoggingConfig/LogFormat"),
        log_level: lambda.pointer("/LoggingConfig/ApplicationLogLevel").and_then(Value::as_str).map(str::to_owned),
        log_group: text("/LoggingConfig/LogGroup"),
        reserved_concurrency: number(concurrency.get("ReservedConcurrentExecutions"))
            .and_then(|n| u32::try_from(n).ok()),
        dead_letter_target: lambda.pointer("/DeadLetterConfig/TargetArn").and_then(Value::as_str).map(str::to_owned),
        policies: role_policies(account, &role).await?,
        role,
    })
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A role's policies, inline and attached.
pub(crate) async fn role_policies(account: &Account, role: &str) -> Result<Vec<RolePolicy>> {
    let mut policies = Vec::new();
    let inline = account.control("iam", "ListRolePolicies", &[("RoleName", role)]).await?;
    for name in inline.texts("member")? {
        let answer = account.control("iam", "GetRolePolicy", &[("RoleName", role), ("PolicyName", &name)]).await?;
        policies.push(RolePolicy { name, document: document(&answer.text("PolicyDocument")?)? });
    }
    let attached = account.control("iam", "ListAttachedRolePolicies", &[("RoleName", role)]).await?;
    for arn in attached.texts("PolicyArn")? {
        let policy = account.control("iam", "GetPolicy", &[("PolicyArn", &arn)]).await?;
        let version = policy.text("DefaultVersionId")?;
        let parameters = [("PolicyArn", arn.as_str()), ("VersionId", version.as_str())];
        let answer = account.control("iam", "GetPolicyVersion", &parameters).await?;
        policies.push(RolePolicy { name: arn, document: document(&answer.text("Document")?)? });
    }
    Ok(policies)
}

/// IAM answers documents percent-encoded.
fn document(text: &str) -> Result<Value> {
    let text = percent_decode_str(text).decode_utf8_lossy();
    serde_json::from_str(&text).map_err(|error| Error::malformed("a policy document", error))
}
