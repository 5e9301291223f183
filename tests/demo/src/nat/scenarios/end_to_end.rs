//! From the alarm to the last route, through everything that the template deploys.

use std::time::Duration;

use e2e::Result;
use report::{Check, Fact};
use serde_json::{Value, json};

use crate::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<()> {
    let nat = stage.network(2, &[]).await?;
    nat.set_alarm_action("a", nat.stack.output("AlarmTopicArn")?).await?;
    nat.set_alarm("a", "OK").await?;
    let dead = json!({"instance_id": nat.group("a").instance, "how": "stop"});
    nat.account.moto_plus("fail-instance", &dead).await?;
    let happened = "Nobody hands the function an event here. nat-a's instance has died; CloudWatch's alarm notices, \
                    publishes to the topic that the template deployed, and the topic's subscription invokes the function.";
    let scene = stage.open(&nat, "End to end: from the alarm to the last route", happened).await?;
    let mut seen = scene.through_the_stack(nat.set_alarm("a", "ALARM")).await?;
    let metric =
        |name: &str| seen.invocation.json_logs().iter().find_map(|line| line.get(name).and_then(Value::as_u64));
    let alarm_to_route = metric("TimeToLastRoute");
    let by_topic = seen.invocation.event.pointer("/Records/0/Sns/TopicArn").and_then(Value::as_str);
    let last_call = seen.invocation.calls.of("ec2:ReplaceRoute").iter().map(|call| call.ended).max();
    let checks = vec![
        Check::new("The event came by the deployed topic", by_topic == nat.stack.output("AlarmTopicArn").ok()),
        Check::new("Its routes go through nat-b", seen.all_moved("nat-a", "nat-b")),
        Check::new("No other route was touched", seen.others_stayed("nat-a")),
        Check::new(
            "The last route had moved within 10 seconds of the alarm, a cold start included",
            last_call.is_some_and(|last| last - seen.since < Duration::from_secs(10)),
        ),
        Check::new(
            "The metric TimeToLastRoute says how long that took, and RoutesMoved how many",
            alarm_to_route.is_some() && metric("RoutesMoved") == u64::try_from(seen.moved()).ok(),
        ),
    ];
    seen.more.extend(alarm_to_route.map(|ms| Fact::new("from alarm to last route", format!("{ms} ms"))));
    stage.close(seen, checks).await;
    Ok(())
}
