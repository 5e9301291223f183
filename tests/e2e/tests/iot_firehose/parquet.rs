//! The lake as Parquet, read back as Athena would.

use std::collections::BTreeSet;

use e2e::iot::TOPIC;
use e2e::iot::make::{message_id, reading, sqs};
use serde_json::json;

use super::{given_back, within};

#[test]
fn what_devices_publish_is_in_parquet_once() {
    within(&[("LakeFormat", "parquet"), ("SensorValueType", "bigint")], async |iot| {
        let device = iot.device("sensor-1").await?;
        device.publish_all(TOPIC, (0..60).map(reading).chain(["rebooting".to_owned()])).await?;
        let lake = iot.wait_for_lake(60).await?;
        let values: BTreeSet<_> = lake.iter().filter_map(|line| line.json["sensor_value"].as_u64()).collect();
        assert_eq!((lake.len(), values), (60, (0..60).collect()));
        assert!(lake[0].json["time"].as_str().unwrap().starts_with("2019-08-28"), "{}", lake[0].text);
        let objects = iot.objects().await?;
        assert!(objects.iter().all(|object| object.key.ends_with(".parquet")), "{:?}", objects[0].key);
        iot.wait_for_empty_queue().await?;
        assert_eq!(iot.quarantined().await?.len(), 1);
        Ok(())
    });
}

#[test]
fn a_value_that_does_not_fit_the_table_does_not_take_its_neighbours_along() {
    within(&[("LakeFormat", "parquet")], async |iot| {
        let odd = json!({"time": 0, "sensor_a0": "off"}).to_string();
        let invocation = iot.function.invoke(&sqs([reading(0), odd, reading(2)])?).await?;
        assert_eq!(given_back(&invocation), [""; 0]);
        let values: Vec<_> = iot.lake().await?.iter().map(|line| line.json["sensor_value"].clone()).collect();
        assert_eq!(values, [json!(0.0), json!(2.0)]);
        let quarantined = iot.quarantined().await?;
        let reasons: Vec<_> = quarantined.iter().map(|line| (line.id(), line.json["reason"].as_str())).collect();
        assert_eq!(reasons, [(message_id(1).as_str(), Some("its field sensor_a0 is no double"))]);
        assert_eq!(iot.account.objects(iot.stack.output("LakeBucket")?, "errors/").await?, []);
        Ok(())
    });
}
