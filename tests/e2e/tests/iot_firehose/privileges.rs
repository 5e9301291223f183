//! Least privilege, both ways. The gateway asks the deployed role at every call, so that every other test here proves
//! that the role allows what the function calls; these prove that it allows nothing else.

use e2e::iot::TOPIC;
use e2e::iot::make::{message_id, reading, sqs};
use serde_json::json;

use super::{error, given_back, within};

#[test]
fn every_action_that_the_role_allows_is_used() {
    for delivery in ["queue", "direct"] {
        within(&[("Delivery", delivery)], async |iot| {
            let device = iot.device("sensor-1").await?;
            device.publish_all(TOPIC, [reading(1), "rebooting".to_owned(), reading(2)]).await?;
            iot.wait_for_lake(2).await?;
            let stored = |calls: &local_aws::CallLog| calls.count("s3:PutObject") > 0;
            iot.account.wait_for_calls("quarantine", std::time::Duration::from_mins(1), stored).await?;
            assert_eq!(iot.account.policy_coverage().unused_actions(), Vec::<String>::new(), "{delivery}");
            let calls = iot.account.calls();
            assert!(calls.iter().all(local_aws::Call::succeeded), "{}", calls.story());
            Ok(())
        });
    }
}

#[test]
fn another_stream_is_not_the_functions_to_write_to() {
    within(&[], async |iot| {
        let other = iot.function.with_env(&[("DELIVERY_STREAM_NAME", "other")]);
        let invocation = other.invoke(&sqs((0..2).map(reading))?).await?;
        assert_eq!(given_back(&invocation), [0, 1].map(message_id));
        assert_eq!(invocation.calls.len(), 1, "not retried: {}", invocation.calls.story());
        assert!(invocation.logged("AccessDenied"), "{:?}", invocation.logs);
        let invocation = other.invoke(&json!({"time": 0, "sensor_a0": 1})).await?;
        assert!(error(&invocation).error_message.contains("AccessDenied"), "{:?}", invocation.result);
        Ok(())
    });
}

#[test]
fn another_bucket_and_another_prefix_are_not_the_functions_to_write_to() {
    within(&[], async |iot| {
        let lake = iot.stack.output("LakeBucket")?.to_owned();
        for elsewhere in [("QUARANTINE_BUCKET", lake.as_str()), ("QUARANTINE_PREFIX", "elsewhere/")] {
            let invocation = iot.function.with_env(&[elsewhere]).invoke(&sqs(["{".to_owned(), reading(1)])?).await?;
            assert_eq!(given_back(&invocation), [message_id(0)], "{elsewhere:?}");
            assert_eq!(invocation.calls.count("s3:PutObject"), 1, "not retried: {}", invocation.calls.story());
            assert!(invocation.logged("AccessDenied"), "{:?}", invocation.logs);
        }
        assert_eq!(iot.quarantined().await?, []);
        Ok(())
    });
}
