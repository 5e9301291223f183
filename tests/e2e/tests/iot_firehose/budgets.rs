//! Calls, which are billed and limited: counted, not timed.

use e2e::iot::make::{kinesis, large, reading, sqs, transformation};
use serde_json::json;

use super::read::sent;
use super::{answer, given_back, within};

const PUT: &str = "firehose:PutRecordBatch";

#[test]
fn ten_thousand_messages_of_55_bytes_are_one_call_of_two_records() {
    assert_eq!(reading(99_999).len(), 55);
    within(&[], async |iot| {
        let invocation = iot.function.invoke(&kinesis((0..10_000).map(reading))?).await?;
        assert_eq!(given_back(&invocation), [""; 0]);
        assert_eq!(invocation.calls.counts(), [(PUT.to_owned(), 1)].into());
        let records = sent(invocation.calls.iter().next().unwrap());
        assert_eq!(records.iter().map(Vec::len).sum::<usize>(), 10_000);
        assert_eq!(records.len(), 2, "1.2 MB in records of up to 1 MB, for each of them is billed as 5 KB at least");
        Ok(())
    });
}

#[test]
fn six_megabytes_of_large_messages_are_two_calls() {
    within(&[], async |iot| {
        for (messages, bytes) in [(24, 250_000), (6, 1_000_000), (60, 100_000)] {
            let invocation = iot.function.invoke(&sqs((0..messages).map(|number| large(number, bytes)))?).await?;
            assert_eq!(given_back(&invocation), [""; 0]);
            let story = invocation.calls.story();
            assert_eq!(invocation.calls.counts(), [(PUT.to_owned(), 2)].into(), "4 MiB is the most: {story}");
        }
        Ok(())
    });
}

#[test]
fn quarantine_and_delivery_do_not_wait_for_each_other() {
    within(&[], async |iot| {
        let messages = (0..10).map(reading).chain((0..10).map(|_| "{".to_owned()));
        let invocation = iot.function.invoke(&sqs(messages)?).await?;
        let expected = [(PUT.to_owned(), 1), ("s3:PutObject".to_owned(), 1)];
        assert_eq!(invocation.calls.counts(), expected.into());
        assert_eq!(invocation.calls.depth(), 1, "{}", invocation.calls.story());
        Ok(())
    });
}

#[test]
fn a_batch_without_lines_calls_no_firehose_and_one_without_bad_messages_no_quarantine() {
    within(&[], async |iot| {
        for (event, expected) in [
            (json!([]), json!({"delivered": 0, "quarantined": 0})),
            (transformation([""; 0])?, json!({"records": []})),
            (transformation((0..3).map(reading))?, json!(null)),
        ] {
            let invocation = iot.function.invoke(&event).await?;
            assert!(expected.is_null() || *answer(&invocation) == expected, "{:?}", invocation.result);
            assert_eq!(invocation.calls.len(), 0, "{event}: {}", invocation.calls.story());
        }
        let invocation = iot.function.invoke(&sqs(["{".to_owned()])?).await?;
        assert_eq!(invocation.calls.counts(), [("s3:PutObject".to_owned(), 1)].into());
        let invocation = iot.function.invoke(&sqs([reading(1)])?).await?;
        assert_eq!(invocation.calls.counts(), [(PUT.to_owned(), 1)].into());
        Ok(())
    });
}
