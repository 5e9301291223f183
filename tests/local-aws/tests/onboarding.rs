//! onboarding's template, which ships: it deploys here, log events reach its trigger, and its workflow runs both branches.

use std::time::Duration;

use local_aws::{Account, ConnectInstance, Deploy, ExecutionStatus, Fault, Invocation, LocalAws, Result, Stack};
use serde_json::{Value, json};

const WITHIN: Duration = Duration::from_secs(30);
const GROUP: &str = "/aws/directoryservice/d-906734e325";
const DIRECTORY: &str = "d-906734e325";
const INSTANCE: &str = "11111111-1111-1111-1111-111111111111";
const ROUTING: &str = "22222222-2222-2222-2222-222222222222";
const SECURITY: &str = "33333333-3333-3333-3333-333333333333";
const EVENT: &str = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
    <Provider Name='Microsoft-Windows-Security-Auditing'/><EventID>4720</EventID>\
    <TimeCreated SystemTime='2026-11-22T05:05:03.1234567Z'/><EventRecordID>175408</EventRecordID></System>\
    <EventData><Data Name='TargetUserName'>amueller</Data><Data Name='TargetDomainName'>CORP</Data>\
    <Data Name='TargetSid'>S-1-5-21-1-2-3-1104</Data><Data Name='SamAccountName'>amueller</Data>\
    <Data Name='DisplayName'>Anna Müller</Data><Data Name='UserPrincipalName'>anna.mueller@corp.example.com</Data>\
    </EventData></Event>";

/// What is there before the stack: the log group, the directory with its users, the Connect instance.
async fn surroundings(instance: ConnectInstance) -> Result<Account> {
    let account = LocalAws::shared().await?.account();
    account.create_log_group(GROUP).await?;
    account.connect_instance(instance.routing_profile(ROUTING).security_profile(SECURITY));
    account.moto_plus("directory-users", &json!({"directory_id": DIRECTORY, "users": ["amueller"]})).await?;
    account.set_states_clock(200.0);
    Ok(account)
}

fn template(identity: &str) -> Deploy {
    let parameters = [
        ("LogGroupName", GROUP),
        ("DomainName", "corp.example.com"),
        ("DirectoryId", DIRECTORY),
        ("BundleId", "wsb-0zsvgp8fc"),
        ("ConnectInstanceId", INSTANCE),
        ("RoutingProfileId", ROUTING),
        ("SecurityProfileId", SECURITY),
        ("IdentityManagement", identity),
    ];
    let template = Deploy::template("functions/onboarding/template.yaml");
    parameters.iter().fold(template, |deploy, (name, value)| deploy.parameter(name, value))
}

/// The stack with the fixture in place of both functions.
async fn fixture() -> Result<(Account, Stack)> {
    let account = surroundings(ConnectInstance::saml(INSTANCE)).await?;
    let caller = "tests/local-aws/tests/fixtures/caller";
    let deploy = template("SAML");
    let deploy = deploy.bootstrap("OnboardingTriggerFunction", caller).bootstrap("OnboardingProvisionFunction", caller);
    let stack = account.deploy(deploy).await?;
    Ok((account, stack))
}

#[tokio::test]
async fn the_template_deploys() -> Result<()> {
    let (_, stack) = fixture().await?;
    let trigger = stack.function("OnboardingTriggerFunction")?.configuration();
    assert_eq!(
        trigger.environment.get("STATE_MACHINE_ARN").map(String::as_str),
        Some(stack.output("StateMachineArn")?)
    );
    assert!(trigger.dead_letter_target.is_some());
    let provision = stack.function("OnboardingProvisionFunction")?.configuration();
    assert_eq!(provision.reserved_concurrency, Some(2));
    assert_eq!(provision.environment.get("connectPauseMilliseconds").map(String::as_str), Some("1000"));
    Ok(())
}

#[tokio::test]
async fn a_log_group_that_is_not_there_fails_the_stack() -> Result<()> {
    let account = LocalAws::shared().await?.account();
    let caller = "tests/local-aws/tests/fixtures/caller";
    let deploy = template("SAML");
    let deploy = deploy.bootstrap("OnboardingTriggerFunction", caller).bootstrap("OnboardingProvisionFunction", caller);
    let error = account.deploy(deploy).await.unwrap_err();
    assert!(error.to_string().contains("log group does not exist"), "{error}");
    Ok(())
}

#[tokio::test]
async fn only_matching_log_events_reach_the_trigger() -> Result<()> {
    let (account, stack) = fixture().await?;
    let other = "EventID 4720, but </EventID> elsewhere <EventID>4738";
    account.put_log_events(GROUP, &[EVENT, other, EVENT]).await?;
    let trigger = stack.function("OnboardingTriggerFunction")?.name().to_owned();
    let of_trigger = |invocation: &Invocation| invocation.function == trigger;
    let invocation = account.wait_for_invocation("of the trigger", WITHIN, of_trigger).await?;
    let batch = unpacked(&invocation.event).unwrap();
    assert_eq!(batch["messageType"], "DATA_MESSAGE");
    assert_eq!((&batch["owner"], &batch["logGroup"]), (&json!(account.id()), &json!(GROUP)));
    let events = batch["logEvents"].as_array().unwrap();
    assert_eq!(events.len(), 2);
    assert_eq!(events[0]["message"], EVENT);
    assert_eq!(events[0]["id"].as_str().map(str::len), Some(56));
    Ok(())
}

/// The JSON in an event of CloudWatch Logs.
fn unpacked(event: &Value) -> Option<Value> {
    use base64::Engine as _;
    let data = event.pointer("/awslogs/data").and_then(Value::as_str)?;
    let gzip = base64::engine::general_purpose::STANDARD.decode(data).ok()?;
    serde_json::from_reader(flate2::read::GzDecoder::new(&*gzip)).ok()
}

#[tokio::test]
async fn the_workflow_runs_both_branches() -> Result<()> {
    let (account, stack) = fixture().await?;
    let workflow = stack.output("StateMachineArn")?;
    let input = json!({"Username": "anna", "UPN": "anna@corp.example.com", "DomainName": "corp.example.com"});
    account.start_execution(workflow, "S-1-5-21-1-2-3-1104", &input).await?;
    let executions = account.wait_for_ended_executions(workflow, 1, WITHIN).await?;
    let execution = &executions[0];
    assert_eq!(execution.status, ExecutionStatus::Succeeded, "{execution:#?}");
    for state in ["CreateWorkSpace", "WorkSpaceCreated", "CreateConnectUser", "ConnectUserCreated", "Done"] {
        assert!(execution.entered().contains(&state), "{state}: {execution:#?}");
    }
    assert_eq!(execution.output.as_ref().unwrap()["failed"], false);
    let services = account.invocations().iter().map(|one| one.event["input"]["Service"].clone()).collect::<Vec<_>>();
    assert!(services.contains(&json!("WorkSpaces")) && services.contains(&json!("Connect")), "{services:?}");
    Ok(())
}

#[tokio::test]
async fn a_trigger_that_fails_is_tried_again_and_then_the_events_are_dead_letters() -> Result<()> {
    let caller = "tests/local-aws/tests/fixtures/caller";
    let account = surroundings(ConnectInstance::saml(INSTANCE)).await?;
    let deploy = template("SAML").bootstrap("OnboardingTriggerFunction", "/bin/false");
    let stack = account.deploy(deploy.bootstrap("OnboardingProvisionFunction", caller)).await?;
    account.put_log_events(GROUP, &[EVENT]).await?;
    let queue = stack.output("DeadLetterQueueUrl")?;
    let wait = [("QueueUrl", queue), ("WaitTimeSeconds", "20")];
    let message = account.control("sqs", "ReceiveMessage", &wait).await?;
    assert!(message.text("Body")?.contains("awslogs"));
    assert_eq!(account.invocations().len(), 3);
    Ok(())
}

#[tokio::test]
async fn without_permission_nothing_is_subscribed() -> Result<()> {
    let (account, stack) = fixture().await?;
    let function = stack.output("ProvisionFunctionArn")?;
    let body = |pattern: &str, to: &str| json!({"logGroupName": GROUP, "filterName": "f", "filterPattern": pattern, "destinationArn": to});
    let target = "Logs_20140328.PutSubscriptionFilter";
    for (pattern, to, part) in [
        ("", function, "Could not execute the lambda function"),
        ("<EventID>", stack.output("TriggerFunctionArn")?, "Invalid filter pattern"),
    ] {
        let error = account.control_json("logs", target, &body(pattern, to)).await.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_log_event_makes_a_workspace_and_a_connect_user() -> Result<()> {
    let account = surroundings(ConnectInstance::connect_managed(INSTANCE)).await?;
    let users = json!({"directory_id": DIRECTORY, "users": ["amueller"], "unseen_requests": 2});
    account.moto_plus("directory-users", &users).await?;
    account.inject(Fault::throttle().action("connect:CreateUser").nth(1));
    let stack = account.deploy(template("CONNECT_MANAGED")).await?;
    account.put_log_events(GROUP, &[EVENT, EVENT]).await?;
    let executions = account.wait_for_ended_executions(stack.output("StateMachineArn")?, 1, WITHIN).await?;
    let execution = &executions[0];
    assert_eq!(execution.status, ExecutionStatus::Succeeded, "{execution:#?} {:#?}", account.invocations());
    assert_eq!(execution.name, "S-1-5-21-1-2-3-1104");
    assert_eq!(execution.errors("CreateWorkSpace"), ["UserNotReplicated"; 2]);
    assert_eq!(execution.errors("CreateConnectUser"), ["Throttled"]);
    let users = account.connect_users(INSTANCE);
    assert_eq!(users.len(), 1);
    assert_eq!((users[0].username.as_str(), users[0].first_name.as_deref()), ("amueller", Some("Anna")));
    let password = users[0].expose_password().unwrap();
    let seen = format!("{:?} {:?} {users:?}", account.invocations(), account.calls());
    assert!(users[0].has_password() && !seen.contains(password));
    assert_eq!(account.policy_coverage().unused_actions(), Vec::<String>::new());
    Ok(())
}
