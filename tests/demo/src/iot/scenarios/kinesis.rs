//! A batch of a Kinesis stream with bad records, of which the quarantine takes none at first.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::Result;
use e2e::iot::Iot;
use local_aws::Fault;
use report::{Check, Fact, Fate, Message};
use serde_json::{Value, json};

use crate::iot::answer::{given_back, short};
use crate::iot::lake::Sent;
use crate::iot::scene::Scene;
use crate::stage::Stage;

/// The first scenario, and what was read before the given back were marked.
pub(super) struct Refused<'i> {
    scene: Scene<'i>,
    event: Value,
    /// The sequence number that was given back, if it is one.
    from: Option<String>,
    /// The lowest of those that are neither in the lake nor in quarantine.
    lowest: Option<String>,
}

/// Nothing is told yet: it runs beside the scenarios of the queue, for the SDK tries again for some seconds.
pub(super) async fn play(iot: &Iot) -> Result<Refused<'_>> {
    let event = e2e::events::sample("iot-firehose/kinesis-batch-some-bad", &[])?;
    let happened = "A batch of a Kinesis stream has seven records. Four are bad: NaN, bytes that are no UTF-8, nothing at all, \
                    broken base64. S3 is overloaded, and the quarantine takes nothing. Of a stream a function can give back \
                    only a place, from which on all comes again.";
    let mut scene = Scene::new(iot, "A Kinesis batch, and the quarantine refuses", happened);
    scene.sent = records(&event).iter().filter_map(sent).collect();
    scene.inject(Fault::throttle().action("s3:PutObject"));
    let answer = scene.invoke(&event).await?.result.clone()?;
    scene.heal();
    scene.look().await?;
    let lowest = scene.missing().into_iter().min_by_key(|number| (number.len(), number.clone()));
    let from = match given_back(&answer).as_slice() {
        [one] => Some((*one).to_owned()),
        _ => None,
    };
    scene.mark_given_back(from.as_deref());
    Ok(Refused { scene, event, from, lowest })
}

pub(super) async fn tell(stage: &mut Stage, refused: Refused<'_>) -> Result<()> {
    let Refused { scene, event, from, lowest } = refused;
    stage.announce_lake(&scene);
    let counts = scene.back.lake.counts();
    let checks = vec![
        Check::new(
            "The three good records are in the lake; the quarantine is empty",
            (counts.in_lake, scene.back.lines.len(), scene.back.quarantine.len()) == (3, 3, 0),
        ),
        Check::new(
            format!(
                "The function gave back the lowest sequence number that failed: {}",
                short(from.as_deref().unwrap_or("none"))
            ),
            from.is_some() && from == lowest,
        ),
        Check::new(
            "Every bad record comes again from there on: none is lost",
            (counts.given_back, counts.lost) == (4, 0),
        ),
    ];
    let happened =
        "Kinesis gives the batch again from that record on, those too that are in the lake already. S3 has recovered.";
    let next = scene.then("The stream gives the rest again", happened);
    stage.close_lake(scene, checks).await;
    again(stage, next, &event, from.as_deref()).await
}

async fn again(stage: &mut Stage, mut scene: Scene<'_>, event: &Value, from: Option<&str>) -> Result<()> {
    stage.announce_lake(&scene);
    let records = records(event);
    let rest: Vec<&Value> = records.iter().skip_while(|record| sequence_number(record) != from).collect();
    let answer = scene.invoke(&json!({ "Records": rest })).await?.result.clone()?;
    scene.look().await?;
    let (back, counts) = (&scene.back, scene.back.lake.counts());
    let reasons = back.lake.messages.iter().filter_map(|message| match &message.fate {
        Fate::Quarantined(reason) => Some(reason),
        _ => None,
    });
    let checks = vec![
        Check::new(
            "Each bad record is in quarantine now, with its reason",
            reasons.filter(|reason| !reason.is_empty()).count() == 4 && back.quarantine.len() == 4,
        ),
        Check::new(
            "The two good ones that came again are in the lake twice, with the same ids, by which readers drop duplicates",
            (counts.in_lake, counts.duplicates) == (3, 2),
        ),
        Check::new("Nothing is given back, nothing is lost", given_back(&answer).is_empty() && back.nothing_missing()),
    ];
    scene.more.push(Fact::new("records that came again", rest.len()));
    stage.close_lake(scene, checks).await;
    Ok(())
}

fn records(event: &Value) -> Vec<Value> {
    event.get("Records").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn sequence_number(record: &Value) -> Option<&str> {
    record.pointer("/kinesis/sequenceNumber")?.as_str()
}

/// A record as what it holds; one that can't be decoded as it is.
fn sent(record: &Value) -> Option<Sent> {
    let data = record.pointer("/kinesis/data")?.as_str()?;
    let text = STANDARD.decode(data).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = text.unwrap_or_else(|_| data.to_owned());
    let json: Value = serde_json::from_str(&text).unwrap_or_default();
    let arrival = record.pointer("/kinesis/approximateArrivalTimestamp")?.as_f64()?;
    let arrival = i64::try_from(Duration::from_secs_f64(arrival + 0.0005).as_millis()).ok()?;
    let at_ms = json.get("time").and_then(Value::as_i64).unwrap_or(arrival);
    let message = Message::published(at_ms, json.get("sensor_a0").and_then(Value::as_f64), text);
    Some(Sent { message, name: sequence_number(record).map(str::to_owned) })
}
