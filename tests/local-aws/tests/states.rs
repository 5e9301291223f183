//! Step Functions: retries, catches, branches, the state machine's role, and what starts an execution twice.

use std::time::Duration;

use local_aws::{Account, Deploy, Error, Execution, ExecutionStatus, LocalAws, Result, StateKind};
use serde_json::{Value, json};

const WITHIN: Duration = Duration::from_secs(20);
const SPEED: u32 = 100;

async fn deploy(invoke: &str) -> Result<(Account, String)> {
    let account = LocalAws::shared().await?.account();
    let deploy = Deploy::template("tests/local-aws/tests/fixtures/workflow/template.yaml")
        .parameter("InvokeEffect", invoke)
        .bootstrap("Caller", "tests/local-aws/tests/fixtures/caller");
    let stack = account.deploy(deploy).await?;
    account.set_states_clock(f64::from(SPEED));
    let workflow = stack.resource("Workflow")?.physical_id.clone();
    Ok((account, workflow))
}

/// An execution to its end. error: what its task fails with.
async fn run(account: &Account, workflow: &str, error: Option<&str>, tell: bool) -> Result<Execution> {
    let input = json!({"error": error, "sleep": 0, "tell": tell});
    account.start_execution(workflow, "one", &input).await?;
    let mut ended = account.wait_for_ended_executions(workflow, 1, WITHIN).await?;
    Ok(ended.remove(0))
}

#[tokio::test]
async fn every_branch_is_run_and_seen() -> Result<()> {
    let (account, workflow) = deploy("Allow").await?;
    let execution = run(&account, &workflow, None, false).await?;
    assert_eq!(execution.status, ExecutionStatus::Succeeded, "{execution:#?}");
    assert_eq!(execution.output, Some(json!(["did", {"state": "Waited"}])));
    let mut entered = execution.entered();
    entered.sort_unstable();
    assert_eq!(entered, ["Ask", "Both", "Did", "Done", "Tell?", "Wait", "Waited"]);
    let exited = execution.path.iter().filter(|state| state.kind == StateKind::Exited).count();
    assert_eq!(exited, 7);
    let waited = execution.path.iter().find(|state| state.name == "Waited").unwrap().at_ms;
    assert!((600..5_000).contains(&waited), "a minute, {SPEED} times faster: {waited} ms");
    Ok(())
}

#[tokio::test]
async fn retries_wait_as_they_say_and_then_the_error_is_caught() -> Result<()> {
    let (account, workflow) = deploy("Allow").await?;
    let execution = run(&account, &workflow, Some("Later"), false).await?;
    assert_eq!(execution.output, Some(json!([{"caught": "Later"}, {"state": "Waited"}])));
    assert_eq!(execution.errors("Ask"), ["Later"; 4]);
    let at = |kind| execution.path.iter().filter(move |state| state.kind == kind).map(|state| state.at_ms);
    let waits: Vec<u64> =
        at(StateKind::Retried).zip(at(StateKind::Failed)).map(|(again, failed)| again - failed).collect();
    for (wait, seconds) in waits.iter().zip([100, 200, 300]) {
        let expected = seconds * 1000 / u64::from(SPEED);
        assert!((expected..expected + 500).contains(wait), "{waits:?}: MaxDelaySeconds is 300");
    }
    assert_eq!(waits.len(), 3);
    Ok(())
}

#[tokio::test]
async fn what_must_not_be_retried_is_not() -> Result<()> {
    let (account, workflow) = deploy("Allow").await?;
    let execution = run(&account, &workflow, Some("Never"), false).await?;
    assert_eq!((execution.retries("Ask"), execution.errors("Ask")), (0, vec!["Never"]));
    assert!(execution.entered().contains(&"Caught"));
    Ok(())
}

#[tokio::test]
async fn the_role_is_asked_for_functions_and_topics() -> Result<()> {
    let (account, workflow) = deploy("Deny").await?;
    let execution = run(&account, &workflow, None, true).await?;
    assert_eq!(execution.errors("Ask"), ["Lambda.AWSLambdaException"]);
    assert_eq!(account.invocations().len(), 0);
    assert_eq!(execution.status, ExecutionStatus::Failed);
    assert_eq!(execution.error.as_deref(), Some("SNS.AuthorizationErrorException"));
    assert!(execution.cause.as_deref().unwrap().contains("sns:Publish"), "{execution:#?}");
    assert_eq!(execution.output, None);
    Ok(())
}

#[tokio::test]
async fn a_throttled_function_is_an_error_of_lambda() -> Result<()> {
    let (account, workflow) = deploy("Allow").await?;
    let path = account.control_rest("lambda", "GET", "/2015-03-31/functions", "").await?.json()?;
    let name = path["Functions"][0]["FunctionName"].as_str().unwrap().to_owned();
    let path = format!("/2017-10-31/functions/{name}/concurrency");
    account.control_rest("lambda", "PUT", &path, r#"{"ReservedConcurrentExecutions":0}"#).await?;
    let execution = run(&account, &workflow, None, false).await?;
    assert_eq!(execution.errors("Ask"), ["Lambda.TooManyRequestsException"; 3]);
    Ok(())
}

async fn start(account: &Account, workflow: &str, name: &str, input: &str) -> Result<Result<Value, String>> {
    let body = json!({"stateMachineArn": workflow, "name": name, "input": input});
    match account.control_json("states", "AWSStepFunctions.StartExecution", &body).await {
        Ok(answer) => Ok(Ok(answer.json()?)),
        Err(Error::Control { code, .. }) => Ok(Err(code)),
        Err(other) => Err(other),
    }
}

#[tokio::test]
async fn the_same_start_is_the_same_execution_while_it_runs() -> Result<()> {
    let (account, workflow) = deploy("Allow").await?;
    account.set_states_clock(20.0); // 3 s
    let (input, other) = (r#"{"error":null,"sleep":0,"tell":false}"#, r#"{"error":null,"sleep":0, "tell":false}"#);
    let started = start(&account, &workflow, "one", input).await?.unwrap();
    assert_eq!(start(&account, &workflow, "one", input).await?, Ok(started));
    let exists = Err("ExecutionAlreadyExists".to_owned());
    assert_eq!(start(&account, &workflow, "one", other).await?, exists);
    account.wait_for_ended_executions(&workflow, 1, WITHIN).await?;
    assert_eq!(start(&account, &workflow, "one", input).await?, exists);
    assert_eq!(account.executions(&workflow).await?.len(), 1);
    for (name, input, code) in
        [("a b", "{}", "InvalidName"), (&"x".repeat(81), "{}", "InvalidName"), ("two", "{", "InvalidExecutionInput")]
    {
        assert_eq!(start(&account, &workflow, name, input).await?, Err(code.to_owned()));
    }
    Ok(())
}
