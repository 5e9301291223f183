//! Messages that give no line: one object for each invocation, a line of JSON for each message, with the reason.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::event::Data;
use crate::id;
use crate::js_date::Moment;
use crate::message::write_text;
use crate::transform::{Envelope, Poison};

/// The messages of a batch that give no line.
#[derive(Debug, Default)]
pub struct Poisoned {
    /// Which of the batch they are.
    pub numbers: Vec<usize>,
    /// The ids of their lines, had they given some.
    ids: Vec<Box<str>>,
    /// How many there are for each reason.
    pub reasons: BTreeMap<String, usize>,
    /// When the first of them came.
    pub arrived: Option<Moment>,
    /// The object that keeps them.
    pub body: String,
}

impl Poisoned {
    /// Adds a message.
    pub fn push(&mut self, number: usize, why: &Poison, envelope: Envelope<'_>, data: &Data<'_>) {
        self.numbers.push(number);
        self.ids.push(envelope.id.into());
        *self.reasons.entry(why.to_string()).or_default() += 1;
        self.arrived.get_or_insert(envelope.arrival);
        append(why, envelope, data, &mut self.body);
    }

    /// The object's key: by the day on which the first came, and by the messages' ids, so that a batch that comes again
    /// replaces it.
    #[must_use]
    pub fn key(&self, prefix: &str) -> String {
        let mut date = String::new();
        self.arrived.unwrap_or(Moment::EPOCH).write(&mut date);
        let (date, _) = date.split_once('T').unwrap_or((&date, ""));
        let ids: Vec<&str> = self.ids.iter().map(AsRef::as_ref).collect();
        format!("{prefix}{}/{}.jsonl", date.replace('-', "/"), id::of(&ids))
    }
}

/// Appends a message: `{"id", "reason", "arrived", "message"}`, or `"base64"` for one that is no text.
fn append(why: &Poison, Envelope { id, arrival }: Envelope<'_>, data: &Data<'_>, to: &mut String) {
    to.push_str("{\"id\":");
    write_text(id, to);
    to.push_str(",\"reason\":");
    write_text(&why.to_string(), to);
    to.push_str(",\"arrived\":\"");
    arrival.write(to);
    let (field, kept) = match (data.text(), data) {
        // What looks like text but is not: control characters would take six bytes each.
        (Ok(text), Data::Base64(encoded)) if text.contains(|c: char| c.is_control() && !c.is_ascii_whitespace()) => {
            ("base64", Cow::Borrowed(encoded.as_ref()))
        }
        (Ok(text), _) => ("message", text),
        (Err(Poison::NotBase64), Data::Base64(text)) => ("message", Cow::Borrowed(text.as_ref())),
        (Err(_), Data::Base64(encoded)) => ("base64", Cow::Borrowed(encoded.as_ref())),
        // JSON with half a surrogate pair: kept as it was written.
        (Err(_), Data::Plain(text)) => ("message", Cow::Borrowed(*text)),
        (Err(_), Data::Quoted(json)) => ("message", Cow::Borrowed(json.get())),
    };
    to.push_str("\",\"");
    to.push_str(field);
    to.push_str("\":");
    write_text(&kept, to);
    to.push_str("}\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_kept_as_it_came_with_the_reason() {
        let arrived = Moment::of_text("2024-05-21T10:15:30.123Z").unwrap();
        for (data, why, expected) in [
            (Data::Plain("a\n\"b"), Poison::NotJson, r#""message":"a\n\"b""#),
            (Data::Base64(Cow::Borrowed("eA==")), Poison::NotJson, r#""message":"x""#),
            (Data::Base64(Cow::Borrowed("AQE=")), Poison::NotJson, r#""base64":"AQE=""#),
            (Data::Base64(Cow::Borrowed("/w==")), Poison::NotUtf8, r#""base64":"/w==""#),
            (Data::Base64(Cow::Borrowed("?")), Poison::NotBase64, r#""message":"?""#),
        ] {
            let mut line = String::new();
            append(&why, Envelope { id: "i", arrival: arrived }, &data, &mut line);
            let reason = format!(r#"{{"id":"i","reason":"{why}","arrived":"2024-05-21T10:15:30.123Z","#);
            assert_eq!(line, format!("{reason}{expected}}}\n"));
        }
    }

    #[test]
    fn the_key_is_the_same_for_the_same_messages() {
        let arrival = Moment::of_text("2024-05-21T10:15:30.123Z").unwrap();
        let key = |ids: &[&str]| {
            let mut poisoned = Poisoned::default();
            for id in ids {
                poisoned.push(0, &Poison::NotJson, Envelope { id, arrival }, &Data::Plain(""));
            }
            poisoned.key("bad/")
        };
        assert!(key(&["a", "b"]).starts_with("bad/2024/05/21/"), "{}", key(&["a", "b"]));
        assert_eq!(key(&["a", "b"]), key(&["a", "b"]));
        assert_ne!(key(&["a", "b"]), key(&["ab"]));
    }
}
