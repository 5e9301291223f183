//! What can be said by environment variables, and what mistakes in it do.

use e2e::iot::make::{reading, sqs};
use serde_json::{Value, json};

use super::{answer, given_back, within};

#[test]
fn all_mistakes_are_told_to_the_invoker_at_once() {
    within(&[], async |iot| {
        let wrong = iot
            .function
            .with_env(&[
                ("QUARANTINE_BUCKET", "Not A Bucket"),
                ("TRANSFORM", r#"{"fields":{"a":{"form":"b"}}}"#),
                ("TIME_POLICY", "lax"),
            ])
            .without_env(&["DELIVERY_STREAM_NAME"]);
        let invocation = wrong.invoke(&sqs([reading(1)])?).await?;
        let told = format!("{:?}\n{}", invocation.result, invocation.logs.join("\n"));
        for name in ["DELIVERY_STREAM_NAME is missing", "QUARANTINE_BUCKET=", "TRANSFORM=", "TIME_POLICY="] {
            assert!(told.contains(name), "{name}: {told}");
        }
        assert!(invocation.result.is_err());
        assert_eq!(invocation.calls.len(), 0);
        Ok(())
    });
}

#[test]
fn a_mapping_that_is_no_file_is_a_mistake() {
    within(&[], async |iot| {
        let invocation = iot.function.with_env(&[("TRANSFORM", "mappings/none.json")]).invoke(&json!([])).await?;
        let told = format!("{:?}", invocation.result);
        assert!(invocation.result.is_err() && told.contains("TRANSFORM="), "{told}");
        Ok(())
    });
}

#[test]
fn a_mapping_of_ones_own_makes_the_lines() {
    let mapping = r#"{"fields": {"at": {"time": "when"}, "where.room": {"from": "location.room", "default": "none"},
        "unit": {"from": "unit", "required": true}, "topic": {"metadata": "topic"}, "site": {"constant": {"name": "lab"}}},
        "others": "keep", "drop": ["secret"]}"#;
    within(&[("TransformMapping", mapping), ("TimePolicy", "strict")], async |iot| {
        let message = json!({"when": 1_716_286_530_083_u64, "unit": "V", "secret": 1, "more": [1, 2],
            "location": {"room": "cellar"}, "_topic": "a/b", "_arrival": 1_716_286_530_123_u64});
        let lacking = json!({"when": 1_716_286_530_083_u64});
        let invocation = iot.function.invoke(&sqs([message.to_string(), lacking.to_string()])?).await?;
        assert_eq!(given_back(&invocation), [""; 0]);
        let line = &iot.lake().await?[0].json;
        for (pointer, expected) in [
            ("/at", json!("2024-05-21T10:15:30.083Z")),
            ("/where/room", json!("cellar")),
            ("/unit", json!("V")),
            ("/topic", json!("a/b")),
            ("/site", json!({"name": "lab"})),
            ("/more", json!([1, 2])),
        ] {
            assert_eq!(line.pointer(pointer), Some(&expected), "{line}");
        }
        assert_eq!(line.get("secret"), None::<&Value>);
        let quarantined = iot.quarantined().await?;
        assert_eq!(quarantined[0].json["reason"], "it lacks the field unit");
        Ok(())
    });
}

#[test]
fn strict_times_are_a_date_or_quarantine() {
    within(&[("TimePolicy", "strict")], async |iot| {
        let message = |time: Value| json!({"time": time, "sensor_a0": 1, "_arrival": 1_716_286_530_123_u64});
        let times = [json!(1_716_286_530), json!(81_234), json!("yesterday"), json!("2024-05-21T10:15:30Z")];
        let invocation = iot.function.invoke(&Value::Array(times.map(message).into())).await?;
        assert_eq!(*answer(&invocation), json!({"delivered": 3, "quarantined": 1}));
        let lake = iot.lake().await?;
        let times: Vec<_> = lake.iter().map(|line| line.json["time"].as_str().unwrap()).collect();
        assert_eq!(times, ["2024-05-21T10:15:30.000Z", "2024-05-21T10:15:30.123Z", "2024-05-21T10:15:30.000Z"]);
        assert_eq!(lake[1].json["uptime_ms"], 81_234);
        Ok(())
    });
}
