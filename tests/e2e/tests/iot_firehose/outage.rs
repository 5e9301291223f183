//! The whole way through the queue while everything fails for a time: all messages arrive at last.

use std::collections::BTreeSet;

use e2e::iot::make::reading;
use e2e::iot::{Line, TOPIC, ids};
use local_aws::Fault;

use super::within;

const PUT: &str = "firehose:PutRecordBatch";

#[test]
fn every_message_arrives_at_last_however_firehose_fails_for_a_time() {
    within(&[("BatchSize", "15")], async |iot| {
        iot.set_visibility_timeout(2).await?;
        let gone = Fault::error(400, "ResourceNotFoundException", "not there for a moment");
        for fault in [
            gone.first(3),
            Fault::kill_after().nth(5),
            Fault::cut_after().nth(7),
            Fault::throttle().nth(8),
            Fault::cut_before().nth(9),
        ] {
            iot.account.inject(fault.action(PUT));
        }
        iot.account.inject(Fault::refuse_every_nth_record(1, "ServiceUnavailableException").nth(6));
        iot.account.inject(Fault::error(403, "AccessDenied", "not yet").action("s3:PutObject").first(2));

        let device = iot.device("sensor-1").await?;
        for second in 0..4 {
            let readings = (0..30).map(|number| reading(second * 30 + number));
            device.publish_all(TOPIC, readings.chain(["rebooting".to_owned()])).await?;
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        }
        let lake = iot.wait_for_lake(120).await?;
        iot.wait_for_empty_queue().await?;
        let values: BTreeSet<_> = lake.iter().filter_map(|line| line.json["sensor_value"].as_u64()).collect();
        assert_eq!(values, (0..120).collect());
        let quarantined = iot.quarantined().await?;
        assert_eq!(ids(&iot.lake().await?).len(), 120);
        assert_eq!(ids(&quarantined).len(), 4, "{quarantined:?}");
        let both: Vec<&Line> = quarantined.iter().filter(|line| ids(&lake).contains(line.id())).collect();
        assert!(both.is_empty(), "{both:?}");
        for queue in ["DeadLetters", "RuleErrors"] {
            assert_eq!(iot.waiting(queue).await?, 0, "{queue}");
        }
        let failed = iot.account.calls().iter().filter(|call| !call.succeeded()).count();
        assert!(failed >= 8, "{}", iot.account.calls().story());
        Ok(())
    });
}

#[test]
fn what_is_never_delivered_is_a_dead_letter() {
    within(&[("Delivery", "direct")], async |iot| {
        iot.account.inject(Fault::error(400, "ResourceNotFoundException", "gone").action(PUT));
        iot.device("sensor-1").await?.publish(TOPIC, reading(5)).await?;
        let end = std::time::Instant::now() + std::time::Duration::from_mins(1);
        while iot.waiting("DeadLetters").await? == 0 {
            assert!(std::time::Instant::now() < end, "{:?}", iot.account.invocations());
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(iot.account.invocations().len(), 3);
        let letters = iot.received("DeadLetters").await?;
        assert!(letters[0].contains("sensor_a0"), "{letters:?}");
        Ok(())
    });
}
