//! Devices publish by MQTT over TLS; the rule of the template that ships hands their messages on to the function.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use local_aws::{Account, Deploy, Error, Invocation, LocalAws, Result, Stack};
use serde_json::{Value, json};

const WITHIN: Duration = Duration::from_secs(20);
const TOPIC: &str = "arduino/outgoing";

async fn deploy(parameters: &[(&str, &str)]) -> Result<(Account, Stack)> {
    let account = LocalAws::shared().await?.account();
    let template = Deploy::template("functions/iot-firehose/template.yaml")
        .bootstrap("IotFirehoseFunction", "tests/local-aws/tests/fixtures/caller")
        .parameter("BatchSeconds", "1");
    let deploy = parameters.iter().fold(template, |deploy, (name, value)| deploy.parameter(name, value));
    let stack = account.deploy(deploy).await?;
    Ok((account, stack))
}

fn contains(text: &str) -> impl Fn(&Invocation) -> bool {
    move |invocation| invocation.event.to_string().contains(text)
}

/// The bodies of the queue's messages in an invocation's event.
fn bodies(invocation: &Invocation) -> Vec<String> {
    let records = invocation.event.get("Records").and_then(Value::as_array).into_iter().flatten();
    records.filter_map(|record| Some(record.get("body")?.as_str()?.to_owned())).collect()
}

/// The first message of a queue of the stack.
async fn received(account: &Account, stack: &Stack, queue: &str) -> Result<Value> {
    let url = stack.resource(queue)?.physical_id.clone();
    let parameters = [("QueueUrl", url.as_str()), ("WaitTimeSeconds", "10")];
    let body = account.control("sqs", "ReceiveMessage", &parameters).await?.text("Body")?;
    serde_json::from_str(&body).map_err(|error| Error::Malformed { what: body, reason: error.to_string() })
}

#[tokio::test]
async fn a_message_reaches_the_function_by_the_queue() -> Result<()> {
    let (account, stack) = deploy(&[("WhereClause", "sensor_a0 >= 1")]).await?;
    let device = account.device("sensor-1").may_publish([TOPIC]).await?;
    device.publish(TOPIC, r#"{"sensor_a0": 0}"#).await?;
    device.publish(TOPIC, r#"{"sensor_a0": 1, "place": "Gümligen"}"#).await?;
    let invocation = account.wait_for_invocation("of the queue", WITHIN, contains("sensor_a0")).await?;
    assert_eq!(invocation.function, stack.function("IotFirehoseFunction")?.name());
    let bodies = bodies(&invocation);
    let [body] = bodies.as_slice() else { panic!("{bodies:?}") };
    let expected =
        r#"{"sensor_a0":1,"place":"Gümligen","_topic":"arduino/outgoing","_client_id":"sensor-1","_arrival":"#;
    assert!(body.starts_with(expected), "{body}");
    Ok(())
}

#[tokio::test]
async fn a_message_reaches_the_function_directly() -> Result<()> {
    let (account, stack) = deploy(&[("Delivery", "direct")]).await?;
    let device = account.device("sensor-1").await?;
    device.publish(TOPIC, r#"{"sensor_a0": 1.5}"#).await?;
    let invocation = account.wait_for_invocation("by the rule", WITHIN, contains("sensor_a0")).await?;
    assert_eq!(invocation.function, stack.function("IotFirehoseFunction")?.name());
    assert_eq!(invocation.event["sensor_a0"], json!(1.5));
    assert_eq!(invocation.event["_client_id"], json!("sensor-1"));
    Ok(())
}

#[tokio::test]
async fn a_direct_invocation_is_tried_three_times_and_becomes_a_dead_letter() -> Result<()> {
    let (account, stack) = deploy(&[("Delivery", "direct")]).await?;
    account.device("sensor-1").await?.publish(TOPIC, r#"{"error": "Broken"}"#).await?;
    let letter = received(&account, &stack, "DeadLetters").await?;
    let tries = account.invocations();
    assert_eq!(tries.len(), 3);
    let request_ids = tries.iter().map(|invocation| invocation.report.as_deref()?.split_whitespace().nth(2));
    assert_eq!(request_ids.collect::<BTreeSet<_>>().len(), 1, "{tries:?}");
    assert!(letter.to_string().contains("Broken"), "{letter}");
    Ok(())
}

#[tokio::test]
async fn what_the_rule_may_not_do_goes_to_its_errors() -> Result<()> {
    let (account, stack) = deploy(&[]).await?;
    let (role, errors) = (&stack.resource("RuleRole")?.physical_id, &stack.resource("RuleErrors")?.physical_id);
    let name = errors.rsplit('/').next().unwrap_or_default();
    let resource = format!("arn:aws:sqs:{}:{}:{name}", account.region(), account.id());
    let statement = json!({"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": resource});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let parameters = [("RoleName", role.as_str()), ("PolicyName", "send"), ("PolicyDocument", &document)];
    account.control("iam", "PutRolePolicy", &parameters).await?;
    account.device("sensor-1").await?.publish(TOPIC, "{}").await?;
    let error = received(&account, &stack, "RuleErrors").await?;
    assert_eq!(error["failures"][0]["failedAction"], json!("SqsAction"));
    assert_eq!(error["base64OriginalPayload"], json!("e30="));
    assert!(error.to_string().contains("not authorized to perform: sqs:SendMessage"), "{error}");
    Ok(())
}

#[tokio::test]
async fn a_function_is_invoked_only_by_its_permission() -> Result<()> {
    let (account, stack) = deploy(&[("Delivery", "direct")]).await?;
    let function = stack.function("IotFirehoseFunction")?.name().to_owned();
    let path = format!("/2015-03-31/functions/{function}/policy");
    let policy = account.control_rest("lambda", "GET", &path, "").await?.json()?;
    let policy: Value = serde_json::from_str(policy["Policy"].as_str().unwrap_or_default()).unwrap();
    let sid = policy["Statement"][0]["Sid"].as_str().unwrap();
    account.control_rest("lambda", "DELETE", &format!("{path}/{sid}"), "").await?;
    account.device("sensor-1").await?.publish(TOPIC, "{}").await?;
    let error = received(&account, &stack, "RuleErrors").await?;
    assert_eq!(error["failures"][0]["failedAction"], json!("LambdaAction"));
    assert!(account.invocations().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_device_does_what_its_policy_allows() -> Result<()> {
    let (account, _) = deploy(&[("Delivery", "direct")]).await?;
    let mut device = account.device("sensor-1").may_publish(["arduino/incoming"]).await?;
    let error = device.publish(TOPIC, r#"{"refused": 1}"#).await.unwrap_err();
    assert!(error.to_string().contains("may it publish there?"), "{error:?}");
    assert!(device.publish("arduino/incoming", "{}").await.is_err(), "the connection is closed");
    device.reconnect().await?;
    device.publish("arduino/incoming", "{}").await?;
    assert!(account.invocations().is_empty());
    Ok(())
}

#[tokio::test]
async fn a_certificate_that_is_inactive_or_unknown_does_not_connect() -> Result<()> {
    let account = LocalAws::shared().await?.account();
    let mut device = account.device("sensor-1").await?;
    let certificate = format!("/certificates/{}", device.certificate_id());
    account.control_rest("iot", "PUT", &format!("{certificate}?newStatus=INACTIVE"), "").await?;
    assert!(matches!(device.reconnect().await, Err(Error::Mqtt { .. })));
    account.control_rest("iot", "DELETE", &format!("{certificate}?forceDelete=true"), "").await?;
    assert!(matches!(device.reconnect().await, Err(Error::Mqtt { .. })));
    Ok(())
}

#[tokio::test]
async fn another_account_does_not_get_the_message() -> Result<()> {
    let (account, _) = deploy(&[("Delivery", "direct")]).await?;
    let (other, _) = deploy(&[("Delivery", "direct")]).await?;
    account.device("sensor-1").await?.publish(TOPIC, "{}").await?;
    account.wait_for_invocation("by the rule", WITHIN, |_| true).await?;
    assert!(other.invocations().is_empty());
    Ok(())
}

#[tokio::test]
async fn numbers_keep_their_digits() -> Result<()> {
    let (account, _) = deploy(&[("SelectClause", "*, topic() AS t")]).await?;
    let device = account.device("sensor-1").await?;
    device
        .publish(TOPIC, r#"{"a": 9007199254740993, "b": 1.0, "c": 1e400, "d": 0.12345678901234567891, "e": [1e-7]}"#)
        .await?;
    let invocation = account.wait_for_invocation("of the queue", WITHIN, contains("9007")).await?;
    let expected =
        r#"{"a":9007199254740993,"b":1,"c":1E+400,"d":0.12345678901234567891,"e":[1E-7],"t":"arduino/outgoing"}"#;
    assert_eq!(bodies(&invocation), [expected]);
    Ok(())
}

#[tokio::test]
async fn several_hundred_messages_take_seconds() -> Result<()> {
    let (account, _) = deploy(&[]).await?;
    let device = account.device("sensor-1").await?;
    let begun = Instant::now();
    device.publish_all(TOPIC, (0..500).map(|number| json!({"sensor_a0": number}).to_string())).await?;
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?}");
    Ok(())
}
