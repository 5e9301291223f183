//! The JSON of a batch: which log events it has. Each is read by itself, so that a bad one does not touch its neighbours.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::payload::Unreadable;

/// More than 8 MB can hold of true ones, whose ids alone have 56 digits.
const MOST: usize = 100_000;

/// What `CloudWatch` sent.
#[derive(Debug)]
pub enum Batch<'a> {
    /// Whether this function can be reached: asked when the subscription is made.
    Control,
    /// Log events.
    Data(Vec<&'a RawValue>),
}

/// One log event.
#[derive(Debug, Deserialize)]
pub struct LogEvent<'a> {
    /// Its id, which `CloudWatch` gives.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// What was logged.
    #[serde(borrow)]
    pub message: Cow<'a, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    #[serde(borrow)]
    message_type: Cow<'a, str>,
    #[serde(borrow)]
    log_events: Option<Events<'a>>,
}

impl<'a> Batch<'a> {
    /// Reads a payload's text.
    pub fn read(text: &'a str) -> Result<Self, Unreadable> {
        // The position and no more: the error's text may quote the log.
        let place = |error: &serde_json::Error| format!("line {}, column {}", error.line(), error.column());
        let envelope: Envelope<'_> =
            serde_json::from_str(text).map_err(|error| Unreadable::NotABatch(place(&error)))?;
        match (envelope.message_type.as_ref(), envelope.log_events) {
            ("CONTROL_MESSAGE", _) => Ok(Self::Control),
            ("DATA_MESSAGE", Some(events)) => Ok(Self::Data(events.0)),
            ("DATA_MESSAGE", None) => Err(Unreadable::NotABatch("it has no logEvents".to_owned())),
            _ => Err(Unreadable::MessageType),
        }
    }
}

/// Log events, at most [`MOST`].
struct Events<'a>(Vec<&'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Events<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Bounded).map(Self)
    }
}

struct Bounded;

impl<'de> Visitor<'de> for Bounded {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "at most {MOST} log events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Self::Value, A::Error> {
        let mut events = Vec::new();
        while let Some(event) = sequence.next_element()? {
            if events.len() == MOST {
                return Err(A::Error::invalid_length(MOST + 1, &self));
            }
            events.push(event);
        }
        Ok(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> Result<Option<usize>, Unreadable> {
        Batch::read(text).map(|batch| match batch {
            Batch::Control => None,
            Batch::Data(events) => Some(events.len()),
        })
    }

    #[test]
    fn a_batch_is_data_or_control_and_nothing_else() {
        let not = |why: &str| Err(Unreadable::NotABatch(why.to_owned()));
        for (text, expected) in [
            (r#"{"messageType":"DATA_MESSAGE","logEvents":[{"id":"1","message":"m"}],"policyLevel":"X"}"#, Ok(Some(1))),
            (r#"{"logEvents":[],"messageType":"DATA_MESSAGE"}"#, Ok(Some(0))),
            (r#"{"messageType":"DATA_MESSAGE","logEvents":[7,{"id":"\ud800"}]}"#, Ok(Some(2))), // read one by one
            (r#"{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","message":"m"}]}"#, Ok(None)),
            (r#"{"messageType":"CONTROL_MESSAGE"}"#, Ok(None)),
            (r#"{"messageType":"DATA_MESSAGE"}"#, not("it has no logEvents")),
            (r#"{"messageType":"OTHER","logEvents":[]}"#, Err(Unreadable::MessageType)),
            (r#"{"logEvents":[]}"#, not("line 1, column 16")),
            (r#"{"messageType":"DATA_MESSAGE","logEvents":[]} x"#, not("line 1, column 47")),
            ("", not("line 1, column 0")),
        ] {
            assert_eq!(events(text), expected, "{text}");
        }
    }

    #[test]
    fn no_more_log_events_than_memory_is_meant_for() {
        for (count, good) in [(MOST, true), (MOST + 1, false)] {
            let text = format!(r#"{{"messageType":"DATA_MESSAGE","logEvents":[{}0]}}"#, "0,".repeat(count - 1));
            assert_eq!(events(&text).is_ok(), good, "{count}");
        }
    }
}
