//! A sensor's readings from the device to the lake, some of them bad.

use std::collections::BTreeSet;

use e2e::Result;
use e2e::iot::Iot;
use local_aws::Trigger;
use report::{Check, Fact, Fate, Message};
use serde_json::Value;

use crate::iot::scene::Scene;
use crate::iot::{lake, sensor};
use crate::stage::Stage;

pub(super) async fn play(stage: &mut Stage, iot: &Iot) -> Result<()> {
    let messages = sensor::afternoon();
    let good = messages.iter().filter(|message| is_good(message)).count();
    let bad = messages.len() - good;
    let happened = format!(
        "A light sensor was offline for an afternoon. Now it connects, by MQTT over TLS and with its certificate, and publishes \
         the {} messages that it kept. {bad} are bad: NaN, text that was cut off, a list, a value that is missing, a word for a \
         value, a word for a time. The rule is deployed to hand on whatever it gets (SelectClause=*), the function to want a \
         whole number and a time (TransformMapping, TimePolicy=strict).",
        messages.len()
    );
    let mut scene = Scene::new(iot, "A sensor's afternoon", happened);
    stage.announce_lake(&scene);
    scene.publish("light-1", messages).await?;
    scene.all_batches().await?;
    scene.look().await?;
    let checks = checks(&scene, good, bad).await?;
    let reasons: BTreeSet<_> = scene.back.quarantine.iter().map(lake::reason).collect();
    scene.more.push(Fact::new("batches", scene.ran.len()));
    scene.more.push(Fact::new("reasons for quarantine", reasons.len()));
    stage.close_lake(scene, checks).await;
    Ok(())
}

/// Whether it has a time and a value, both numbers.
fn is_good(message: &Message) -> bool {
    let json: Value = serde_json::from_str(&message.text).unwrap_or_default();
    ["time", "sensor_a0"].iter().all(|field| json.get(field).is_some_and(Value::is_i64))
}

async fn checks(scene: &Scene<'_>, good: usize, bad: usize) -> Result<Vec<Check>> {
    let (back, counts) = (&scene.back, scene.back.lake.counts());
    let messages = &back.lake.messages;
    let once = |message: &&Message| is_good(message) && message.lines().len() == 1;
    let kept = |message: &&Message| match &message.fate {
        Fate::Quarantined(reason) => !is_good(message) && !reason.is_empty(),
        _ => false,
    };
    let by_queue = |trigger: Trigger, event: &Value| {
        trigger == Trigger::Event && event.pointer("/Records/0/eventSource").is_some_and(|source| source == "aws:sqs")
    };
    Ok(vec![
        Check::new(
            format!("Each of the {good} good readings is in the lake exactly once, with its time and its value"),
            messages.iter().filter(once).count() == good,
        ),
        Check::new(
            format!("Each of the {bad} bad messages is in the quarantine as it came, with a reason"),
            messages.iter().filter(kept).count() == bad && back.quarantine.len() == bad,
        ),
        Check::new(
            "Nothing is lost and nothing else is there: published = in the lake + in quarantine",
            back.nothing_missing() && counts.lost == 0 && counts.duplicates == 0,
        ),
        Check::new(
            "They came by the rule and the queue; none is left there, among the dead letters or among the rule's errors",
            scene.ran.iter().all(|(_, ran)| by_queue(ran.trigger, &ran.event)) && scene.queues_are_empty().await?,
        ),
    ])
}
