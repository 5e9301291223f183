//! Messages that give no line: one object for each invocation, a line of JSON for each message, with the reason.

use crate::event::Data;
use crate::js_date::Moment;
use crate::message::write_text;
use crate::transform::Poison;

/// Appends a message: `{"id", "reason", "arrived", "message"}`, or `"base64"` for one that is no text.
pub fn append(id: &str, why: &Poison, arrived: Moment, data: &Data<'_>, to: &mut String) {
    to.push_str("{\"id\":");
    write_text(id, to);
    to.push_str(",\"reason\":");
    write_text(&why.to_string(), to);
    to.push_str(",\"arrived\":\"");
    arrived.write(to);
    match (data.text(), data) {
        (Ok(text), _) => {
            to.push_str("\",\"message\":");
            write_text(&text, to);
        }
        (Err(Poison::NotBase64), Data::Base64(text)) => {
            to.push_str("\",\"message\":");
            write_text(text, to);
        }
        (Err(_), Data::Base64(text) | Data::Text(text)) => {
            to.push_str("\",\"base64\":");
            write_text(text, to);
        }
    }
    to.push_str("}\n");
}

/// The object's key: by the day of the first message's arrival, and by the invocation, so that a retry replaces it.
#[must_use]
pub fn key(prefix: &str, arrived: Moment, invocation: &str) -> String {
    let mut date = String::new();
    arrived.write(&mut date);
    let (date, _) = date.split_once('T').unwrap_or((&date, ""));
    format!("{prefix}{}/{invocation}.jsonl", date.replace('-', "/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    #[test]
    fn a_message_is_kept_as_it_came_with_the_reason() {
        let arrived = Moment::of_text("2024-05-21T10:15:30.123Z").unwrap();
        for (data, why, expected) in [
            (Data::Text(Cow::Borrowed("a\n\"b")), Poison::NotJson, r#""message":"a\n\"b""#),
            (Data::Base64(Cow::Borrowed("eA==")), Poison::NotJson, r#""message":"x""#),
            (Data::Base64(Cow::Borrowed("/w==")), Poison::NotUtf8, r#""base64":"/w==""#),
            (Data::Base64(Cow::Borrowed("?")), Poison::NotBase64, r#""message":"?""#),
        ] {
            let mut line = String::new();
            append("i", &why, arrived, &data, &mut line);
            let reason = format!(r#"{{"id":"i","reason":"{why}","arrived":"2024-05-21T10:15:30.123Z","#);
            assert_eq!(line, format!("{reason}{expected}}}\n"));
        }
    }

    #[test]
    fn the_key_is_the_same_for_the_same_invocation() {
        let arrived = Moment::of_text("2024-05-21T10:15:30.123Z").unwrap();
        assert_eq!(key("bad/", arrived, "r-1"), "bad/2024/05/21/r-1.jsonl");
    }
}
