//! A message to a line, by the mapping. A pure function.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::value::RawValue;

use crate::js_date::Moment;
use crate::mapping::{Field, ID, Mapping, Metadata, Missing, Source};
use crate::message::{Object, write_text, write_value};
use crate::pack::RECORD;
use crate::time::{Time, TimePolicy, Unplaced};

/// What is known of a message beside its content.
#[derive(Clone, Copy, Debug)]
pub struct Envelope<'a> {
    /// The line's id.
    pub id: &'a str,
    /// When the message came.
    pub arrival: Moment,
}

/// A message that gives no line. Says why, never what.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Poison {
    /// Its bytes are not base64.
    #[error("it is not base64")]
    NotBase64,
    /// Its bytes are not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// It is not JSON; NaN and Infinity are none.
    #[error("it is not JSON")]
    NotJson,
    /// It is JSON, but no object.
    #[error("it is no JSON object")]
    NotAnObject,
    /// It has only what the rule adds: of a payload that the rule can't read, that is all it hands on.
    #[error("it has only what the rule added, which could not read the rest")]
    OnlyMetadata,
    /// A field is missing that the mapping requires.
    #[error("it lacks the field {0}")]
    Lacks(String),
    /// Its time can't be placed.
    #[error(transparent)]
    Time(#[from] Unplaced),
    /// The line would be larger than a record may be.
    #[error("its line has more than the {RECORD} bytes of a record")]
    TooLarge,
}

/// Applies a mapping.
pub struct Transform {
    mapping: Mapping,
    /// The fields that don't go along with the others.
    consumed: BTreeSet<String>,
    policy: TimePolicy,
}

impl Transform {
    /// By this mapping and policy.
    #[must_use]
    pub fn new(mapping: Mapping, policy: TimePolicy) -> Self {
        let consumed = mapping.consumed().into_iter().map(str::to_owned).collect();
        Self { mapping, consumed, policy }
    }

    /// Appends the message's line, with its line feed, to `to`; nothing if it gives none.
    pub fn append(&self, message: &str, envelope: Envelope<'_>, to: &mut String) -> Result<(), Poison> {
        let start = to.len();
        let appended = self.line(message, envelope, to).and_then(|()| match to.len() - start {
            length if length > RECORD => Err(Poison::TooLarge),
            _ => Ok(()),
        });
        if appended.is_err() {
            to.truncate(start);
        }
        appended
    }

    fn line(&self, text: &str, envelope: Envelope<'_>, to: &mut String) -> Result<(), Poison> {
        let message = Object::read(text).ok_or_else(|| why_no_object(text))?;
        if only_metadata(&message) {
            return Err(Poison::OnlyMetadata);
        }
        let envelope = Envelope { arrival: arrival(&message).unwrap_or(envelope.arrival), ..envelope };
        to.push('{');
        self.write(&self.mapping.fields, &message, envelope, to)?;
        if self.mapping.keep_others {
            self.write_others(&message, to);
        }
        name(ID, to);
        write_text(envelope.id, to);
        to.push_str("}\n");
        Ok(())
    }

    fn write(
        &self,
        fields: &[(String, Field)],
        message: &Object<'_>,
        envelope: Envelope<'_>,
        to: &mut String,
    ) -> Result<(), Poison> {
        for (field, value) in fields {
            match value {
                Field::Object(inner) => {
                    let before = to.len();
                    name(field, to);
                    to.push('{');
                    let empty = to.len();
                    self.write(inner, message, envelope, to)?;
                    // An object of which nothing was there is not there either.
                    if to.len() == empty { to.truncate(before) } else { to.push('}') }
                }
                Field::Value(source) => self.write_field(field, source, message, envelope, to)?,
            }
        }
        Ok(())
    }

    fn write_field(
        &self,
        field: &str,
        source: &Source,
        message: &Object<'_>,
        envelope: Envelope<'_>,
        to: &mut String,
    ) -> Result<(), Poison> {
        let mut value = |value: &RawValue| {
            name(field, to);
            write_value(value, to);
        };
        match source {
            Source::Constant(constant) => value(constant),
            Source::From { path, missing } => match (message.at(path), missing) {
                (Some(found), _) => value(found),
                (None, Missing::Default(default)) => value(default),
                (None, Missing::Omit) => (),
                (None, Missing::Refuse) => return Err(Poison::Lacks(path.join("."))),
            },
            Source::Metadata(Metadata::Arrival) => {
                name(field, to);
                date(Some(envelope.arrival), to);
            }
            Source::Metadata(metadata) => {
                if let Some(found) = message.get(metadata.field()) {
                    value(found);
                }
            }
            Source::Time(path) => self.write_time(field, message.at(path), envelope.arrival, to)?,
        }
        Ok(())
    }

    fn write_time(
        &self,
        field: &str,
        value: Option<&RawValue>,
        arrival: Moment,
        to: &mut String,
    ) -> Result<(), Poison> {
        match self.policy.read(value, arrival)? {
            Time::Date(moment) => {
                name(field, to);
                date(moment, to);
            }
            Time::Uptime(moment, raw) => {
                name(field, to);
                date(Some(moment), to);
                name("uptime_ms", to);
                to.push_str(raw);
            }
        }
        Ok(())
    }

    fn write_others(&self, message: &Object<'_>, to: &mut String) {
        for (at, (field, value)) in message.0.iter().enumerate() {
            let last = message.0.iter().skip(at + 1).all(|(later, _)| later != field);
            if last && !self.consumed.contains(field.as_ref()) {
                name(field, to);
                write_value(value, to);
            }
        }
    }
}

/// A field's name, with the comma before it if it is not the object's first.
fn name(field: &str, to: &mut String) {
    if !to.ends_with('{') {
        to.push(',');
    }
    write_text(field, to);
    to.push(':');
}

fn date(moment: Option<Moment>, to: &mut String) {
    match moment {
        None => to.push_str("null"),
        Some(moment) => {
            let _ = write!(to, "\"");
            moment.write(to);
            to.push('"');
        }
    }
}

fn only_metadata(message: &Object<'_>) -> bool {
    let known = |name: &str| Metadata::ALL.iter().any(|metadata| metadata.field() == name);
    !message.0.is_empty() && message.0.iter().all(|(name, _)| known(name))
}

/// When the rule says that the message came.
fn arrival(message: &Object<'_>) -> Option<Moment> {
    Moment::of_number(message.get(Metadata::Arrival.field())?.get().parse().ok()?)
}

fn why_no_object(text: &str) -> Poison {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(_) => Poison::NotAnObject,
        Err(_) => Poison::NotJson,
    }
}

#[cfg(test)]
mod tests {
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
            (
                r#"{"time":null,"sensor_a0":null}"#,
                r#"{"time":"1970-01-01T00:00:00.000Z","sensor_value":null,"id":"i"}"#,
            ),
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
            r#"{"at":"1970-01-01T00:00:00.001Z","where":{"room":"R1"},"unit":{"of": "°C"},"topic":"dt/1","#,
            r#""came":"1970-01-01T00:00:00.005Z","dotted":[1, 2],"loc":{"room":"R1"},"x":1.0,"id":"i"}"#,
        );
        assert_eq!(line_by(mapping, TimePolicy::Javascript, message).unwrap(), format!("{expected}\n"));
    }

    #[test]
    fn strict_keeps_an_uptime_beside_the_arrival() {
        let line = line_by(Mapping::DEFAULT, TimePolicy::Strict, r#"{"time":4711,"sensor_a0":1}"#).unwrap();
        assert_eq!(
            line,
            "{\"time\":\"2024-05-21T10:15:30.123Z\",\"uptime_ms\":4711,\"sensor_value\":1,\"id\":\"i\"}\n"
        );
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
}
