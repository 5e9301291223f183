//! A batch to lines and what gives none. A pure function.

use crate::deliver::Lines;
use crate::event::{Batch, Item};
use crate::id;
use crate::js_date::Moment;
use crate::transform::{Envelope, Poison, Transform};

/// A batch, transformed.
#[derive(Debug, Default)]
pub struct Prepared {
    /// The lines.
    pub lines: Lines,
    /// Which message each line is of.
    pub items: Vec<usize>,
    /// The messages that give no line, by number.
    pub poisoned: Vec<(usize, Poison)>,
}

/// Transforms each message by itself: a bad one does not touch its neighbours. `now` stands for an arrival that the
/// source does not tell.
#[must_use]
pub fn prepare(batch: &Batch<'_>, transform: &Transform, invocation: &str, now: Moment) -> Prepared {
    let mut prepared = Prepared::default();
    for (number, item) in batch.items.iter().enumerate() {
        let arrival = item.arrival.unwrap_or(now);
        let appended = item.data.text().and_then(|text| {
            let id = id_of(item, number, invocation, &text);
            transform.append(&text, Envelope { id: &id, arrival }, &mut prepared.lines.text)
        });
        match appended {
            Ok(()) => {
                prepared.lines.end_line();
                prepared.items.push(number);
            }
            Err(why) => prepared.poisoned.push((number, why)),
        }
    }
    prepared
}

/// The id of a message's line.
#[must_use]
pub fn id_of(item: &Item<'_>, number: usize, invocation: &str, text: &str) -> String {
    match &item.name {
        Some(name) => name.to_string(),
        None => id::of_direct(invocation, number, text),
    }
}
