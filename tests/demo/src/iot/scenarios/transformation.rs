//! Firehose itself asks the function to transform records, before it writes them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::Result;
use e2e::iot::Iot;
use report::Check;
use serde_json::Value;

use crate::iot::scene::Scene;
use crate::stage::Stage;

pub(super) async fn play(stage: &mut Stage, iot: &Iot) -> Result<()> {
    let event = e2e::events::sample("iot-firehose/firehose-transformation", &[])?;
    let happened = "Another way in: devices write to a Firehose stream directly, and the stream has the function as its data \
                    transformation. Firehose gives it four records, of which it must answer every one: a reading, NaN for a \
                    value, a blank line, a reading.";
    let mut scene = Scene::new(iot, "Firehose asks for a transformation", happened);
    stage.announce_lake(&scene);
    let answer = scene.invoke(&event).await?.result.clone()?;
    let no_call = scene.ran.iter().all(|(_, ran)| ran.calls.is_empty());
    let nothing = scene.look().await?.lines.is_empty() && scene.back.quarantine.is_empty();
    let (asked, answered) = (records(&event), records(&answer));
    let ids = |records: &[Value]| records.iter().map(|record| text(record, "recordId").to_owned()).collect::<Vec<_>>();
    let results: Vec<_> = answered.iter().map(|record| text(record, "result")).collect();
    let mut good = asked.iter().zip(&answered).filter(|(_, answer)| text(answer, "result") == "Ok");
    let checks = vec![
        Check::new("Every record is answered, by its id", ids(&asked) == ids(&answered)),
        Check::new(
            "Each reading is answered Ok, with its line: its value, an id, and a line feed at the end",
            results.iter().filter(|result| **result == "Ok").count() == 2
                && good.all(|(asked, answer)| is_line(asked, answer)),
        ),
        Check::new(
            "The bad one is answered ProcessingFailed, so that Firehose keeps it under its error prefix, and the blank one \
             Dropped",
            results == ["Ok", "ProcessingFailed", "Dropped", "Ok"],
        ),
        Check::new(
            "The function wrote nothing itself, neither to the stream nor to the quarantine",
            no_call && nothing,
        ),
    ];
    stage.close_lake(scene, checks).await;
    Ok(())
}

fn records(of: &Value) -> Vec<Value> {
    of.get("records").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn text<'v>(record: &'v Value, field: &str) -> &'v str {
    record.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// Whether the answer's data is one line, of the record that was asked for.
fn is_line(asked: &Value, answer: &Value) -> bool {
    let data = |record: &Value| STANDARD.decode(text(record, "data")).unwrap_or_default();
    let json = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let line = data(answer);
    let (was, is) = (json(&data(asked)), json(&line));
    let same = was.get("sensor_a0").is_some_and(|value| is.get("sensor_value") == Some(value));
    let one = line.ends_with(b"\n") && line.split_inclusive(|byte| *byte == b'\n').count() == 1;
    same && one && !text(&is, "id").is_empty()
}
