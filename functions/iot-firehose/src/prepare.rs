//! A batch to lines and what gives none. A pure function.

use std::borrow::Cow;

use crate::deliver::Lines;
use crate::event::{Batch, Item, Source};
use crate::id;
use crate::js_date::Moment;
use crate::quarantine::Poisoned;
use crate::transform::{Envelope, Transform};

/// A batch, transformed. It borrows nothing of the event, whose 6 MB need not be kept while Firehose is called.
#[derive(Debug)]
pub struct Prepared {
    /// Where the batch came from.
    pub source: Source,
    /// What the source calls each message; empty where it has no names.
    pub names: Vec<Box<str>>,
    /// The lines.
    pub lines: Lines,
    /// Which message each line is of.
    pub items: Vec<usize>,
    /// The messages that give no line.
    pub poisoned: Poisoned,
}

/// Transforms each message by itself: a bad one does not touch its neighbours. `now` stands for an arrival that the
/// source does not tell.
#[must_use]
pub fn prepare(batch: &Batch<'_>, transform: &Transform, invocation: &str, now: Moment) -> Prepared {
    let mut prepared = Prepared {
        source: batch.source,
        names: batch.items.iter().map(|item| item.name.as_deref().unwrap_or_default().into()).collect(),
        lines: Lines::default(),
        items: Vec::with_capacity(batch.items.len()),
        poisoned: Poisoned::default(),
    };
    for (number, item) in batch.items.iter().enumerate() {
        let arrival = item.arrival.unwrap_or(now);
        let text = item.data.text();
        let id = id_of(item, number, invocation, text.as_deref().unwrap_or_default());
        let envelope = Envelope { id: &id, arrival };
        match text.and_then(|text| transform.append(&text, envelope, &mut prepared.lines.text)) {
            Ok(()) => {
                prepared.lines.end_line();
                prepared.items.push(number);
            }
            Err(why) => prepared.poisoned.push(number, &why, envelope, &item.data),
        }
    }
    prepared
}

/// The id of a message's line.
fn id_of<'a>(item: &'a Item<'_>, number: usize, invocation: &str, text: &str) -> Cow<'a, str> {
    match item.id.as_ref().or(item.name.as_ref()) {
        Some(id) => Cow::Borrowed(id),
        None => Cow::Owned(id::of_direct(invocation, number, text)),
    }
}
