//! Devices publish by MQTT over TLS; the rule of the template that ships hands their messages on to the function.

use std::time::Duration;

use local_aws::{Account, Deploy, Invocation, LocalAws, Result, Stack};

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

#[tokio::test]
async fn a_message_reaches_the_function_by_the_queue() -> Result<()> {
    let (account, stack) = deploy(&[]).await?;
    let device = account.device("sensor-1").await?;
    device.publish(TOPIC, r#"{"sensor_a0": 1}"#).await?;
    let invocation = account.wait_for_invocation("of the queue", WITHIN, contains("sensor_a0")).await?;
    assert_eq!(invocation.function, stack.function("IotFirehoseFunction")?.name());
    println!("{}", invocation.event);
    Ok(())
}
