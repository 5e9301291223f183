//! A call of which a part fails, or that is throttled: what failed is sent again, and nothing else.

use e2e::Result;
use e2e::iot::Iot;
use e2e::iot::make::{kinesis, large, message_id, sequence_number, shard_and_number, sqs};
use local_aws::{Fault, Invocation};
use serde_json::Value;

use super::read::sent;
use super::{answer, error, given_back, within};

const PUT: &str = "firehose:PutRecordBatch";
const CODES: [&str; 2] = ["ServiceUnavailableException", "InternalFailure"];

/// Six messages of which no two fit into a record, in one call.
fn six() -> impl Iterator<Item = String> {
    (0..6).map(|number| large(number, 600_000))
}

fn named(numbers: &[usize]) -> Vec<Vec<String>> {
    numbers.iter().map(|number| vec![message_id(*number)]).collect()
}

/// The ids that each call had in each record.
fn calls(invocation: &Invocation) -> Vec<Vec<Vec<String>>> {
    invocation.calls.of(PUT).iter().map(sent).collect()
}

async fn in_the_lake(iot: &Iot) -> Result<Vec<String>> {
    Ok(iot.lake().await?.iter().map(|line| line.id().to_owned()).collect())
}

/// Long enough for a few repetitions.
const SHORT: std::time::Duration = std::time::Duration::from_secs(9);

#[test]
fn only_refused_records_are_sent_again_in_order_until_all_are_taken() {
    for code in CODES {
        for with_ids in [false, true] {
            within(&[], async |iot| {
                let of = |fault: Fault| if with_ids { fault.with_record_ids() } else { fault };
                iot.account.inject(of(Fault::refuse_records(&[1, 3, 4], code)).nth(1));
                iot.account.inject(of(Fault::refuse_records(&[0, 2], code)).nth(2));
                let invocation = iot.function.invoke(&sqs(six())?).await?;
                assert_eq!(given_back(&invocation), [""; 0]);
                let expected = [named(&[0, 1, 2, 3, 4, 5]), named(&[1, 3, 4]), named(&[1, 4])];
                assert_eq!(calls(&invocation), expected, "{code}, {with_ids}");
                let taken: Vec<_> = [0, 2, 5, 3, 1, 4].map(message_id).into();
                assert_eq!(in_the_lake(iot).await?, taken, "each once, {code}, {with_ids}");
                Ok(())
            });
        }
    }
}

#[test]
fn a_throttled_call_is_sent_again_as_a_whole() {
    within(&[], async |iot| {
        iot.account.inject(Fault::throttle().action(PUT).first(3));
        let invocation = iot.function.invoke(&sqs(six())?).await?;
        assert_eq!(given_back(&invocation), [""; 0]);
        assert_eq!(calls(&invocation), vec![named(&[0, 1, 2, 3, 4, 5]); 4]);
        assert_eq!(in_the_lake(iot).await?.len(), 6);
        Ok(())
    });
}

/// Records 1 and 3 are refused for ever; once the others are taken they are all there is.
fn refuse_two(iot: &Iot) {
    iot.account.inject(Fault::refuse_records(&[1, 3], CODES[0]).nth(1));
    iot.account.inject(Fault::refuse_every_nth_record(1, CODES[0]).from(2));
}

#[test]
fn the_queue_gets_exactly_the_messages_back_that_are_left_at_the_deadline() {
    within(&[], async |iot| {
        refuse_two(iot);
        let invocation = iot.function.with_timeout(SHORT).invoke(&sqs(six())?).await?;
        assert_eq!(given_back(&invocation), [message_id(1), message_id(3)]);
        assert_eq!(in_the_lake(iot).await?, [0, 2, 4, 5].map(message_id));
        assert!(invocation.duration < SHORT, "{:?}", invocation.duration);
        let calls = calls(&invocation).len();
        assert!((2..=10).contains(&calls), "{calls} calls in 7 s: again, and with pauses that grow");
        Ok(())
    });
}

#[test]
fn kinesis_gets_the_lowest_place_back_that_is_left_at_the_deadline() {
    within(&[], async |iot| {
        refuse_two(iot);
        let invocation = iot.function.with_timeout(SHORT).invoke(&kinesis(six())?).await?;
        assert_eq!(given_back(&invocation), [sequence_number(1)]);
        assert_eq!(in_the_lake(iot).await?, [0, 2, 4, 5].map(shard_and_number));
        Ok(())
    });
}

#[test]
fn a_direct_invocation_fails_that_is_not_delivered_by_the_deadline() {
    within(&[], async |iot| {
        iot.account.inject(Fault::throttle().action(PUT));
        let messages: Vec<Value> =
            six().map(|message| serde_json::from_str(&message)).collect::<std::result::Result<_, _>>()?;
        let function = iot.function.with_timeout(SHORT);
        let invocation = function.invoke(&Value::Array(messages.clone())).await?;
        assert_eq!(error(&invocation).error_type, "Undelivered");
        assert!(error(&invocation).error_message.starts_with("6 of 6 message(s)"), "{:?}", invocation.result);
        assert_eq!(in_the_lake(iot).await?.len(), 0);

        iot.account.clear_faults();
        let again = function.invoke(&Value::Array(messages)).await?;
        assert_eq!(answer(&again)["delivered"], 6);
        Ok(())
    });
}

#[test]
fn what_was_left_for_want_of_time_is_given_back_too() {
    within(&[], async |iot| {
        // Two calls, of which the second hangs, and then the first, so that the second is not begun.
        let batch = sqs((0..6).map(|number| large(number, 1_000_000)))?;
        for (hangs, left, begun) in [(2, 4..6, 2), (1, 0..6, 1)] {
            iot.account.clear_faults();
            iot.account.inject(Fault::delay(std::time::Duration::from_secs(20)).action(PUT).nth(hangs));
            let invocation = iot.function.with_timeout(SHORT).invoke(&batch).await?;
            assert_eq!(given_back(&invocation), left.map(message_id).collect::<Vec<_>>());
            assert!(invocation.duration < SHORT, "{:?}", invocation.duration);
            assert!(invocation.calls.count(PUT) <= begun, "{}", invocation.calls.story());
        }
        Ok(())
    });
}
