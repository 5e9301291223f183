//! Mistakes in a mapping stop the function at start, all of them named.

use super::*;

#[test]
fn a_mapping_that_can_not_be_meant_is_refused_with_the_field_and_the_reason() {
    for (mapping, expected) in [
        (r#"{"fields": {}}"#, "fields: a line would have nothing of its message"),
        (r#"{"fields": {"Id": {"from": "x"}}}"#, "id: the function itself writes this field"),
        (r#"{"fields": {"uptime_ms": {"from": "x"}}}"#, "uptime_ms: the function itself writes this field"),
        (r#"{"fields": {"a": {"from": "x"}, "A": {"from": "y"}}}"#, "A: a is there already"),
        (r#"{"fields": {"a": {"from": "x"}, "a.b": {"from": "y"}}}"#, "a.b: a is there already"),
        (r#"{"fields": {"a": {"time": "x"}, "b": {"time": "y"}}}"#, "time: one field only"),
        (r#"{"fields": {"a": {}}}"#, "a: needs one of from, constant, time, metadata"),
        (r#"{"fields": {"a": {"from": "x", "constant": null}}}"#, "a: needs one of"),
        (r#"{"fields": {"a": {"from": "x..y"}}}"#, "a: has an empty name in its path"),
        (r#"{"fields": {"a": {"constant": 1, "required": true}}}"#, "a: default, required and type go with from"),
        (r#"{"fields": {"a": {"from": "x", "default": 1, "required": true}}}"#, "a: default and required exclude"),
        (r#"{"fields": {"a": {"from": "x", "type": "number"}}}"#, "unknown variant `number`"),
        (r#"{"fields": {"a": {"form": "x"}}}"#, "unknown field `form`"),
        (r#"{"fields": {"at.t": {"time": "t"}, "at.Uptime_ms": {"from": "u"}}}"#, "uptime_ms: the function itself"),
        (r#"{"fields": {"where.a": {"from": "x"}, "Where.b": {"from": "y"}}}"#, "Where.b: where is there already"),
        (r#"{"fields": {"Ä": {"from": "x"}, "ä.b": {"from": "y"}}}"#, "ä.b: Ä is there already"),
        (r#"{"fields": {".a": {"from": "x"}}}"#, ".a: has an empty name"),
        (
            r#"{"fields": {"a": {"from": "x", "type": "bigint", "default": "none"}}}"#,
            "a: default: its field x is no bigint",
        ),
        (r#"{"fields": {"a": {"constant": 1e99999}}}"#, "a: a number in it"),
        ("nothing", "expected"),
    ] {
        let mistakes = Mapping::read(mapping).unwrap_err();
        assert!(mistakes.contains(expected), "{mapping}: {mistakes}");
    }
    let several = Mapping::read(r#"{"fields": {"a": {}, "b": {}, "id": {"from": "x"}}}"#).unwrap_err();
    assert_eq!(several.matches(": ").count(), 3, "{several}");
}

#[test]
fn null_is_a_constant_and_a_default() {
    let mapping =
        Mapping::read(r#"{"fields": {"a": {"constant": null}, "b": {"from": "b", "default": null}}}"#).unwrap();
    assert!(matches!(&mapping.fields[0].1, Field::Value(Source::Constant(value)) if value == "null"));
    assert!(matches!(
        &mapping.fields[1].1,
        Field::Value(Source::From { missing: Missing::Default(value), .. }) if value == "null"
    ));
}
