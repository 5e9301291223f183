//! The transform, by tables; and that no message makes it panic.

use super::*;
use proptest::prelude::*;

fn line_by(mapping: &str, policy: TimePolicy, message: &str) -> Result<String, Poison> {
    let transform = Transform::new(Mapping::read(mapping).unwrap(), policy);
    let arrival = Moment::of_text("2024-05-21T10:15:30.123Z").unwrap();
    let mut line = String::new();
    transform.append(message, Envelope { id: "i", arrival }, &mut line).map(|()| line)
}

fn line(message: &str) -> Result<String, Poison> {
    line_by(Mapping::DEFAULT, TimePolicy::Javascript, message)
}

/// What the original makes of a message, and the id.
#[test]
fn the_default_is_the_original() {
    for (message, expected) in [
        (
            r#"{"time":1567023375013,"sensor_a0":456}"#,
            r#"{"time":"2019-08-28T20:16:15.013Z","sensor_value":456,"id":"i"}"#,
        ),
        (r#"{"sensor_a0":456}"#, r#"{"time":null,"sensor_value":456,"id":"i"}"#),
        (r#"{"time":0}"#, r#"{"time":"1970-01-01T00:00:00.000Z","id":"i"}"#),
        (r#"{"time":null,"sensor_a0":null}"#, r#"{"time":"1970-01-01T00:00:00.000Z","sensor_value":null,"id":"i"}"#),
        ("{}", r#"{"time":null,"id":"i"}"#),
        (
            r#"{"sensor_a0":9007199254740993,"time":1}"#,
            r#"{"time":"1970-01-01T00:00:00.001Z","sensor_value":9007199254740993,"id":"i"}"#,
        ),
        (r#"{"sensor_a0":1.10,"sensor_a0":2.20}"#, r#"{"time":null,"sensor_value":2.20,"id":"i"}"#),
        (
            "{\"sensor_a0\": {\n \"a\": \"x\\\"\\n {y}\"\n}}",
            r#"{"time":null,"sensor_value":{"a":"x\"\n {y}"},"id":"i"}"#,
        ),
    ] {
        assert_eq!(line(message).unwrap(), format!("{expected}\n"), "{message}");
    }
}

#[test]
fn a_mapping_renames_nests_defaults_drops_and_adds() {
    let mapping = r#"{
        "fields": {
            "at": {"time": "t"}, "where.room": {"from": "loc.room", "default": "?"}, "where.floor": {"from": "loc.floor"},
            "unit": {"constant": {"of": "°C"}}, "topic": {"metadata": "topic"}, "came": {"metadata": "arrival"},
            "dotted": {"from": ["a.b"]}, "empty.not": {"from": "nowhere"}
        },
        "others": "keep", "drop": ["secret"]
    }"#;
    let message =
        r#"{"t":1,"loc":{"room":"R1"},"a.b":[1, 2],"x":1.0,"secret":1,"id":"theirs","_topic":"dt/1","_arrival":5}"#;
    let expected = concat!(
        r#"{"at":"1970-01-01T00:00:00.001Z","where":{"room":"R1"},"unit":{"of":"°C"},"topic":"dt/1","#,
        r#""came":"1970-01-01T00:00:00.005Z","dotted":[1,2],"loc":{"room":"R1"},"x":1.0,"id":"i"}"#,
    );
    assert_eq!(line_by(mapping, TimePolicy::Javascript, message).unwrap(), format!("{expected}\n"));
}

#[test]
fn no_name_is_in_a_line_twice_not_even_in_another_case() {
    let keep = r#"{"fields": {"time": {"time": "ts"}, "where.room": {"from": "loc.room"}}, "others": "keep"}"#;
    let message = r#"{"ts":5,"TIME":1,"Id":"theirs","uptime_ms":9,"a":1,"A":2,"loc":{"room":"R1"},"room":7,"where":0}"#;
    assert_eq!(
        line_by(keep, TimePolicy::Strict, message).unwrap(),
        concat!(
            r#"{"time":"2024-05-21T10:15:30.123Z","uptime_ms":5,"where":{"room":"R1"},"#,
            r#""A":2,"loc":{"room":"R1"},"room":7,"id":"i"}"#,
            "\n"
        )
    );
    assert_eq!(
        line(r#"{"sensor_a0":{"a":1,"A":2}}"#).unwrap(),
        "{\"time\":null,\"sensor_value\":{\"A\":2},\"id\":\"i\"}\n"
    );
}

#[test]
fn what_is_dropped_goes_along_by_no_way_but_what_is_mapped_is_mapped() {
    let keep = r#"{"fields": {"device": {"from": "device"}, "n": {"from": "l.n"}}, "others": "keep",
        "drop": ["device.password", "x.y", "l"]}"#;
    let message = r#"{"device":{"name":"d","password":"p"},"x":{"y":1,"z":2},"l":{"n":3,"m":4}}"#;
    assert_eq!(
        line_by(keep, TimePolicy::Javascript, message).unwrap(),
        "{\"device\":{\"name\":\"d\"},\"n\":3,\"x\":{\"z\":2},\"id\":\"i\"}\n"
    );
}

#[test]
fn the_readmes_example_is_true() {
    let readme = include_str!("../../README.md");
    let start = readme.find("    {\"fields\": {\"at\"").unwrap();
    let (mapping, rest) = readme[start..].split_once("\n\n").unwrap();
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let (message, expected) = (quoted.next().unwrap(), quoted.next().unwrap());
    let line = line_by(mapping, TimePolicy::Javascript, message).unwrap();
    assert_eq!(line.trim_end(), expected.replace('…', "i"));
}

#[test]
fn a_type_is_checked_before_neighbours_could_suffer_and_null_is_of_each() {
    for (name, good, bad) in [
        ("bigint", &["1", "-9223372036854775808"][..], &["1.0", "9223372036854775808", "\"1\"", "1e3"][..]),
        ("double", &["1", "-1.5e3"], &["\"1\"", "true", "{}"]),
        ("string", &["\"x\""], &["1", "[]"]),
        ("boolean", &["true", "false"], &["\"true\"", "0"]),
    ] {
        let mapping = format!(r#"{{"fields": {{"v": {{"from": "v", "type": "{name}"}}}}}}"#);
        let result = |value: &str| line_by(&mapping, TimePolicy::Javascript, &format!(r#"{{"v":{value}}}"#));
        assert!(good.iter().chain(&["null"]).all(|value| result(value).is_ok()), "{name}");
        assert!(bad.iter().all(|value| result(value) == Err(Poison::Type("v".into(), name))), "{name}");
        assert!(line_by(&mapping, TimePolicy::Javascript, "{}").is_ok(), "missing");
    }
}

#[test]
fn a_message_of_15_000_fields_takes_no_longer_than_its_size() {
    let fields: Vec<String> = (0..15_000).map(|n| format!("\"f{n}\":{n}")).collect();
    let message = format!("{{{}}}", fields.join(","));
    let begun = std::time::Instant::now();
    let keep = r#"{"fields": {}, "others": "keep"}"#;
    assert_eq!(line_by(keep, TimePolicy::Javascript, &message).unwrap().matches(':').count(), 15_001);
    // 10 ms in a debug build; 15,000² comparisons would be minutes.
    assert!(begun.elapsed().as_secs() < 5);
}

#[test]
fn of_names_that_are_the_same_to_readers_the_last_goes_along_that_may() {
    let keep = r#"{"fields": {"place": {"from": "loc"}}, "others": "keep", "drop": ["key"]}"#;
    let message = r#"{"LOC":2,"loc":1,"Key":"data","key":"s","_Topic":"x","X":1,"x":2}"#;
    assert_eq!(
        line_by(keep, TimePolicy::Javascript, message).unwrap(),
        "{\"place\":1,\"LOC\":2,\"x\":2,\"id\":\"i\"}\n"
    );
    let strict = line_by(Mapping::DEFAULT, TimePolicy::Strict, r#"{"time":0e999999999}"#);
    assert_eq!(strict, Err(Poison::Number));
}

#[test]
fn strict_keeps_an_uptime_beside_the_arrival() {
    let line = line_by(Mapping::DEFAULT, TimePolicy::Strict, r#"{"time":4711,"sensor_a0":1}"#).unwrap();
    assert_eq!(line, "{\"time\":\"2024-05-21T10:15:30.123Z\",\"uptime_ms\":4711,\"sensor_value\":1,\"id\":\"i\"}\n");
}

#[test]
fn what_gives_no_line_says_why_and_leaves_nothing_behind() {
    let required = r#"{"fields": {"a": {"from": "x.y", "required": true}}}"#;
    let large = format!(r#"{{"sensor_a0":"{}"}}"#, "x".repeat(RECORD));
    for (mapping, message, expected) in [
        (Mapping::DEFAULT, "{\"sensor_a0\":NaN}", Poison::NotJson),
        (Mapping::DEFAULT, "", Poison::NotJson),
        (Mapping::DEFAULT, "{} {}", Poison::NotJson),
        (Mapping::DEFAULT, "[1]", Poison::NotAnObject),
        (Mapping::DEFAULT, "7", Poison::NotAnObject),
        (Mapping::DEFAULT, r#"{"\ud800":1,"sensor_a0":2}"#, Poison::Name),
        (Mapping::DEFAULT, &"[".repeat(100_000), Poison::TooDeep),
        (Mapping::DEFAULT, r#"{"sensor_a0":1e999999999}"#, Poison::Number),
        (Mapping::DEFAULT, r#"{"_topic":"t","_arrival":1}"#, Poison::OnlyMetadata),
        (required, r#"{"x":{"z":1}}"#, Poison::Lacks("x.y".into())),
        (Mapping::DEFAULT, &large, Poison::TooLarge),
    ] {
        let transform = Transform::new(Mapping::read(mapping).unwrap(), TimePolicy::Javascript);
        let mut text = "before\n".to_owned();
        let arrival = Moment::EPOCH;
        assert_eq!(transform.append(message, Envelope { id: "i", arrival }, &mut text), Err(expected));
        assert_eq!(text, "before\n");
    }
}

proptest! {
    #[test]
    fn no_message_makes_it_panic_and_every_line_is_one_line_of_json(message in "\\PC*|\\{(\"[a-z]{1,3}\":[0-9\\[\\]{}\", \n]*,?)*\\}") {
        for policy in [TimePolicy::Javascript, TimePolicy::Strict] {
            let mapping = r#"{"fields": {"time": {"time": "a"}}, "others": "keep"}"#;
            if let Ok(line) = line_by(mapping, policy, &message) {
                prop_assert_eq!(line.matches('\n').count(), 1);
                prop_assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok(), "{}", line);
            }
        }
    }
}
