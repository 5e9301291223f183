//! Condition operators.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use std::cmp::Ordering;

use serde_json::Value;

use super::Context;
use super::pattern::{Pattern, arn_matches};

/// Whether a `Condition` block holds; an operator that is not supported is an error, never a yes.
pub(crate) fn holds(block: &Value, context: &Context) -> Result<bool, String> {
    for (operator, keys) in block.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            if !test(operator, key, &texts(values), context)? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// A value or a list of values, as texts.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Null => Vec::new(),
        other => vec![other.to_string()],
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Single,
    Any,
    All,
}

fn test(operator: &str, key: &str, wanted: &[String], context: &Context) -> Result<bool, String> {
    let (set, name) = match operator.split_once(':') {
        Some(("ForAnyValue", name)) => (Set::Any, name),
        Some(("ForAllValues", name)) => (Set::All, name),
        _ => (Set::Single, operator),
    };
    let (name, if_exists) = name.strip_suffix("IfExists").map_or((name, false), |name| (name, true));
    let given = context.get(key);
    if name == "Null" {
        return Ok(wanted.iter().any(|wanted| (wanted == "true") == given.is_none()));
    }
    let (negated, compare) =
        comparison(name).ok_or_else(|| format!("the operator {operator} is not supported here"))?;
    let one = |given: &String| wanted.iter().any(|wanted| compare(wanted, given, context)) != negated;
    Ok(match (given, set) {
        (None, _) if if_exists => true,
        (None, Set::Any) => false,
        (None, Set::All) => true,
        (None, Set::Single) => negated,
        (Some(given), Set::Any) => given.iter().any(one),
        (Some(given), Set::All | Set::Single) => given.iter().all(one),
    })
}

type Compare = fn(wanted: &str, given: &str, context: &Context) -> bool;

/// An operator: whether it is negated, and how one value is compared.
fn comparison(name: &str) -> Option<(bool, Compare)> {
    Some(match name {
        "StringEquals" => (false, equal),
        "StringNotEquals" => (true, equal),
        "StringEqualsIgnoreCase" | "Bool" => (false, equal_ignoring_case),
        "StringNotEqualsIgnoreCase" => (true, equal_ignoring_case),
        "StringLike" => (false, like),
        "StringNotLike" => (true, like),
        "ArnEquals" | "ArnLike" => (false, arn),
        "ArnNotEquals" | "ArnNotLike" => (true, arn),
        "NumericEquals" => (false, |wanted, given, _| number(wanted, given) == Some(Ordering::Equal)),
        "NumericNotEquals" => (true, |wanted, given, _| number(wanted, given) == Some(Ordering::Equal)),
        "NumericLessThan" => (false, |wanted, given, _| number(wanted, given) == Some(Ordering::Less)),
        "NumericLessThanEquals" => (false, |wanted, given, _| number(wanted, given).is_some_and(Ordering::is_le)),
        "NumericGreaterThan" => (false, |wanted, given, _| number(wanted, given) == Some(Ordering::Greater)),
        "NumericGreaterThanEquals" => (false, |wanted, given, _| number(wanted, given).is_some_and(Ordering::is_ge)),
        _ => return None,
    })
}

fn equal(wanted: &str, given: &str, context: &Context) -> bool {
    Pattern::literal(wanted, context).is_some_and(|wanted| wanted.matches(given))
}

fn equal_ignoring_case(wanted: &str, given: &str, context: &Context) -> bool {
    equal(&wanted.to_lowercase(), &given.to_lowercase(), context)
}

fn like(wanted: &str, given: &str, context: &Context) -> bool {
    Pattern::new(wanted, context).is_some_and(|wanted| wanted.matches(given))
}

fn arn(wanted: &str, given: &str, context: &Context) -> bool {
    arn_matches(wanted, given, context)
}

/// How the given number stands to the wanted.
fn number(wanted: &str, given: &str) -> Option<Ordering> {
    given.parse::<f64>().ok()?.partial_cmp(&wanted.parse::<f64>().ok()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operators_of_the_documentation() {
        let vpc = "arn:aws:ec2:eu-central-1:111111111111:vpc/vpc-1";
        let context = Context::default()
            .with("aws:ResourceTag/team", "blue")
            .with("aws:PrincipalTag/team", "blue")
            .with("ec2:Vpc", vpc)
            .with("aws:SecureTransport", "true")
            .with("s3:max-keys", "9")
            .with("aws:TagKeys", "a")
            .with("aws:TagKeys", "b");
        #[rustfmt::skip]
        let table = [
            (json!({}), true),
            (json!({"StringEquals": {"aws:ResourceTag/team": "blue"}}), true),
            (json!({"StringEquals": {"AWS:resourcetag/Team": ["red", "blue"]}}), true),
            (json!({"StringEquals": {"aws:ResourceTag/team": "Blue"}}), false),
            (json!({"StringEquals": {"aws:ResourceTag/team": "b*"}}), false),
            (json!({"StringEqualsIgnoreCase": {"aws:ResourceTag/team": "BLUE"}}), true),
            (json!({"StringLike": {"aws:ResourceTag/team": "b?u*"}}), true),
            (json!({"StringNotLike": {"aws:ResourceTag/team": "b*"}}), false),
            (json!({"StringNotEquals": {"aws:ResourceTag/team": ["red", "green"]}}), true),
            (json!({"StringNotEquals": {"aws:ResourceTag/team": ["red", "blue"]}}), false),
            (json!({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}), true),
            // A key that the request does not have.
            (json!({"StringEquals": {"aws:ResourceTag/none": "x"}}), false),
            (json!({"StringNotEquals": {"aws:ResourceTag/none": "x"}}), true),
            (json!({"StringEqualsIfExists": {"aws:ResourceTag/none": "x"}}), true),
            (json!({"StringEqualsIfExists": {"aws:ResourceTag/team": "x"}}), false),
            (json!({"Null": {"aws:ResourceTag/none": "true"}}), true),
            (json!({"Null": {"aws:ResourceTag/team": "true"}}), false),
            (json!({"Null": {"aws:ResourceTag/team": "false"}}), true),
            // Several operators, several keys: all of them.
            (json!({"StringEquals": {"aws:ResourceTag/team": "blue", "aws:PrincipalTag/team": "red"}}), false),
            (json!({"StringEquals": {"aws:ResourceTag/team": "blue"}, "Bool": {"aws:SecureTransport": "false"}}), false),
            (json!({"ArnEquals": {"ec2:Vpc": "arn:aws:ec2:*:111111111111:vpc/vpc-1"}}), true),
            (json!({"ArnLike": {"ec2:Vpc": "arn:aws:ec2:*:*:vpc/vpc-2"}}), false),
            (json!({"StringEquals": {"ec2:Vpc": vpc}}), true),
            (json!({"Bool": {"aws:SecureTransport": true}}), true),
            (json!({"NumericLessThanEquals": {"s3:max-keys": "10"}}), true),
            (json!({"NumericGreaterThan": {"s3:max-keys": 10}}), false),
            // Keys with several values.
            (json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["b", "c"]}}), true),
            (json!({"ForAnyValue:StringEquals": {"aws:TagKeys": ["c"]}}), false),
            (json!({"ForAnyValue:StringEquals": {"none": ["c"]}}), false),
            (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a", "b", "c"]}}), true),
            (json!({"ForAllValues:StringEquals": {"aws:TagKeys": ["a"]}}), false),
            (json!({"ForAllValues:StringEquals": {"none": ["a"]}}), true),
        ];
        for (block, expected) in table {
            assert_eq!(holds(&block, &context), Ok(expected), "{block}");
        }
        assert!(holds(&json!({"DateLessThan": {"aws:CurrentTime": "2030-01-01"}}), &context).is_err());
    }
}
