//! What invoked the function, told by its shape: an `IoT` rule directly (one object, or an array), an SQS batch, a Kinesis
//! batch, or Firehose's own data transformation.
//!
//! Own types, not those of `aws_lambda_events`: they decode all base64 of a batch at once, so that one bad record takes its
//! neighbours along.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::id;
use crate::js_date::Moment;
use crate::message::Text;
use crate::transform::Poison;

/// A batch of messages and where they came from.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Where from.
    pub source: Source,
    /// The messages, in order.
    pub items: Vec<Item<'a>>,
}

/// Where messages come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// An `IoT` rule's Lambda action; asynchronous.
    Direct,
    /// A queue.
    Sqs,
    /// A stream.
    Kinesis,
    /// Firehose asks for transformed records.
    Firehose,
}

/// `SOURCES`: who may invoke the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sources {
    /// All that it knows.
    Any,
    /// An `IoT` rule alone. What looks like a batch of another source is a device's message.
    Direct,
}

/// A message.
#[derive(Debug)]
pub struct Item<'a> {
    /// What its source calls it: message id, sequence number, record id. A direct message has none.
    pub name: Option<Cow<'a, str>>,
    /// The id of its line, if that is not its name: a sequence number is Kinesis's own within its shard only, and Firehose's
    /// record ids are longer than most messages.
    pub id: Option<Cow<'a, str>>,
    /// What it holds.
    pub data: Data<'a>,
    /// When it came to its source.
    pub arrival: Option<Moment>,
}

/// What a message holds, as it came: a batch of 6 MB is decoded one message after another, not all at once.
#[derive(Clone, Debug)]
pub enum Data<'a> {
    /// Text.
    Plain(&'a str),
    /// A text's JSON, with its quotes.
    Quoted(&'a RawValue),
    /// Base64 of text.
    Base64(Cow<'a, str>),
}

impl Data<'_> {
    /// The text.
    pub fn text(&self) -> Result<Cow<'_, str>, Poison> {
        match self {
            Self::Plain(text) => Ok(Cow::Borrowed(text)),
            Self::Quoted(json) => read::<Text<'_>>(json.get()).map(|text| text.0).ok_or(Poison::NotUtf8),
            Self::Base64(data) => {
                let bytes = STANDARD.decode(data.as_bytes()).map_err(|_| Poison::NotBase64)?;
                String::from_utf8(bytes).map(Cow::Owned).map_err(|_| Poison::NotUtf8)
            }
        }
    }
}

/// An event that none of these sources sends. Names what it has and nothing that it holds.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; the function takes IoT messages, SQS and Kinesis batches, and Firehose's transformation events")]
pub struct UnknownEvent(pub &'static str);

/// Any event that is an object, read in one pass: with [`Record`]s and [`FirehoseRecord`]s. With [`IgnoredAny`] in their
/// place, what it looks like even if it can't be read.
#[derive(Deserialize)]
struct Event<R, F> {
    /// SQS's and Kinesis's.
    #[serde(rename = "Records")]
    records: Option<R>,
    /// Firehose's own.
    #[serde(rename = "invocationId")]
    transformation: Option<IgnoredAny>,
    #[serde(rename = "records")]
    to_transform: Option<F>,
    // What the rule's SQL adds marks a device's message, so that no device can pass for a batch.
    #[serde(rename = "_topic")]
    topic: Option<IgnoredAny>,
    #[serde(rename = "_client_id")]
    client_id: Option<IgnoredAny>,
    #[serde(rename = "_arrival")]
    arrival: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    #[serde(borrow)]
    event_source: Cow<'a, str>,
    #[serde(rename = "eventID", borrow)]
    event_id: Option<Text<'a>>,
    #[serde(borrow)]
    message_id: Option<Text<'a>>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    #[serde(borrow)]
    attributes: Option<Attributes<'a>>,
    #[serde(borrow)]
    kinesis: Option<StreamRecord<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attributes<'a> {
    #[serde(borrow)]
    sent_timestamp: Option<Text<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StreamRecord<'a> {
    #[serde(borrow)]
    sequence_number: Cow<'a, str>,
    #[serde(borrow)]
    data: Cow<'a, str>,
    /// Seconds, with a fraction.
    approximate_arrival_timestamp: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FirehoseRecord<'a> {
    #[serde(borrow)]
    record_id: Cow<'a, str>,
    #[serde(borrow)]
    data: Cow<'a, str>,
    /// Milliseconds.
    approximate_arrival_timestamp: Option<f64>,
}

impl<'a> Batch<'a> {
    /// Reads an event.
    pub fn read(event: &'a RawValue, sources: Sources) -> Result<Self, UnknownEvent> {
        let text = event.get();
        match text.as_bytes().first() {
            Some(b'{') if sources == Sources::Direct => Ok(Self::of_one(text)),
            Some(b'{') => Self::read_object(text),
            Some(b'[') => {
                let messages: Vec<&RawValue> = read(text).ok_or(UnknownEvent("an array that can't be read"))?;
                Ok(Self { source: Source::Direct, items: messages.into_iter().map(direct).collect() })
            }
            _ => Err(UnknownEvent("neither an object nor an array")),
        }
    }

    fn read_object(text: &'a str) -> Result<Self, UnknownEvent> {
        let Some(event) = read::<Event<Vec<Record<'_>>, Vec<FirehoseRecord<'_>>>>(text) else {
            // A batch that is taken for one message would be lost.
            let looks = read::<Event<IgnoredAny, IgnoredAny>>(text);
            let batch = looks.is_some_and(|looks| looks.is_batch() || looks.is_transformation());
            return if batch { Err(UnknownEvent(INCOMPLETE)) } else { Ok(Self::of_one(text)) };
        };
        let transformation = event.is_transformation();
        match (event.is_batch(), event.records, event.to_transform) {
            (true, Some(records), _) => Self::of_records(records),
            (_, _, Some(records)) if transformation => {
                Ok(Self { source: Source::Firehose, items: records.into_iter().map(firehose).collect() })
            }
            _ => Ok(Self::of_one(text)),
        }
    }

    fn of_one(text: &'a str) -> Self {
        Self {
            source: Source::Direct,
            items: vec![Item { name: None, id: None, data: Data::Plain(text), arrival: None }],
        }
    }

    fn of_records(records: Vec<Record<'a>>) -> Result<Self, UnknownEvent> {
        let (source, item): (_, fn(Record<'a>) -> Option<Item<'a>>) =
            match records.first().map_or("aws:sqs", |record| record.event_source.as_ref()) {
                "aws:sqs" => (Source::Sqs, sqs),
                "aws:kinesis" => (Source::Kinesis, kinesis),
                _ => return Err(UnknownEvent("records of another event source")),
            };
        // Without its id a record can't be given back; AWS sends none such.
        let items: Option<Vec<_>> = records.into_iter().map(item).collect();
        Ok(Self { source, items: items.ok_or(UnknownEvent(INCOMPLETE))? })
    }
}

impl<R, F> Event<R, F> {
    fn of_a_device(&self) -> bool {
        self.topic.is_some() || self.client_id.is_some() || self.arrival.is_some()
    }

    fn is_batch(&self) -> bool {
        self.records.is_some() && !self.of_a_device()
    }

    fn is_transformation(&self) -> bool {
        self.transformation.is_some() && self.to_transform.is_some() && !self.of_a_device()
    }
}

const INCOMPLETE: &str = "a batch with a record that has no id or no data";

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn direct(message: &RawValue) -> Item<'_> {
    Item { name: None, id: None, data: Data::Plain(message.get()), arrival: None }
}

fn sqs(record: Record<'_>) -> Option<Item<'_>> {
    let sent = record.attributes.and_then(|attributes| attributes.sent_timestamp);
    let arrival = sent.and_then(|sent| Moment::of_milliseconds(sent.0.parse().ok()?));
    let body = record.body.filter(|body| body.get().starts_with('"'))?;
    Some(Item { name: Some(record.message_id?.0), id: None, data: Data::Quoted(body), arrival })
}

fn kinesis(record: Record<'_>) -> Option<Item<'_>> {
    let StreamRecord { sequence_number, data, approximate_arrival_timestamp } = record.kinesis?;
    let arrival = approximate_arrival_timestamp.and_then(|seconds| Moment::of_number(seconds * 1000.0));
    let id = record.event_id.map(|id| id.0);
    Some(Item { name: Some(sequence_number), id, data: Data::Base64(data), arrival })
}

fn firehose(record: FirehoseRecord<'_>) -> Item<'_> {
    let arrival = record.approximate_arrival_timestamp.and_then(Moment::of_number);
    let id = id::of(&[&record.record_id]);
    Item { name: Some(record.record_id), id: Some(Cow::Owned(id)), data: Data::Base64(record.data), arrival }
}

#[cfg(test)]
mod tests;
