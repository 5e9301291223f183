//! A device's message: a JSON object whose values stay the text that they came as, so that numbers keep their digits.
//!
//! It comes from whoever may publish and is read by many: what readers of the lake can't take (Athena's JSON reader fails a
//! whole query for one name given twice, recursive ones overflow) is no line.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::transform::Poison;

/// How deep objects and arrays may nest.
pub const DEPTH: usize = 64;
/// The longest exponent: some readers write all digits of 1e999999999.
const EXPONENT_DIGITS: usize = 4;
/// The longest number: Python reads none of more than 4300 digits, and others slowly. A double's shortest text has 24.
const NUMBER_CHARACTERS: usize = 400;

/// An object's fields in their order, each value as JSON. Of a name given twice the last counts, as in JavaScript.
#[derive(Debug, Default)]
pub struct Object<'a>(pub Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Reads a message.
    pub fn read(text: &'a str) -> Result<Self, Poison> {
        if text.len() > DEPTH && !is_shallow(text) {
            return Err(Poison::TooDeep);
        }
        Self::of(text)
    }

    fn of(text: &'a str) -> Result<Self, Poison> {
        serde_json::from_str(text).map_err(|_| match serde_json::from_str::<&RawValue>(text) {
            Ok(value) if value.get().starts_with('{') => Poison::Name,
            Ok(_) => Poison::NotAnObject,
            Err(_) => Poison::NotJson,
        })
    }

    /// A field's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().rev().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// The value at a path: `["location", "room"]`.
    #[must_use]
    pub fn at(&self, path: &[String]) -> Option<&'a RawValue> {
        let (first, rest) = path.split_first()?;
        let value = self.get(first)?;
        if rest.is_empty() { Some(value) } else { Object::of(value.get()).ok()?.at(rest) }
    }

    /// The fields that `keep` gives something for, each once: readers compare names without regard to case, and of those
    /// that are the same to them the last counts. `keep` gets the name as it is and in lower case.
    pub fn distinct<T>(&self, keep: impl Fn(&str, &str) -> Option<T>) -> impl Iterator<Item = (&str, &'a RawValue, T)> {
        let mut last: HashMap<String, usize> = HashMap::new();
        let mut kept: Vec<Option<(&str, &'a RawValue, T)>> = Vec::with_capacity(self.0.len());
        for (name, value) in &self.0 {
            let lower = name.to_lowercase();
            if let Some(what) = keep(name, &lower) {
                if let Some(before) = last.insert(lower, kept.len()).and_then(|at| kept.get_mut(at)) {
                    *before = None;
                }
                kept.push(Some((name, value, what)));
            }
        }
        kept.into_iter().flatten()
    }
}

/// Whether it nests no deeper than [`DEPTH`].
fn is_shallow(text: &str) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => (),
        }
        if depth > DEPTH {
            return false;
        }
    }
    true
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::with_capacity(8);
                while let Some(name) = map.next_key::<Text<'de>>()? {
                    fields.push((name.0, map.next_value()?));
                }
                Ok(Object(fields))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

/// A text that is borrowed unless it has escapes; inside of other types `Cow` alone is always owned.
#[derive(Debug, Deserialize)]
pub(crate) struct Text<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// Writes a value on one line (a line of the lake ends at the first line feed), without the fields at the paths `dropped`,
/// which are in lower case.
pub fn write_value(value: &RawValue, dropped: &[&[String]], to: &mut String) -> Result<(), Poison> {
    let text = value.get();
    match text.as_bytes().first() {
        Some(b'{') => {
            to.push('{');
            for (name, value, dropped) in Object::of(text)?.distinct(|_, lower| below(dropped, lower)) {
                write_name(name, to);
                write_value(value, &dropped, to)?;
            }
            to.push('}');
        }
        Some(b'[') => {
            let values: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| Poison::NotJson)?;
            to.push('[');
            for (at, value) in values.into_iter().enumerate() {
                if at > 0 {
                    to.push(',');
                }
                write_value(value, dropped, to)?; // a path goes through arrays
            }
            to.push(']');
        }
        Some(b'-' | b'0'..=b'9') => write_number(text, to)?,
        _ => to.push_str(text), // a text, true, false, null: none of them has a line feed
    }
    Ok(())
}

/// Writes a number digit for digit, unless readers would choke on it.
pub fn write_number(text: &str, to: &mut String) -> Result<(), Poison> {
    let exponent = text.split_once(['e', 'E']).map_or("", |(_, exponent)| exponent.trim_start_matches(['+', '-']));
    if exponent.len() > EXPONENT_DIGITS || text.len() > NUMBER_CHARACTERS {
        return Err(Poison::Number);
    }
    to.push_str(text);
    Ok(())
}

/// The paths below a field, all in lower case; none if the field itself is among them.
#[must_use]
pub fn below<'p>(paths: &[&'p [String]], field: &str) -> Option<Vec<&'p [String]>> {
    let below = paths.iter().filter_map(|path| path.split_first()).filter(|(first, _)| *first == field);
    let below: Vec<_> = below.map(|(_, rest)| rest).collect();
    below.iter().all(|rest| !rest.is_empty()).then_some(below)
}

/// Writes a field's name, with the comma before it if it is not the object's first.
pub fn write_name(name: &str, to: &mut String) {
    if !to.ends_with('{') {
        to.push(',');
    }
    write_text(name, to);
    to.push(':');
}

/// Writes a text as JSON.
pub fn write_text(text: &str, to: &mut String) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            control if control < ' ' => {
                use fmt::Write as _;
                let _ = write!(to, "\\u{:04x}", u32::from(control)); // writing to a String cannot fail
            }
            other => to.push(other),
        }
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(json: &str, dropped: &[&str]) -> Result<String, Poison> {
        let dropped: Vec<Vec<String>> =
            dropped.iter().map(|path| path.split('.').map(str::to_owned).collect()).collect();
        let dropped: Vec<&[String]> = dropped.iter().map(Vec::as_slice).collect();
        let mut line = String::new();
        write_value(serde_json::from_str(json).unwrap(), &dropped, &mut line).map(|()| line)
    }

    #[test]
    fn a_value_is_copied_digit_for_digit_on_one_line_each_name_once() {
        for (json, expected) in [
            ("9007199254740993", "9007199254740993"),
            ("-0.0e+10", "-0.0e+10"),
            ("1e9999", "1e9999"),
            ("\"a\\n\\\"\\ud800\u{2028}\"", "\"a\\n\\\"\\ud800\u{2028}\""),
            ("[ 1.10 ,\n\"a b\" , [ ] ]", "[1.10,\"a b\",[]]"),
            ("{ \"a\" : 1 , \"b\":{\"c\":1,\"C\":2} , \"A\":\r\n3 }", r#"{"b":{"C":2},"A":3}"#),
        ] {
            assert_eq!(written(json, &[]).as_deref(), Ok(expected), "{json}");
        }
        for number in ["1e12345", "0E-99999", &"1".repeat(401)] {
            assert_eq!(written(number, &[]), Err(Poison::Number));
        }
        assert!(written(&"1".repeat(400), &[]).is_ok());
        assert_eq!(written(r#"[{"\ud800":1}]"#, &[]), Err(Poison::Name));
    }

    #[test]
    fn what_is_dropped_is_nowhere_in_it() {
        let json = r#"{"a":{"key":1,"b":2},"key":3,"l":[{"key":4,"c":5}]}"#;
        assert_eq!(written(json, &["a.key", "l.key"]).unwrap(), r#"{"a":{"b":2},"key":3,"l":[{"c":5}]}"#);
        assert_eq!(written(json, &["a", "l"]).unwrap(), r#"{"key":3}"#);
        assert_eq!(written(r#"{"KEY":1,"A":{"Key":2}}"#, &["key", "a.key"]).unwrap(), r#"{"A":{}}"#);
    }

    #[test]
    fn nesting_has_an_end_and_what_looks_like_it_in_a_text_does_not_count() {
        let nested = |levels: usize| format!(r#"{{"a":{}{}}}"#, "[".repeat(levels), "]".repeat(levels));
        assert!(Object::read(&nested(DEPTH - 1)).is_ok());
        assert_eq!(Object::read(&nested(DEPTH)).unwrap_err(), Poison::TooDeep);
        assert_eq!(Object::read(&"[".repeat(100_000)).unwrap_err(), Poison::TooDeep);
        assert!(Object::read(&format!(r#"{{"a":"\"{}"}}"#, "[".repeat(1000))).is_ok());
    }
}
