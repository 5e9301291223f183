//! Errors that can't pass are not retried: the messages go back at once, and an alarm tells.

use e2e::iot::make::{kinesis, message_id, reading, sequence_number, sqs};
use local_aws::Fault;
use serde_json::json;

use super::{error, given_back, within};

const PUT: &str = "firehose:PutRecordBatch";

#[test]
fn a_stream_that_is_not_there_is_asked_once() {
    within(&[], async |iot| {
        let name = json!({"DeliveryStreamName": iot.stream()?});
        iot.account.control_json("firehose", "Firehose_20150804.DeleteDeliveryStream", &name).await?;
        let invocation = iot.function.invoke(&sqs((0..3).map(reading))?).await?;
        assert_eq!(given_back(&invocation), [0, 1, 2].map(message_id));
        assert_eq!(invocation.calls.count(PUT), 1, "{}", invocation.calls.story());
        let invocation = iot.function.invoke(&kinesis((0..3).map(reading))?).await?;
        assert_eq!(given_back(&invocation), [sequence_number(0)]);
        let invocation = iot.function.invoke(&json!({"time": 0, "sensor_a0": 1})).await?;
        assert!(error(&invocation).error_message.contains("ResourceNotFoundException"), "{:?}", invocation.result);
        assert_eq!(invocation.calls.count(PUT), 1, "{}", invocation.calls.story());
        assert!(invocation.duration < std::time::Duration::from_secs(5), "{:?}", invocation.duration);
        Ok(())
    });
}

#[test]
fn calls_that_are_wrong_are_made_once() {
    within(&[], async |iot| {
        for code in ["AccessDeniedException", "InvalidArgumentException", "ResourceNotFoundException"] {
            iot.account.clear_faults();
            iot.account.inject(Fault::error(400, code, "no").action(PUT));
            let invocation = iot.function.invoke(&sqs((0..3).map(reading))?).await?;
            assert_eq!(given_back(&invocation), [0, 1, 2].map(message_id), "{code}");
            assert_eq!(invocation.calls.count(PUT), 1, "{code}: {}", invocation.calls.story());
            assert!(invocation.logged(code), "{code}: {:?}", invocation.logs);
        }
        Ok(())
    });
}

#[test]
fn failures_of_the_service_are_passing() {
    within(&[], async |iot| {
        for (status, code) in
            [(500, "InternalFailure"), (503, "ServiceUnavailableException"), (400, "LimitExceededException")]
        {
            iot.account.clear_faults();
            iot.account.inject(Fault::error(status, code, "later").action(PUT).nth(1));
            let invocation = iot.function.invoke(&sqs((0..3).map(reading))?).await?;
            assert_eq!(given_back(&invocation), [""; 0], "{code}");
            assert_eq!(invocation.calls.count(PUT), 2, "{code}: {}", invocation.calls.story());
        }
        Ok(())
    });
}
