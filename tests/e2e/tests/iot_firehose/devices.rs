//! From devices into the lake, by the queue and directly: every message is there once.

use std::collections::BTreeSet;

use e2e::Result;
use e2e::iot::make::reading;
use e2e::iot::{Iot, Line, TOPIC, ids};

use super::within;

/// The readings that lines hold.
fn values(lake: &[Line]) -> BTreeSet<u64> {
    lake.iter().filter_map(|line| line.json["sensor_value"].as_u64()).collect()
}

async fn nothing_is_left(iot: &Iot, queues: &[&str]) -> Result<()> {
    for queue in queues {
        assert_eq!(iot.waiting(queue).await?, 0, "{queue}: {:?}", iot.received(queue).await?);
    }
    assert_eq!(iot.quarantined().await?, []);
    Ok(())
}

#[test]
fn what_devices_publish_is_in_the_lake_once_by_the_queue() {
    within(&[], async |iot| {
        for device in 0..4 {
            let connected = iot.device(&format!("sensor-{device}")).await?;
            connected.publish_all(TOPIC, (0..50).map(|number| reading(device * 50 + number))).await?;
        }
        let lake = iot.wait_for_lake(200).await?;
        assert_eq!((lake.len(), ids(&lake).len()), (200, 200));
        assert_eq!(values(&lake), (0..200).collect());
        assert!(lake.iter().all(|line| line.json["time"] == "2019-08-28T20:16:15.013Z"), "{}", lake[0].text);
        iot.wait_for_empty_queue().await?;
        nothing_is_left(iot, &["Queue", "DeadLetters", "RuleErrors"]).await?;
        let batches = iot.account.calls().count("firehose:PutRecordBatch");
        assert!(batches <= 10, "{batches} calls: messages go in batches");
        Ok(())
    });
}

#[test]
fn what_devices_publish_is_in_the_lake_once_directly() {
    within(&[("Delivery", "direct")], async |iot| {
        let device = iot.device("sensor-1").await?;
        for ten in 0..6 {
            device.publish_all(TOPIC, (0..10).map(|number| reading(ten * 10 + number))).await?;
            iot.wait_for_lake(ten * 10 + 10).await?; // else Lambda starts sixty processes at once
        }
        let lake = iot.lake().await?;
        assert_eq!((lake.len(), ids(&lake).len()), (60, 60));
        assert_eq!(values(&lake), (0..60).collect());
        nothing_is_left(iot, &["DeadLetters", "RuleErrors"]).await
    });
}

#[test]
fn numbers_keep_the_digits_with_which_the_rule_hands_them_on() {
    let numbers = ["9007199254740993", "0.12345678901234567891", "-0.1", "1E+400", "123456789012345678901234567890"];
    within(&[], async |iot| {
        let device = iot.device("sensor-1").await?;
        device.publish_all(TOPIC, numbers.map(|number| format!(r#"{{"time":0,"sensor_a0":{number}}}"#))).await?;
        let end = std::time::Instant::now() + std::time::Duration::from_secs(30);
        let mut objects = Vec::new();
        while objects.iter().map(|text: &String| text.lines().count()).sum::<usize>() < numbers.len() {
            assert!(std::time::Instant::now() < end, "{objects:?}");
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            objects = iot.objects().await?.iter().map(local_aws::LakeObject::text).collect();
        }
        let lake = objects.concat();
        for number in numbers {
            let line = format!(r#"{{"time":"1970-01-01T00:00:00.000Z","sensor_value":{number},"id":""#);
            assert_eq!(lake.lines().filter(|found| found.starts_with(&line)).count(), 1, "{number}: {lake}");
        }
        Ok(())
    });
}

#[test]
fn what_the_rule_does_not_take_does_not_come() {
    within(&[("WhereClause", "sensor_a0 >= 10"), ("Topic", "arduino/#")], async |iot| {
        let device = iot.account.device("sensor-1").await?;
        for (topic, number) in [("arduino/outgoing", 9), ("other", 10), ("arduino/a/b", 11), ("arduino/outgoing", 12)] {
            device.publish(topic, reading(number)).await?;
        }
        assert_eq!(values(&iot.wait_for_lake(2).await?), [11, 12].into());
        Ok(())
    });
}
