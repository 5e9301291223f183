//! iot-firehose's template, which ships: it deploys here in each of its forms, and its queue reaches the function.

use std::time::Duration;

use local_aws::{Deploy, LocalAws, Result, Stack};

async fn deploy(parameters: &[(&str, &str)]) -> Result<(local_aws::Account, Stack)> {
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
    let reached = |invocation: &local_aws::Invocation| invocation.event.to_string().contains("sensor_a0");
    let invocation = account.wait_for_invocation("of the queue", Duration::from_secs(20), reached).await?;
    assert_eq!(invocation.function, queue.name());
    Ok(())
}
