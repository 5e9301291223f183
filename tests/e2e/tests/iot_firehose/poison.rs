//! Messages that give no line: each alone in quarantine with its reason, its neighbours in the lake.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use e2e::Result;
use e2e::iot::make::{kinesis_of_base64, large, message_id, reading, sequence_number, shard_and_number, sqs};
use e2e::iot::{Iot, Line, TOPIC};
use local_aws::Fault;
use serde_json::{Value, json};

use super::{answer, error, given_back, within};

const STORE: &str = "s3:PutObject";

/// What gives no line as text, and why.
fn texts() -> Vec<(String, &'static str)> {
    let deep = format!(r#"{{"time":1,"sensor_a0":{}{}}}"#, "[".repeat(70), "]".repeat(70));
    vec![
        (r#"{"time":1,"sensor_"#.to_owned(), "it is not JSON"),
        (r#"{"time":1,"sensor_a0":NaN}"#.to_owned(), "it is not JSON"),
        (String::new(), "it is not JSON"),
        ("[1567023375013,448]".to_owned(), "it is no JSON object"),
        (r#"{"_topic":"a","_client_id":"b","_arrival":1}"#.to_owned(), "it has only what the rule added"),
        (deep, "it nests deeper than 64 levels"),
        (
            r#"{"time":1,"sensor_a0":1e99999}"#.to_owned(),
            "a number in it has more than 400 characters, or an exponent of more than 4 digits",
        ),
        (large(5, 1_024_000), "its line has more than the 1024000 bytes of a record"),
    ]
}

/// A good message before each bad one, and one after the last: the bad ones have odd numbers.
fn between_good(bad: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut messages = Vec::new();
    for bad in bad {
        messages.extend([reading(messages.len()), bad]);
    }
    messages.push(reading(messages.len()));
    messages
}

async fn good_are_in_the_lake(iot: &Iot, messages: usize, id: fn(usize) -> String) -> Result<()> {
    let expected: Vec<_> = (0..messages).step_by(2).map(|number| (id(number), json!(number))).collect();
    let lake = iot.lake().await?;
    let found: Vec<_> = lake.iter().map(|line| (line.id().to_owned(), line.json["sensor_value"].clone())).collect();
    assert_eq!(found, expected);
    Ok(())
}

fn is_kept(line: &Line, id: &str, reason: &str, as_it_came: (&str, &str)) {
    assert_eq!(line.id(), id);
    assert!(line.json["reason"].as_str().unwrap().starts_with(reason), "{reason}: {}", line.json["reason"]);
    assert!(line.json[as_it_came.0] == as_it_came.1, "{reason}");
    assert!(line.json["arrived"].as_str().unwrap().starts_with("2024-05-21T10:15:3"), "{}", line.json["arrived"]);
}

#[test]
fn each_bad_message_of_a_queue_is_alone_in_quarantine() {
    within(&[], async |iot| {
        let messages = between_good(texts().into_iter().map(|(text, _)| text));
        let invocation = iot.function.invoke(&sqs(messages.clone())?).await?;
        assert_eq!(given_back(&invocation), [""; 0]);
        good_are_in_the_lake(iot, messages.len(), message_id).await?;
        let quarantined = iot.quarantined().await?;
        assert_eq!(quarantined.len(), texts().len());
        for (place, (text, reason)) in texts().iter().enumerate() {
            is_kept(&quarantined[place], &message_id(2 * place + 1), reason, ("message", text));
        }
        Ok(())
    });
}

#[test]
fn each_bad_message_of_a_stream_is_alone_in_quarantine() {
    let bytes = STANDARD.encode(b"{\"time\":1,\"sensor_a0\":\"\xff\xfe\"}");
    let no_base64 = "eyJ0aW1lIjox*";
    within(&[], async |iot| {
        let encoded = |(text, why)| (STANDARD.encode(&text), why, "message", text);
        let mut bad: Vec<_> = texts().into_iter().map(encoded).collect();
        bad.push((bytes.clone(), "it is not UTF-8", "base64", bytes));
        bad.push((no_base64.to_owned(), "it is not base64", "message", no_base64.to_owned()));
        let mut messages = between_good(bad.iter().map(|(data, ..)| data.clone()));
        for good in messages.iter_mut().step_by(2) {
            *good = STANDARD.encode(&*good);
        }
        let invocation = iot.function.invoke(&kinesis_of_base64(messages.clone())?).await?;
        assert_eq!(given_back(&invocation), [""; 0]);
        good_are_in_the_lake(iot, messages.len(), shard_and_number).await?;
        let quarantined = iot.quarantined().await?;
        assert_eq!(quarantined.len(), bad.len());
        for (place, (_, reason, member, content)) in bad.iter().enumerate() {
            is_kept(&quarantined[place], &shard_and_number(2 * place + 1), reason, (member, content));
        }
        Ok(())
    });
}

#[test]
fn what_the_rule_can_not_read_is_in_quarantine() {
    within(&[], async |iot| {
        let device = iot.device("sensor-1").await?;
        device.publish_all(TOPIC, [reading(0).into_bytes(), b"rebooting".to_vec(), reading(2).into_bytes()]).await?;
        iot.wait_for_lake(2).await?;
        iot.wait_for_empty_queue().await?;
        good_values(iot, &[0, 2]).await?;
        let quarantined = iot.quarantined().await?;
        assert_eq!(quarantined.len(), 1, "{quarantined:?}");
        assert!(quarantined[0].text.contains("sensor-1"), "who sent it: {}", quarantined[0].text);
        Ok(())
    });
}

async fn good_values(iot: &Iot, expected: &[u64]) -> Result<()> {
    let lake = iot.lake().await?;
    let mut found: Vec<_> = lake.iter().filter_map(|line| line.json["sensor_value"].as_u64()).collect();
    found.sort_unstable();
    assert_eq!(found, expected);
    Ok(())
}

#[test]
fn what_the_quarantine_refuses_is_given_back() {
    within(&[], async |iot| {
        iot.account.inject(Fault::error(403, "AccessDenied", "no").action(STORE));
        let messages = || between_good(["{", "NaN"].map(str::to_owned));
        let invocation = iot.function.invoke(&sqs(messages())?).await?;
        assert_eq!(given_back(&invocation), [1, 3].map(message_id));
        assert_eq!(invocation.calls.count(STORE), 1, "{}", invocation.calls.story());
        good_are_in_the_lake(iot, 5, message_id).await?;

        let batch = kinesis_of_base64(messages().iter().map(|message| STANDARD.encode(message)))?;
        assert_eq!(given_back(&iot.function.invoke(&batch).await?), [sequence_number(1)]);

        let direct = json!([{"time": 0, "sensor_a0": 1}, "rebooting"]);
        let invocation = iot.function.invoke(&direct).await?;
        assert_eq!(error(&invocation).error_type, "QuarantineFailed");
        iot.account.clear_faults();
        let invocation = iot.function.invoke(&direct).await?;
        assert_eq!(answer(&invocation)["quarantined"], json!(1));
        Ok(())
    });
}

#[test]
fn the_quarantine_is_asked_again_when_it_was_busy() {
    within(&[], async |iot| {
        iot.account.inject(Fault::error(503, "SlowDown", "slow down").action(STORE).nth(1));
        let invocation = iot.function.invoke(&Value::Array(vec![json!("rebooting")])).await?;
        assert_eq!(*answer(&invocation), json!({"delivered": 0, "quarantined": 1}));
        assert_eq!(invocation.calls.count(STORE), 2);
        assert_eq!(iot.quarantined().await?.len(), 1);
        Ok(())
    });
}

#[test]
fn a_retry_replaces_what_it_put_into_quarantine_before() {
    within(&[("Delivery", "direct")], async |iot| {
        iot.account.inject(Fault::kill_after().action(STORE).nth(1));
        iot.device("sensor-1").await?.publish(TOPIC, "rebooting").await?;
        let again = |invocation: &local_aws::Invocation| invocation.result.is_ok();
        iot.account.wait_for_invocation("again", std::time::Duration::from_mins(1), again).await?;
        assert_eq!(iot.account.calls().count(STORE), 2, "{}", iot.account.calls().story());
        assert_eq!(iot.quarantined().await?.len(), 1);
        Ok(())
    });
}
