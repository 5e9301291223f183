//! Events as the sources make them, of as many messages as one likes, in the sample events' frame.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::Result;
use crate::events::sample;

/// A reading of 55 bytes, as far as its number has 5 digits.
#[must_use]
pub fn reading(number: usize) -> String {
    format!(r#"{{"time":1567023375013,"sensor_a0":{number},"channel":"mV"}}"#)
}

/// A reading that makes a line of about so many bytes.
#[must_use]
pub fn large(number: usize, bytes: usize) -> String {
    format!(r#"{{"time":1567023375013,"sensor_a0":"{number}{}"}}"#, "x".repeat(bytes))
}

/// The id that [`sqs`] gives a message.
#[must_use]
pub fn message_id(number: usize) -> String {
    format!("059f36b4-87a3-44ab-83d2-{number:012}")
}

/// The number that [`kinesis`] gives a message.
#[must_use]
pub fn sequence_number(number: usize) -> String {
    format!("4959033827149025660855969253836157109592157598913658{number:04}")
}

/// The id of its line: a sequence number is Kinesis's own within its shard only.
#[must_use]
pub fn shard_and_number(number: usize) -> String {
    format!("shardId-000000000006:{}", sequence_number(number))
}

/// A batch of a queue.
pub fn sqs(bodies: impl IntoIterator<Item = String>) -> Result<Value> {
    let fields = |(number, body)| vec![("/messageId", message_id(number)), ("/body", body)];
    batch("sqs-batch", "Records", bodies.into_iter().enumerate().map(fields))
}

/// A batch of a Kinesis stream, of data in base64.
pub fn kinesis_of_base64(data: impl IntoIterator<Item = String>) -> Result<Value> {
    let fields = |(number, data)| {
        vec![
            ("/kinesis/sequenceNumber", sequence_number(number)),
            ("/eventID", shard_and_number(number)),
            ("/kinesis/data", data),
            // Names so short that 10,000 messages fit into the 6 MB of an invocation.
            ("/kinesis/partitionKey", "a".to_owned()),
            ("/invokeIdentityArn", "arn:aws:iam::111122223333:role/iot".to_owned()),
        ]
    };
    batch("kinesis-batch", "Records", data.into_iter().enumerate().map(fields))
}

/// A batch of a Kinesis stream.
pub fn kinesis(data: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Value> {
    kinesis_of_base64(data.into_iter().map(|data| STANDARD.encode(data)))
}

/// Firehose's transformation event.
pub fn transformation(data: impl IntoIterator<Item = impl AsRef<[u8]>>) -> Result<Value> {
    let fields = |(number, data)| vec![("/recordId", sequence_number(number)), ("/data", STANDARD.encode(data))];
    batch("firehose-transformation", "records", data.into_iter().enumerate().map(fields))
}

/// The sample event `name` with other records, each its first with other fields.
fn batch(name: &str, list: &str, records: impl Iterator<Item = Vec<(&'static str, String)>>) -> Result<Value> {
    let mut event = sample(&format!("iot-firehose/{name}"), &[])?;
    let list = event.get_mut(list).ok_or("the sample has no records")?;
    let frame = list.get(0).cloned().unwrap_or_default();
    let record = |fields: Vec<(&'static str, String)>| {
        let mut record = frame.clone();
        for (pointer, value) in fields {
            if let Some(field) = record.pointer_mut(pointer) {
                *field = value.into();
            }
        }
        record
    };
    *list = records.map(record).collect();
    Ok(event)
}
