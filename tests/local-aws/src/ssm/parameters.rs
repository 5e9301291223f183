//! A document's parameters: what values they take, and how values get into steps.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::Value;

use super::{refused, texts};
use crate::wire::ServiceError;

/// A parameter as the document declares it.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    kind: String,
    default: Option<Value>,
    allowed: Vec<String>,
    pattern: Option<Regex>,
    /// `minChars`, `maxChars`, `minItems`, `maxItems`.
    limits: [Option<usize>; 4],
    /// `interpolationType: ENV_VAR`: an environment variable and no substitution.
    pub(crate) by_environment: bool,
}

/// Values by name: a list for a `StringList`, a text for all else.
pub(crate) type Values = BTreeMap<String, Value>;

impl Declared {
    pub(crate) fn parse(name: &str, declared: &Value) -> Result<Self, ServiceError> {
        let member = |name: &str| declared.get(name).and_then(Value::as_str);
        let invalid = |reason: String| refused("InvalidDocument", format!("parameter {name}: {reason}"));
        let pattern = member("allowedPattern").map(Regex::new).transpose();
        let limit = |name: &str| declared.get(name).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
        Ok(Self {
            kind: member("type").ok_or_else(|| invalid("it has no type".to_owned()))?.to_owned(),
            default: declared.get("default").cloned(),
            allowed: declared.get("allowedValues").and_then(Value::as_array).into_iter().flatten().map(plain).collect(),
            pattern: pattern.map_err(|error| invalid(error.to_string()))?,
            limits: ["minChars", "maxChars", "minItems", "maxItems"].map(limit),
            by_environment: member("interpolationType") == Some("ENV_VAR"),
        })
    }

    /// The value of a request, which is always a list of texts.
    fn take(&self, given: &[String]) -> Result<Value, String> {
        let [min_chars, max_chars, min_items, max_items] = self.limits;
        let within = |n: usize, min: Option<usize>, max: Option<usize>| {
            min.is_none_or(|min| n >= min) && max.is_none_or(|max| n <= max)
        };
        for text in given {
            if !self.allowed.is_empty() && !self.allowed.contains(text) {
                return Err(format!("{text:?} is not one of its allowedValues"));
            }
            if self.pattern.as_ref().is_some_and(|pattern| !pattern.is_match(text)) {
                return Err(format!("{text:?} does not match its allowedPattern"));
            }
            if !within(text.chars().count(), min_chars, max_chars) {
                return Err(format!("{text:?} is too short or too long"));
            }
        }
        if self.kind == "StringList" {
            let fits = within(given.len(), min_items, max_items);
            return if fits { Ok(given.into()) } else { Err("it has too few or too many items".to_owned()) };
        }
        let [text] = given else { return Err(format!("it is a {}, not a list", self.kind)) };
        let right = match self.kind.as_str() {
            "Integer" => text.parse::<i64>().is_ok(),
            "Boolean" => text == "true" || text == "false",
            _ => true,
        };
        if right { Ok(text.as_str().into()) } else { Err(format!("{text:?} is no {}", self.kind)) }
    }
}

/// The values of a request and the defaults for the others, or why they are refused.
pub(crate) fn values(declared: &BTreeMap<String, Declared>, given: &Value) -> Result<Values, ServiceError> {
    let invalid = |name: &str, reason: &str| refused("InvalidParameters", format!("Parameter {name}: {reason}"));
    let given = given.as_object().cloned().unwrap_or_default();
    if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(invalid(unknown, "the document does not define it"));
    }
    let mut values = Values::new();
    for (name, parameter) in declared {
        let value = match (given.get(name), &parameter.default) {
            (Some(Value::String(text)), _) => parameter.take(std::slice::from_ref(text)),
            (Some(list), _) => parameter.take(&texts(Some(list))),
            (None, Some(Value::Array(list))) => Ok(list.clone().into()),
            (None, Some(default)) => Ok(plain(default).into()),
            (None, None) => Err("the document requires it".to_owned()),
        };
        values.insert(name.clone(), value.map_err(|reason| invalid(name, &reason))?);
    }
    Ok(values)
}

/// `{{ name }}` and `{{name}}` replaced by the value as it is: no quoting, which is why documents need `allowedPattern`.
pub(crate) fn substitute(text: &str, values: &Values) -> String {
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let found = after.split_once("}}").and_then(|(name, after)| Some((values.get(name.trim())?, after)));
        result.push_str(before);
        if let Some((value, after)) = found {
            result.push_str(&plain(value));
            rest = after;
        } else {
            result.push_str("{{");
            rest = after;
        }
    }
    result + rest
}

/// A list of lines, of which one that is nothing but a `StringList` becomes its items.
pub(crate) fn substitute_lines(lines: &Value, values: &Values) -> Vec<String> {
    let lines =
        if lines.is_array() { texts(Some(lines)) } else { lines.as_str().map(str::to_owned).into_iter().collect() };
    let expand = |line: String| {
        let name = line.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
        match name.and_then(|name| values.get(name)) {
            Some(list @ Value::Array(_)) => texts(Some(list)),
            _ => vec![substitute(&line, values)],
        }
    };
    lines.into_iter().flat_map(expand).collect()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn declared() -> BTreeMap<String, Declared> {
        let document = json!({
            "Operation": {"type": "String", "allowedValues": ["add", "remove"]},
            "Key": {"type": "String", "allowedPattern": "^[a-z0-9 ]+$", "maxChars": 9},
            "Users": {"type": "StringList", "default": ["ec2-user"], "maxItems": 2},
            "Count": {"type": "Integer", "default": 3},
        });
        let parse = |(name, declared): (&String, &Value)| (name.clone(), Declared::parse(name, declared).unwrap());
        document.as_object().unwrap().iter().map(parse).collect()
    }

    #[test]
    fn values_are_checked_against_what_the_document_declares() {
        #[rustfmt::skip]
        let table = [
            (json!({"Operation": ["add"], "Key": ["abc"]}), true),
            (json!({"Operation": ["add"], "Key": ["abc"], "Users": ["a", "b"], "Count": ["4"]}), true),
            (json!({"Operation": ["add"]}), false),
            (json!({"Operation": ["drop"], "Key": ["abc"]}), false),
            (json!({"Operation": ["add"], "Key": ["a; rm -rf /"]}), false),
            (json!({"Operation": ["add"], "Key": ["abcdefghij"]}), false),
            (json!({"Operation": ["add", "remove"], "Key": ["abc"]}), false),
            (json!({"Operation": ["add"], "Key": ["abc"], "Users": ["a", "b", "c"]}), false),
            (json!({"Operation": ["add"], "Key": ["abc"], "Count": ["four"]}), false),
            (json!({"Operation": ["add"], "Key": ["abc"], "Other": ["x"]}), false),
        ];
        for (given, right) in table {
            assert_eq!(values(&declared(), &given).is_ok(), right, "{given}");
        }
    }

    #[test]
    fn values_get_into_steps_as_they_are() {
        let values = values(&declared(), &json!({"Operation": ["add"], "Key": ["a b"]})).unwrap();
        let table = [
            ("x={{ Key }};{{Operation}}", "x=a b;add"),
            ("{{ Other }} {{ Count }}", "{{ Other }} 3"),
            ("{{ Users }}", r#"["ec2-user"]"#),
            ("awk '{{print}} {{Key}}", "awk '{{print}} a b"),
        ];
        for (text, expected) in table {
            assert_eq!(substitute(text, &values), expected);
        }
        assert_eq!(substitute_lines(&json!(["a", "{{ Users }}", "{{ Key }}"]), &values), ["a", "ec2-user", "a b"]);
    }
}
