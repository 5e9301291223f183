//! What an event is, by its shape.

use super::*;
use proptest::prelude::*;

fn read_source(event: &str) -> Result<(Source, usize), UnknownEvent> {
    let raw: Box<RawValue> = serde_json::from_str(event).unwrap();
    Batch::read(&raw, Sources::Any).map(|batch| (batch.source, batch.items.len()))
}

#[test]
fn the_shape_tells_the_source_and_no_device_can_pass_for_one() {
    for (event, expected) in [
        (r#"{"time":1,"sensor_a0":2}"#, Ok((Source::Direct, 1))),
        ("[]", Ok((Source::Direct, 0))),
        (r#"[{"sensor_a0":2},7]"#, Ok((Source::Direct, 2))),
        (r#"{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":"{}"}]}"#, Ok((Source::Sqs, 1))),
        (
            r#"{"Records":[{"eventSource":"aws:kinesis","kinesis":{"sequenceNumber":"1","data":""}}]}"#,
            Ok((Source::Kinesis, 1)),
        ),
        (r#"{"invocationId":"i","records":[{"recordId":"r","data":""}]}"#, Ok((Source::Firehose, 1))),
        (r#"{"Records":[]}"#, Ok((Source::Sqs, 0))),
        // A device's, which the rule has marked.
        (
            r#"{"_topic":"t","Records":[{"eventSource":"aws:sqs","messageId":"m","body":"{}"}]}"#,
            Ok((Source::Direct, 1)),
        ),
        (r#"{"_arrival":1,"Records":[{"eventSource":"aws:sqs","messageId":5}]}"#, Ok((Source::Direct, 1))),
        (r#"{"_client_id":"c","invocationId":"i","records":[]}"#, Ok((Source::Direct, 1))),
        // A batch that is taken for a message would be lost.
        (r#"{"Records":[{"eventSource":"aws:sqs","body":"{}"}]}"#, Err(UnknownEvent(INCOMPLETE))),
        (r#"{"Records":[{"eventSource":"aws:sqs","messageId":5,"body":"{}"}]}"#, Err(UnknownEvent(INCOMPLETE))),
        (r#"{"Records":[{"EventSource":"aws:sns"}]}"#, Err(UnknownEvent(INCOMPLETE))),
        (r#"{"invocationId":"i","records":[{"recordId":7}]}"#, Err(UnknownEvent(INCOMPLETE))),
        (r#"{"Records":[{"eventSource":"aws:s3"}]}"#, Err(UnknownEvent("records of another event source"))),
        ("7", Err(UnknownEvent("neither an object nor an array"))),
    ] {
        assert_eq!(read_source(event), expected, "{event}");
    }
}

#[test]
fn where_only_devices_invoke_everything_is_a_devices() {
    for event in
        [r#"{"Records":[{"eventSource":"aws:sqs","messageId":"m","body":"{}"}]}"#, r#"{"invocationId":1,"records":[]}"#]
    {
        let raw: Box<RawValue> = serde_json::from_str(event).unwrap();
        let batch = Batch::read(&raw, Sources::Direct).unwrap();
        assert_eq!((batch.source, batch.items.len()), (Source::Direct, 1), "{event}");
    }
}

#[test]
fn a_kinesis_line_is_named_by_shard_and_sequence_and_given_back_by_sequence() {
    let event = r#"{"Records":[{"eventSource":"aws:kinesis","eventID":"shardId-1:7","kinesis":{"sequenceNumber":"7","data":""}}]}"#;
    let raw: Box<RawValue> = serde_json::from_str(event).unwrap();
    let batch = Batch::read(&raw, Sources::Any).unwrap();
    assert_eq!((batch.items[0].name.as_deref(), batch.items[0].id.as_deref()), (Some("7"), Some("shardId-1:7")));
}

proptest! {
    #[test]
    fn no_event_makes_it_panic(
        key in "Records|records|invocationId|_topic|x",
        value in "\\PC*|\\[(\\{\"(eventSource|messageId|body|recordId|data|kinesis)\":(\"aws:sqs\"|\"aws:kinesis\"|7|null|\"\\\\ud800\"|\\{\\})\\},?){0,3}\\]"
    ) {
        if let Ok(raw) = serde_json::from_str::<Box<RawValue>>(&format!("{{\"{key}\":{value}}}"))
            && let Ok(batch) = Batch::read(&raw, Sources::Any)
        {
            for item in &batch.items {
                let _ = item.data.text();
            }
        }
    }

    #[test]
    fn a_record_of_a_stream_gives_its_bytes_or_a_reason(data in "[A-Za-z0-9+/=]{0,12}|\\PC*") {
        let expected = STANDARD.decode(&data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let read = Data::Base64(Cow::Borrowed(&data));
        prop_assert_eq!(read.text().ok().map(Cow::into_owned), expected);
    }
}
