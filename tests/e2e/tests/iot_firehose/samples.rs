//! The sample events, and batches as large as the sources make them.

use std::collections::BTreeSet;

use e2e::events::sample;
use e2e::iot::ids;
use e2e::iot::make::{kinesis, reading, sequence_number, shard_and_number, sqs, transformation};
use serde_json::json;

use super::read::decoded;
use super::{answer, given_back, within};

/// Each sample: how many lines it gives, and how many messages that give none.
const SAMPLES: [(&str, usize, usize); 8] = [
    ("direct-array", 3, 0),
    ("direct-array-some-bad", 2, 1),
    ("direct-object", 1, 0),
    ("direct-select-star", 1, 0),
    ("kinesis-batch", 3, 0),
    ("kinesis-batch-some-bad", 3, 4),
    ("sqs-batch", 3, 0),
    ("sqs-batch-some-bad", 5, 3),
];

#[test]
fn every_sample_event_is_in_the_lake_or_in_quarantine() {
    within(&[], async |iot| {
        let (mut lines, mut poisoned) = (0, 0);
        for (name, good, bad) in SAMPLES {
            let event = sample(&format!("iot-firehose/{name}"), &[])?;
            let invocation = iot.function.invoke(&event).await?;
            let expected = if name.starts_with("direct") {
                json!({"delivered": good, "quarantined": bad})
            } else {
                json!({"batchItemFailures": []})
            };
            assert_eq!(*answer(&invocation), expected, "{name}");
            (lines, poisoned) = (lines + good, poisoned + bad);
            assert_eq!(iot.lake().await?.len(), lines, "{name}");
            assert_eq!(iot.quarantined().await?.len(), poisoned, "{name}");
        }
        Ok(())
    });
}

#[test]
fn there_is_a_test_of_every_sample_event() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/iot-firehose");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let tested = SAMPLES.iter().map(|(name, ..)| *name).chain(["firehose-transformation"]);
    assert_eq!(files.collect::<BTreeSet<_>>(), tested.map(|name| format!("{name}.json")).collect());
}

#[test]
fn firehoses_own_transformation_is_answered_record_by_record() {
    within(&[], async |iot| {
        let event = sample("iot-firehose/firehose-transformation", &[])?;
        let invocation = iot.function.invoke(&event).await?;
        let records = answer(&invocation)["records"].as_array().unwrap();
        let results: Vec<_> = records.iter().map(|record| record["result"].as_str().unwrap()).collect();
        assert_eq!(results, ["Ok", "ProcessingFailed", "Dropped", "Ok"]);
        for (record, asked) in records.iter().zip(event["records"].as_array().unwrap()) {
            assert_eq!(record["recordId"], asked["recordId"]);
        }
        let line = decoded(&records[0]["data"]);
        let expected = r#"{"time":"2024-05-21T10:15:30.083Z","sensor_value":456,"id":"#;
        assert!(line.starts_with(expected) && line.ends_with('\n'), "{line}");
        assert_eq!(invocation.calls.len(), 0);
        Ok(())
    });
}

#[test]
fn a_full_batch_of_kinesis_is_in_the_lake_once_and_in_order() {
    within(&[], async |iot| {
        let event = kinesis((0..10_000).map(reading))?;
        assert!(event.to_string().len() < 6 * 1024 * 1024, "Lambda would not have sent it");
        let invocation = iot.function.invoke(&event).await?;
        assert_eq!(given_back(&invocation), [""; 0]);
        let lake = iot.lake().await?;
        let expected: Vec<_> = (0..10_000).map(|number| (shard_and_number(number), json!(number))).collect();
        let found: Vec<_> = lake.iter().map(|line| (line.id().to_owned(), line.json["sensor_value"].clone())).collect();
        assert!(found == expected, "{} lines", found.len());
        Ok(())
    });
}

#[test]
fn numbers_of_a_stream_keep_their_digits() {
    let numbers =
        ["1.0", "-0.0", "9007199254740993", "0.12345678901234567890123456789", "1E5", "123456789012345678901"];
    within(&[], async |iot| {
        let readings = numbers.map(|number| format!(r#"{{"time":0,"sensor_a0":{number}}}"#));
        assert_eq!(given_back(&iot.function.invoke(&kinesis(readings)?).await?), [""; 0]);
        let lake = iot.lake().await?;
        for (line, number) in lake.iter().zip(numbers) {
            let expected = format!(r#"{{"time":"1970-01-01T00:00:00.000Z","sensor_value":{number},"id":""#);
            assert!(line.text.starts_with(&expected), "{}", line.text);
        }
        assert_eq!(lake.len(), numbers.len());
        Ok(())
    });
}

#[test]
fn a_full_batch_of_the_queue_is_in_the_lake_once() {
    within(&[], async |iot| {
        let event = sqs((0..8_000).map(reading))?; // more are more than 6 MB
        assert_eq!(given_back(&iot.function.invoke(&event).await?), [""; 0]);
        let lake = iot.lake().await?;
        assert_eq!((lake.len(), ids(&lake).len()), (8_000, 8_000));
        Ok(())
    });
}

#[test]
fn a_full_batch_of_firehoses_is_answered_whole() {
    within(&[], async |iot| {
        let invocation = iot.function.invoke(&transformation((0..10_000).map(reading))?).await?;
        let records = answer(&invocation)["records"].as_array().unwrap();
        assert_eq!(records.len(), 10_000);
        for (number, record) in records.iter().enumerate() {
            assert_eq!(record["result"], "Ok");
            assert_eq!(record["recordId"], json!(sequence_number(number)));
            let line = decoded(&record["data"]);
            assert!(line.contains(&format!(r#""sensor_value":{number},"#)), "{line}");
        }
        Ok(())
    });
}
