//! Firehose's own data transformation: every record is answered, within 6 MB.
//!
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>. Firehose retries nothing that is answered
//! with `ProcessingFailed`: it puts the record, as it came, under its error prefix.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::event::{Batch, Item};
use crate::js_date::Moment;
use crate::transform::{Envelope, Poison, Transform};

/// Lambda's limit of a synchronous answer, less what the rest of it takes.
const LONGEST: usize = 6 * 1024 * 1024 - 4096;
/// The least that a record takes beside its id and its data: `{"recordId":"","result":"ProcessingFailed","data":""},`
const FRAME: usize = 64;

/// How many records were answered with what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// `Ok`.
    pub transformed: usize,
    /// `Dropped`: there was nothing in it.
    pub dropped: usize,
    /// `ProcessingFailed`.
    pub failed: usize,
}

/// Transforms the records of an event.
#[must_use]
pub fn answer(batch: &Batch<'_>, transform: &Transform, now: Moment) -> (Value, Counts) {
    let mut counts = Counts::default();
    let name = |item: &Item<'_>| item.name.as_deref().unwrap_or_default().len();
    // Room is kept for the ids of all, because all must be answered.
    let mut room = LONGEST.saturating_sub(batch.items.iter().map(|item| name(item) + FRAME).sum());
    let mut line = String::new();
    let records: Vec<_> = batch
        .items
        .iter()
        .map(|item| {
            line.clear();
            let (result, data) = match transformed(item, transform, now, &mut line) {
                Ok(false) => ("Dropped", None),
                Ok(true) => match room.checked_sub(line.len().div_ceil(3) * 4) {
                    Some(left) => {
                        room = left;
                        ("Ok", Some(STANDARD.encode(&line)))
                    }
                    None => ("ProcessingFailed", None), // there is no room for it in the answer
                },
                Err(why) => {
                    tracing::warn!(record = item.name.as_deref(), %why, "no line");
                    ("ProcessingFailed", None)
                }
            };
            match result {
                "Ok" => counts.transformed += 1,
                "Dropped" => counts.dropped += 1,
                _ => counts.failed += 1,
            }
            match data {
                Some(data) => json!({"recordId": item.name, "result": result, "data": data}),
                None => json!({"recordId": item.name, "result": result}),
            }
        })
        .collect();
    (json!({ "records": records }), counts)
}

/// Appends the record's line; false if there is nothing in the record.
fn transformed(item: &Item<'_>, transform: &Transform, now: Moment, to: &mut String) -> Result<bool, Poison> {
    let text = item.data.text()?;
    if text.trim().is_empty() {
        return Ok(false);
    }
    let id = item.name.as_deref().unwrap_or_default();
    transform.append(&text, Envelope { id, arrival: item.arrival.unwrap_or(now) }, to)?;
    Ok(true)
}
