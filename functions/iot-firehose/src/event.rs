//! What invoked the function, told by its shape: an `IoT` rule directly (one object, or an array), an SQS batch, a Kinesis
//! batch, or Firehose's own data transformation.
//!
//! Own types, not those of `aws_lambda_events`: they decode all base64 of a batch at once, so that one bad record takes its
//! neighbours along.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::js_date::Moment;
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

/// A message.
#[derive(Debug)]
pub struct Item<'a> {
    /// What its source calls it: message id, sequence number, record id. A direct message has none.
    pub name: Option<Cow<'a, str>>,
    /// What it holds.
    pub data: Data<'a>,
    /// When it came to its source.
    pub arrival: Option<Moment>,
}

/// What a message holds, as it came: a batch of 6 MB is decoded one message after another, not all at once.
#[derive(Debug)]
pub enum Data<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// Base64 of text.
    Base64(Cow<'a, str>),
}

impl Data<'_> {
    /// The text.
    pub fn text(&self) -> Result<Cow<'_, str>, Poison> {
        match self {
            Self::Text(text) => Ok(Cow::Borrowed(text)),
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

#[derive(Deserialize)]
struct Queues<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Kind<'a> {
    #[serde(rename = "eventSource", borrow)]
    source: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "messageId", borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    body: Cow<'a, str>,
    #[serde(borrow)]
    attributes: Option<Attributes<'a>>,
}

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(rename = "SentTimestamp", borrow)]
    sent: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Stream<'a> {
    #[serde(borrow)]
    kinesis: StreamRecord<'a>,
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
struct Transformation<'a> {
    #[serde(rename = "invocationId", borrow)]
    _invocation: Cow<'a, str>,
    #[serde(borrow)]
    records: Vec<FirehoseRecord<'a>>,
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
    pub fn read(event: &'a RawValue) -> Result<Self, UnknownEvent> {
        let text = event.get();
        match text.as_bytes().first() {
            Some(b'{') => Self::read_object(text),
            Some(b'[') => {
                let messages: Vec<&RawValue> = read(text).ok_or(UnknownEvent("an array that can't be read"))?;
                Ok(Self { source: Source::Direct, items: messages.into_iter().map(direct).collect() })
            }
            _ => Err(UnknownEvent("neither an object nor an array")),
        }
    }

    fn read_object(text: &'a str) -> Result<Self, UnknownEvent> {
        if let Some(Queues { records }) = read::<Queues<'_>>(text)
            && let Some(first) = records.first().and_then(|record| read::<Kind<'_>>(record.get()))
        {
            return match first.source.as_ref() {
                "aws:sqs" => Self::all(Source::Sqs, &records, |record| sqs(read(record.get())?)),
                "aws:kinesis" => Self::all(Source::Kinesis, &records, |record| kinesis(read(record.get())?)),
                _ => Err(UnknownEvent("records of another event source")),
            };
        }
        if let Some(Transformation { records, .. }) = read(text) {
            return Ok(Self { source: Source::Firehose, items: records.into_iter().map(firehose).collect() });
        }
        Ok(Self {
            source: Source::Direct,
            items: vec![Item { name: None, data: Data::Text(Cow::Borrowed(text)), arrival: None }],
        })
    }

    fn all(
        source: Source,
        records: &[&'a RawValue],
        item: impl Fn(&'a RawValue) -> Option<Item<'a>>,
    ) -> Result<Self, UnknownEvent> {
        let items: Option<Vec<_>> = records.iter().map(|record| item(record)).collect();
        // Without its id a record can't be given back; AWS sends none such.
        Ok(Self { source, items: items.ok_or(UnknownEvent("a batch with a record that has no id or no data"))? })
    }
}

fn read<'a, T: Deserialize<'a>>(text: &'a str) -> Option<T> {
    serde_json::from_str(text).ok()
}

fn direct(message: &RawValue) -> Item<'_> {
    Item { name: None, data: Data::Text(Cow::Borrowed(message.get())), arrival: None }
}

#[expect(clippy::unnecessary_wraps, reason = "as the others")]
fn sqs(message: Message<'_>) -> Option<Item<'_>> {
    let sent = message.attributes.and_then(|attributes| attributes.sent);
    let arrival = sent.and_then(|sent| Moment::of_milliseconds(sent.parse().ok()?));
    Some(Item { name: Some(message.id), data: Data::Text(message.body), arrival })
}

#[expect(clippy::unnecessary_wraps, reason = "as the others")]
fn kinesis(record: Stream<'_>) -> Option<Item<'_>> {
    let StreamRecord { sequence_number, data, approximate_arrival_timestamp } = record.kinesis;
    let arrival = approximate_arrival_timestamp.and_then(|seconds| Moment::of_number(seconds * 1000.0));
    Some(Item { name: Some(sequence_number), data: Data::Base64(data), arrival })
}

fn firehose(record: FirehoseRecord<'_>) -> Item<'_> {
    let arrival = record.approximate_arrival_timestamp.and_then(Moment::of_number);
    Item { name: Some(record.record_id), data: Data::Base64(record.data), arrival }
}
