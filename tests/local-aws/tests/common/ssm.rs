//! Run Command as the tests call it.

use std::time::{Duration, Instant};

use local_aws::{Account, Deploy, LocalAws, Node, Stack};
use serde_json::{Map, Value, json};

pub(crate) type TestResult<T = ()> = Result<T, Box<dyn std::error::Error>>;

/// An account with the stack of `fixtures/run_command.yaml`.
pub(crate) async fn deployed() -> TestResult<(Account, Stack)> {
    let account = LocalAws::shared().await?.account();
    let stack = deploy_in(&account).await?;
    Ok((account, stack))
}

pub(crate) async fn deploy_in(account: &Account) -> TestResult<Stack> {
    let template = Deploy::template("tests/local-aws/tests/fixtures/run_command.yaml");
    Ok(account.deploy(template.bootstrap("Caller", "tests/local-aws/tests/fixtures/caller")).await?)
}

pub(crate) async fn ssm(account: &Account, operation: &str, input: &Value) -> Result<Value, local_aws::Error> {
    account.control_json("ssm", &format!("AmazonSSM.{operation}"), input).await?.json()
}

/// `SendCommand` of a script to the nodes of a tag, with further members.
pub(crate) fn command(stack: &Stack, script: &str, more: &Value) -> Value {
    let document = stack.resource("Shell").map(|resource| resource.physical_id.clone()).unwrap_or_default();
    let mut input = Map::new();
    input.insert("DocumentName".to_owned(), document.into());
    input.insert("Parameters".to_owned(), json!({"Script": [script]}));
    if more.get("InstanceIds").is_none() {
        input.insert("Targets".to_owned(), json!([{"Key": "tag:cluster", "Values": ["main"]}]));
    }
    input.extend(more.as_object().cloned().unwrap_or_default());
    input.into()
}

/// A command that was sent, with its end.
pub(crate) struct Ended {
    pub(crate) id: String,
    /// `Command` of `ListCommands`.
    pub(crate) command: Value,
    /// `CommandInvocations`.
    pub(crate) invocations: Vec<Value>,
}

impl Ended {
    /// How many invocations have these details.
    pub(crate) fn count(&self, details: &str) -> usize {
        self.invocations.iter().filter(|invocation| text(invocation, "StatusDetails") == details).count()
    }

    pub(crate) fn of(&self, node: &Node) -> &Value {
        let mut invocations = self.invocations.iter();
        invocations.find(|invocation| text(invocation, "InstanceId") == node.instance_id()).unwrap_or(&Value::Null)
    }

    pub(crate) fn status(&self) -> (&str, &str) {
        (text(&self.command, "Status"), text(&self.command, "StatusDetails"))
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn list(value: &Value, name: &str) -> Vec<Value> {
    value.get(name).and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Sends and waits for the end.
pub(crate) async fn sent(account: &Account, input: &Value) -> TestResult<Ended> {
    let answer = ssm(account, "SendCommand", input).await?;
    let id = answer.get("Command").map(|command| text(command, "CommandId").to_owned());
    ended(account, id.unwrap_or_default()).await
}

pub(crate) async fn ended(account: &Account, id: String) -> TestResult<Ended> {
    let begun = Instant::now();
    loop {
        let commands = ssm(account, "ListCommands", &json!({"CommandId": id})).await?;
        let command = list(&commands, "Commands").into_iter().next().unwrap_or_default();
        if ["Success", "Failed", "TimedOut", "Cancelled"].contains(&text(&command, "Status")) {
            let invocations = invocations(account, &id).await?;
            return Ok(Ended { id, command, invocations });
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{command:#}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// All pages of `ListCommandInvocations`.
pub(crate) async fn invocations(account: &Account, id: &str) -> TestResult<Vec<Value>> {
    let mut all = Vec::new();
    let mut input = Map::from_iter([("CommandId".to_owned(), id.into()), ("Details".to_owned(), true.into())]);
    loop {
        let page = ssm(account, "ListCommandInvocations", &input.clone().into()).await?;
        all.extend(list(&page, "CommandInvocations"));
        let Some(token) = page.get("NextToken") else { return Ok(all) };
        input.insert("NextToken".to_owned(), token.clone());
    }
}
