//! Firehose's own data transformation: every record is answered, within 6 MB.
//!
//! <https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html>. Firehose retries nothing that is answered
//! with `ProcessingFailed`: it puts the record, as it came, under its error prefix.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::event::{Batch, Item};
use crate::js_date::Moment;
use crate::transform::{Envelope, Poison, Transform};

/// Lambda's limit of a synchronous answer, less what the rest of it takes.
const LONGEST: usize = 6 * 1024 * 1024 - 4096;
/// What a record takes beside its id and its data.
const OK: usize = r#"{"recordId":"","result":"Ok","data":""},"#.len();
const WITHOUT_DATA: usize = r#"{"recordId":"","result":"ProcessingFailed"},"#.len();

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
    let frame = |item: &Item<'_>| item.name.as_deref().unwrap_or_default().len() + WITHOUT_DATA;
    // Room is kept for the ids of all, because all must be answered.
    let mut room = LONGEST.saturating_sub(batch.items.iter().map(frame).sum());
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut line = String::new();
    let mut records = Vec::with_capacity(batch.items.len());
    for item in &batch.items {
        line.clear();
        records.push(match transformed(item, transform, now, &mut room, &mut line) {
            Ok(true) => {
                counts.transformed += 1;
                json!({"recordId": item.name, "result": "Ok", "data": STANDARD.encode(&line)})
            }
            Ok(false) => {
                counts.dropped += 1;
                json!({"recordId": item.name, "result": "Dropped"})
            }
            Err(why) => {
                counts.failed += 1;
                *reasons.entry(why.to_string()).or_default() += 1;
                json!({"recordId": item.name, "result": "ProcessingFailed"})
            }
        });
    }
    if !reasons.is_empty() {
        tracing::warn!(?reasons, "no line");
    }
    (json!({ "records": records }), counts)
}

/// A record that is answered with `ProcessingFailed`.
#[derive(Debug, thiserror::Error)]
enum Failed {
    #[error(transparent)]
    Poison(#[from] Poison),
    #[error("the answer has no room for it")]
    NoRoom,
}

/// Appends the record's line; false if there is nothing in the record.
fn transformed(
    item: &Item<'_>,
    transform: &Transform,
    now: Moment,
    room: &mut usize,
    to: &mut String,
) -> Result<bool, Failed> {
    let text = item.data.text()?;
    if text.trim().is_empty() {
        return Ok(false);
    }
    let id = item.id.as_deref().unwrap_or_default();
    transform.append(&text, Envelope { id, arrival: item.arrival.unwrap_or(now) }, to)?;
    let takes = OK + to.len().div_ceil(3) * 4;
    *room = (*room + WITHOUT_DATA).checked_sub(takes).ok_or(Failed::NoRoom)?;
    Ok(true)
}
