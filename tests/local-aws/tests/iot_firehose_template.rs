//! iot-firehose's template, which ships: it deploys here in each of its forms, and its queue reaches the function in batches.

use std::time::Duration;

use local_aws::{Account, Deploy, Invocation, LocalAws, Result, Stack};
use serde_json::{Value, json};

async fn deploy(parameters: &[(&str, &str)]) -> Result<(Account, Stack)> {
    let account = LocalAws::shared().await?.account();
    let template = Deploy::template("functions/iot-firehose/template.yaml")
        .bootstrap("IotFirehoseFunction", "tests/local-aws/tests/fixtures/caller");
    let deploy = parameters.iter().fold(template, |deploy, (name, value)| deploy.parameter(name, value));
    let stack = account.deploy(deploy).await?;
    Ok((account, stack))
}

#[tokio::test]
async fn every_form_of_the_lake_deploys() -> Result<()> {
    for parameters in [&[][..], &[("Delivery", "direct")], &[("LakeFormat", "parquet")]] {
        let (_, stack) = deploy(parameters).await?;
        let environment = &stack.function("IotFirehoseFunction")?.configuration().environment;
        for name in ["DELIVERY_STREAM_NAME", "QUARANTINE_BUCKET", "TIME_POLICY"] {
            assert!(environment.contains_key(name), "{name}: {parameters:?}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn the_queue_reaches_the_function() -> Result<()> {
    let (account, stack) = deploy(&[("BatchSeconds", "1")]).await?;
    let queue = stack.function("IotFirehoseFunction")?.clone();
    let url = stack.resource("Queue")?.physical_id.clone();
    account.control("sqs", "SendMessage", &[("QueueUrl", &url), ("MessageBody", r#"{"sensor_a0":1}"#)]).await?;
    let reached = |invocation: &Invocation| invocation.event.to_string().contains("sensor_a0");
    let invocation = account.wait_for_invocation("of the queue", Duration::from_secs(20), reached).await?;
    assert_eq!(invocation.function, queue.name());
    Ok(())
}

/// Puts so many messages into the queue, each of so many bytes.
async fn send(account: &Account, stack: &Stack, messages: usize, bytes: usize) -> Result<()> {
    let url = stack.resource("Queue")?.physical_id.clone();
    let numbers: Vec<usize> = (0..messages).collect();
    for some in numbers.chunks((1_000_000 / bytes).min(10)) {
        let entry = |number: &usize| json!({"Id": number.to_string(), "MessageBody": "x".repeat(bytes)});
        let entries: Vec<Value> = some.iter().map(entry).collect();
        let body = json!({"QueueUrl": url, "Entries": entries});
        account.control_json("sqs", "AmazonSQS.SendMessageBatch", &body).await?;
    }
    Ok(())
}

fn size(invocation: &Invocation) -> usize {
    invocation.event.get("Records").and_then(Value::as_array).map_or(0, Vec::len)
}

/// The sizes of the batches, when so many messages have come.
async fn batches(account: &Account, messages: usize) -> Result<Vec<usize>> {
    let all = |_: &Invocation| account.invocations().iter().map(size).sum::<usize>() == messages;
    account.wait_for_invocation("of the queue", Duration::from_secs(20), all).await?;
    Ok(account.invocations().iter().map(size).collect())
}

#[tokio::test]
async fn the_queue_gathers_a_batch_for_its_window() -> Result<()> {
    let (account, stack) = deploy(&[("BatchSeconds", "2")]).await?;
    send(&account, &stack, 250, 20).await?;
    assert_eq!(batches(&account, 250).await?, [250]);
    Ok(())
}

#[tokio::test]
async fn the_queue_waits_no_longer_than_for_a_full_batch() -> Result<()> {
    let (account, stack) = deploy(&[("BatchSeconds", "300"), ("BatchSize", "20")]).await?;
    send(&account, &stack, 20, 20).await?;
    assert_eq!(batches(&account, 20).await?, [20]);
    Ok(())
}

#[tokio::test]
async fn a_batch_of_the_queue_has_no_more_than_six_megabytes() -> Result<()> {
    let (account, stack) = deploy(&[("BatchSeconds", "2")]).await?;
    send(&account, &stack, 30, 250_000).await?;
    let mut sizes = batches(&account, 30).await?;
    sizes.sort_unstable();
    assert_eq!(sizes, [5, 25]);
    Ok(())
}
