//! Every event in `events/nat-failover/`, and everything else.

use proptest::prelude::*;
use serde_json::json;

use super::*;

/// 2024-05-21T10:15:30.123Z, when the alarms of the sample events changed.
const CHANGED: i64 = 1_716_286_530_123;

fn sample(name: &str) -> Value {
    let path = format!("{}/../../events/nat-failover/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn alarm(name: &str, state: AlarmState) -> Event {
    Event::Alarm(AlarmChange { name: name.to_owned(), state, at: Some(CHANGED) })
}

fn action(transition: Transition, hook: &str) -> Event {
    Event::Lifecycle(LifecycleAction {
        group: "nat-a".to_owned(),
        hook: hook.to_owned(),
        instance: "i-0a1b2c3d4e5f60001".to_owned(),
        transition,
    })
}

#[test]
fn every_sample_event_is_understood() {
    let composite = || Event::Nothing("a composite alarm: the events of its children do the work");
    let cases = [
        ("sns-alarm", vec![alarm("nat-health-a", AlarmState::Alarm)]),
        ("sns-alarm-metric-math", vec![alarm("nat-health-a", AlarmState::Alarm)]),
        ("sns-ok", vec![alarm("nat-health-a", AlarmState::Ok)]),
        ("sns-insufficient-data", vec![alarm("nat-health-a", AlarmState::InsufficientData)]),
        ("sns-batch", vec![alarm("nat-health-a", AlarmState::Alarm), alarm("nat-health-b", AlarmState::Ok)]),
        ("sns-composite-alarm", vec![composite()]),
        ("direct-alarm", vec![alarm("nat-health-a", AlarmState::Alarm)]),
        ("direct-ok", vec![alarm("nat-health-a", AlarmState::Ok)]),
        ("direct-composite-alarm", vec![composite()]),
        ("eventbridge-alarm", vec![alarm("nat-health-a", AlarmState::Alarm)]),
        ("eventbridge-ok", vec![alarm("nat-health-a", AlarmState::Ok)]),
        ("eventbridge-launching", vec![action(Transition::Launching, "launch")]),
        ("eventbridge-terminating", vec![action(Transition::Terminating, "terminate")]),
        ("sns-launching", vec![action(Transition::Launching, "launch")]),
        ("sns-terminating", vec![action(Transition::Terminating, "terminate")]),
        ("sns-test-notification", vec![Event::Nothing("Auto Scaling's test notification")]),
    ];
    let files = std::fs::read_dir(format!("{}/../../events/nat-failover", env!("CARGO_MANIFEST_DIR"))).unwrap();
    assert_eq!(files.count(), cases.len(), "a sample event is missing here");
    for (name, events) in cases {
        assert_eq!(decode(&sample(name)), events.into_iter().map(Ok).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn what_eventbridge_delivers_through_sns_is_understood_too() {
    let record = json!({"Sns": {"Message": sample("eventbridge-terminating").to_string()}});
    assert_eq!(decode(&json!({ "Records": [record] })), [Ok(action(Transition::Terminating, "terminate"))]);
}

#[test]
fn a_bad_record_does_not_take_its_neighbours_along() {
    let mut batch = sample("sns-batch");
    batch["Records"][0]["Sns"]["Message"] = json!("{");
    let events = decode(&batch);
    assert!(matches!(events[0], Err(EventError::Malformed { kind: "SNS message", .. })), "{events:?}");
    assert_eq!(events[1], Ok(alarm("nat-health-b", AlarmState::Ok)));
}

#[test]
fn something_else_is_named_by_its_kind_and_keys_and_never_by_its_values() {
    let cases = [
        (json!({"Records": [{"eventSource": "aws:s3", "s3": {"object": "secret"}}]}), "\"aws:s3\""),
        (json!({"source": "aws.ec2", "detail-type": "EC2 Spot Interruption"}), "EC2 Spot Interruption"),
        (json!({"Event": "autoscaling:EC2_INSTANCE_LAUNCH", "x": "secret"}), "autoscaling:EC2_INSTANCE_LAUNCH"),
        (json!({"hello": "secret"}), "keys [hello]"),
        (json!({"Records": []}), "keys [Records]"),
        (json!(["secret"]), "an array of 1"),
        (json!("secret"), "a string"),
        (json!(null), "null"),
    ];
    for (event, named) in cases {
        let error = decode(&event).remove(0).unwrap_err().to_string();
        assert!(error.contains(named) && !error.contains("secret"), "{error}");
    }
}

#[test]
fn a_known_event_with_a_field_wrong_says_which() {
    let cases = [
        (json!({"AlarmName": null, "NewStateValue": "OK"}), "it has no name"),
        (json!({"AlarmName": "a", "NewStateValue": "FINE"}), "its state is none of"),
        (json!({"alarmData": {"alarmName": "a"}}), "its state is none of"),
        (json!({"detail-type": "CloudWatch Alarm State Change"}), "it has no name"),
        (json!({"LifecycleTransition": "autoscaling:EC2_INSTANCE_FLYING"}), "neither launching nor terminating"),
        (json!({"LifecycleTransition": "autoscaling:EC2_INSTANCE_LAUNCHING"}), "it has no AutoScalingGroupName"),
        (json!({"detail-type": "EC2 Instance-launch Lifecycle Action", "detail": {}}), "no LifecycleTransition"),
    ];
    for (event, why) in cases {
        let error = decode(&event).remove(0).unwrap_err();
        assert!(matches!(&error, EventError::Malformed { .. }) && error.to_string().contains(why), "{error}");
        assert!(!error.to_string().contains("FLYING"), "values are anybody's");
    }
}

#[test]
fn a_time_that_cannot_be_read_is_no_obstacle() {
    for (at, read) in [
        (json!("2024-05-21T10:15:30.123+0000"), Some(CHANGED)),
        (json!("2024-05-21T10:15:30.123Z"), Some(CHANGED)),
        (json!("2024-05-21T12:15:30.123+02:00"), Some(CHANGED)),
        (json!("yesterday"), None),
        (json!(7), None),
        (Value::Null, None),
    ] {
        let event = json!({"AlarmName": "a", "NewStateValue": "OK", "StateChangeTime": at});
        let change = AlarmChange { name: "a".to_owned(), state: AlarmState::Ok, at: read };
        assert_eq!(decode(&event), [Ok(Event::Alarm(change))], "{at}");
    }
}

/// JSON of the shapes that decide, with anything for values.
fn foreign() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("ALARM")),
        Just(json!("autoscaling:TEST_NOTIFICATION")),
        Just(json!("CloudWatch Alarm State Change")),
        Just(json!("{\"AlarmName\":\"a\",\"NewStateValue\":\"OK\"}"))
    ];
    let keys = prop::sample::select(vec![
        "Records",
        "Sns",
        "Message",
        "alarmData",
        "alarmName",
        "state",
        "value",
        "detail",
        "detail-type",
        "AlarmName",
        "NewStateValue",
        "Event",
        "LifecycleTransition",
        "configuration",
    ]);
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((keys.clone(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_event_panics_and_each_is_answered(event in foreign()) {
        let records = event.get("Records").and_then(Value::as_array).map_or(1, |records| records.len().max(1));
        prop_assert_eq!(decode(&event).len(), records);
    }

    #[test]
    fn no_bytes_in_a_message_panic(text in ".{0,200}") {
        prop_assert_eq!(decode(&json!({"Records": [{"Sns": {"Message": text}}]})).len(), 1);
    }
}
