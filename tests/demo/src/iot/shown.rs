//! Events and ids as a reader can bear them.

use e2e::iot::Iot;
use serde_json::{Map, Value, json};

use crate::names::Names;

/// Items of a list, and characters of a text, that say enough.
const ITEMS: usize = 3;
const CHARACTERS: usize = 300;

/// An event without most of its messages, if they are many, and without most of a long one.
pub(crate) fn shown(event: &Value) -> Value {
    match event {
        Value::Array(items) => {
            let more = items.len().saturating_sub(ITEMS);
            let more = (more > 1).then(|| json!(format!("... {more} more")));
            let most = if more.is_some() { ITEMS } else { items.len() };
            items.iter().take(most).map(shown).chain(more).collect()
        }
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), shown(value))).collect::<Map<_, _>>().into()
        }
        Value::String(text) => cut(text).into(),
        other => other.clone(),
    }
}

fn cut(text: &str) -> String {
    let more = text.chars().count().saturating_sub(CHARACTERS);
    let start: String = text.chars().take(CHARACTERS).collect();
    if more == 0 { start } else { format!("{start}... ({more} more characters)") }
}

/// What the stack made, by what it is.
pub(crate) fn names(iot: &Iot) -> Names {
    let known = [("DeliveryStreamName", "the stream"), ("QuarantineBucket", "the quarantine")];
    let name = |(output, name): (&str, &str)| Some((iot.stack.output(output).ok()?.to_owned(), name.to_owned()));
    known.into_iter().filter_map(name).collect()
}
