//! Rotations of a secret, by a function that does the four steps.

use std::time::Duration;

use local_aws::{Account, Deploy, Error, Fault, Function, LocalAws, Result, RotationStep, Trigger};
use serde_json::{Value, json};

type TestResult = Result<(), Error>;

/// A new account with the fixture's function and a secret "key".
async fn deployed(permitted: bool) -> Result<(Account, Function)> {
    let account = LocalAws::shared().await?.account();
    let folder = "tests/local-aws/tests/fixtures/rotation";
    let deploy = Deploy::template(format!("{folder}/template.yaml")).stack_name("rotate");
    let deploy = deploy.parameter("Permitted", &permitted.to_string()).bootstrap("Rotate", format!("{folder}/rotator"));
    let function = account.deploy(deploy).await?.function("Rotate")?.clone();
    create(&account, "key", &json!({"value": "first"})).await?;
    Ok((account, function))
}

async fn create(account: &Account, name: &str, value: &Value) -> Result<Value> {
    secrets(account, "CreateSecret", &json!({"Name": name, "SecretString": value.to_string()})).await
}

async fn secrets(account: &Account, operation: &str, body: &Value) -> Result<Value> {
    account.control_json("secretsmanager", &format!("secretsmanager.{operation}"), body).await?.json()
}

/// The value that a label is on; nothing if none.
async fn value(account: &Account, stage: &str) -> Option<Value> {
    let body = json!({"SecretId": "key", "VersionStage": stage});
    let answer = secrets(account, "GetSecretValue", &body).await.ok()?;
    serde_json::from_str(answer.get("SecretString")?.as_str()?).ok()
}

/// The labels of each version.
async fn labels(account: &Account) -> Result<Value> {
    let described = secrets(account, "DescribeSecret", &json!({"SecretId": "key"})).await?;
    Ok(described.get("VersionIdsToStages").cloned().unwrap_or_default())
}

/// The code of a refusal; else whatever came instead.
fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(Error::Control { code, .. }) => code,
        other => format!("{other:?}"),
    }
}

#[tokio::test]
async fn a_rotation_runs_the_four_steps_and_moves_the_labels() -> TestResult {
    let (account, function) = deployed(true).await?;
    let rotation = account.rotate(&function, "key").await?;
    assert!(rotation.succeeded, "{:?}", rotation.error());
    assert_eq!(rotation.names(), ["createSecret", "setSecret", "testSecret", "finishSecret"]);
    assert_eq!(value(&account, "AWSCURRENT").await, Some(json!({"value": rotation.version_id})));
    assert_eq!(value(&account, "AWSPREVIOUS").await, Some(json!({"value": "first"})));
    let event = &rotation.invocation(RotationStep::Create).unwrap().event;
    assert_eq!(event["SecretId"], rotation.secret_arn);
    assert!(
        rotation.secret_arn.rsplit_once('-').is_some_and(|(name, suffix)| name.ends_with(":key") && suffix.len() == 6)
    );
    assert!(event["RotationToken"].as_str().is_some_and(|token| token.len() >= 36));
    let described = secrets(&account, "DescribeSecret", &json!({"SecretId": "key"})).await?;
    assert_eq!(described["RotationLambdaARN"], function.arn());
    assert!(described["LastRotatedDate"].is_number(), "{described}");
    assert!(account.rotate(&function, &rotation.secret_arn).await?.succeeded, "and again, by its ARN");
    Ok(())
}

#[tokio::test]
async fn between_the_steps_a_test_can_look_around() -> TestResult {
    let (account, function) = deployed(true).await?;
    let mut rotation = account.rotation(&function, "key").begin().await?;
    assert_eq!(value(&account, "AWSPENDING").await, None, "the version is there, its value is not");
    assert_eq!(labels(&account).await?[rotation.version_id()], json!(["AWSPENDING"]));
    assert_eq!(rotation.next_step().await?.map(|run| run.step), Some(RotationStep::Create));
    assert_eq!(value(&account, "AWSPENDING").await, Some(json!({"value": rotation.version_id()})));
    assert!(rotation.run_step(RotationStep::Create).await?.result.is_ok(), "once more, by the same token");
    assert_eq!((rotation.next(), rotation.so_far().steps.len()), (Some(RotationStep::Set), 1));
    assert_eq!(value(&account, "AWSCURRENT").await, Some(json!({"value": "first"})));
    assert!(rotation.finish().await?.succeeded);
    Ok(())
}

#[tokio::test]
async fn an_error_ends_the_attempt_and_the_whole_is_retried_with_the_same_token() -> TestResult {
    let (account, function) = deployed(true).await?;
    account.inject(Fault::kill_after().action("secretsmanager:PutSecretValue").nth(1));
    let rotation = account.rotation(&function, "key").attempts(2).run().await?;
    let attempts: Vec<_> = rotation.steps.iter().map(|run| (run.attempt, run.name())).collect();
    let second = RotationStep::ALL.map(|step| (2, step.name()));
    assert_eq!(attempts, [&[(1, "createSecret")][..], &second].concat());
    assert!(rotation.succeeded);
    let tokens: Vec<_> = rotation.steps.iter().map(|run| &run.invocation.event["ClientRequestToken"]).collect();
    assert!(tokens.iter().all(|token| **token == rotation.version_id), "{tokens:?}");
    Ok(())
}

#[tokio::test]
async fn a_failed_rotation_is_in_the_way_until_it_is_taken_up_again() -> TestResult {
    let (account, function) = deployed(true).await?;
    create_failing(&account).await?;
    let failed = account.rotate(&function, "key").await?;
    assert_eq!(failed.error().map(|error| error.error_type.as_str()), Some("Unlucky"));
    assert_eq!((failed.succeeded, failed.names()), (false, vec!["createSecret", "setSecret", "testSecret"]));
    assert_eq!(refused(account.rotate(&function, "key").await), "InvalidRequestException");
    let again = account.rotation(&function, "key").version_id(&failed.version_id);
    assert!(!again.run().await?.succeeded, "it is taken up, and fails as before");
    let stopped = account.rotation(&function, "key").version_id(&failed.version_id).stop_after(RotationStep::Set);
    let stopped = stopped.run().await?;
    assert_eq!((stopped.names(), stopped.succeeded, stopped.error()), (vec!["createSecret", "setSecret"], false, None));
    Ok(())
}

async fn create_failing(account: &Account) -> Result<Value> {
    let value = json!({"fail": "testSecret"}).to_string();
    secrets(account, "PutSecretValue", &json!({"SecretId": "key", "SecretString": value})).await
}

#[tokio::test]
async fn a_later_rotation_is_only_tested_and_leaves_nothing() -> TestResult {
    let (account, function) = deployed(true).await?;
    let before = labels(&account).await?;
    let rotation = account.rotation(&function, "key").rotate_immediately(false).run().await?;
    assert_eq!((rotation.names(), rotation.succeeded), (vec!["testSecret"], true));
    let tested = rotation.invocation(RotationStep::Test).unwrap().result.clone().unwrap();
    assert_eq!(tested["tested"], json!({"value": "first"}).to_string());
    assert_eq!(labels(&account).await?, before);
    Ok(())
}

#[tokio::test]
async fn events_can_have_other_tokens_and_names() -> TestResult {
    let (account, function) = deployed(true).await?;
    let (version, token) = ("0".repeat(32), "t".repeat(40));
    let rotation = account.rotation(&function, "key").version_id(&version).rotation_token(&token).snake_case_steps();
    let rotation = rotation.run().await?;
    assert!(rotation.succeeded, "{:?}", rotation.error());
    let event = &rotation.invocation(RotationStep::Finish).unwrap().event;
    let expected = json!({
        "Step": "finish_secret", "SecretId": rotation.secret_arn, "ClientRequestToken": version, "RotationToken": token,
    });
    assert_eq!(*event, expected);
    let without = account.rotation(&function, "key").without_rotation_token().run().await?;
    assert!(without.succeeded && without.steps[0].invocation.event.get("RotationToken").is_none());
    let short = account.rotation(&function, "key").version_id("short").begin().await;
    assert_eq!(refused(short), "InvalidParameterException");
    Ok(())
}

#[tokio::test]
async fn secrets_manager_must_be_permitted_to_invoke() -> TestResult {
    let (account, function) = deployed(false).await?;
    assert_eq!(refused(account.rotate(&function, "key").await), "AccessDeniedException");
    assert_eq!(refused(start(&account, &function).await), "AccessDeniedException");
    assert_eq!(labels(&account).await?.as_object().map(serde_json::Map::len), Some(1));
    Ok(())
}

async fn start(account: &Account, function: &Function) -> Result<Value> {
    let body = json!({"SecretId": "key", "RotationLambdaARN": function.arn(), "ClientRequestToken": "1".repeat(32)});
    secrets(account, "RotateSecret", &body).await
}

#[tokio::test]
async fn a_call_of_rotate_secret_runs_the_steps_after_its_answer() -> TestResult {
    let (account, function) = deployed(true).await?;
    let started = start(&account, &function).await?;
    assert_eq!(started["VersionId"], "1".repeat(32));
    let finished = account
        .wait_for_invocation("finishSecret", Duration::from_secs(20), |invocation| {
            invocation.event["Step"] == "finishSecret"
        })
        .await?;
    assert_eq!((finished.trigger, finished.result.is_ok()), (Trigger::Event, true));
    assert_eq!(value(&account, "AWSCURRENT").await, Some(json!({"value": "1".repeat(32)})));
    Ok(())
}

#[tokio::test]
async fn a_role_reaches_the_secrets_that_its_function_rotates() -> TestResult {
    let (account, function) = deployed(true).await?;
    // Invoked before anyone named it as the secret's rotation function.
    let event = json!({"Step": "setSecret", "SecretId": "key", "ClientRequestToken": "0".repeat(32)});
    let stranger = function.invoke(&event).await?;
    assert_eq!(stranger.result.unwrap_err().error_type, "AccessDeniedException");
    assert!(account.rotate(&function, "key").await?.succeeded);
    // Then by name as by ARN: the policy's resource ends in the six characters that the name has not.
    assert!(function.invoke(&event).await?.result.is_ok());
    let other = create(&account, "other", &json!({})).await?;
    let elsewhere = account.rotate(&function, other["ARN"].as_str().unwrap()).await?;
    assert_eq!(elsewhere.error().map(|error| error.error_type.as_str()), Some("AccessDeniedException"));
    assert!(elsewhere.steps[0].invocation.calls.resources().contains(&elsewhere.secret_arn));
    Ok(())
}
