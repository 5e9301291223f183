//! A subscription's payload, opened: base64 of gzip of JSON. Strict, because what is cut or altered on its way must not
//! pass for a batch; bounded, because a kilobyte of gzip can be a megabyte of text.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/SubscriptionFilters.html#LambdaFunctionExample>.

use std::borrow::Cow;
use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::bufread::GzDecoder;
use serde::Deserialize;

/// The longest text that is read. `CloudWatch` sends about a megabyte at most.
pub const LONGEST: usize = 8 * 1024 * 1024;

/// Why a payload can't be read. Nothing has been started then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not what a subscription sends.
    #[error("the event has no awslogs.data; invoke the function by a CloudWatch Logs subscription filter")]
    NotASubscription,
    /// Not base64.
    #[error("awslogs.data is not base64: {0}")]
    Base64(base64::DecodeError),
    /// Not gzip, cut off, or altered.
    #[error("awslogs.data is not gzip, or was altered on its way: {0}")]
    Gzip(String),
    /// A bomb, or a batch larger than `CloudWatch` makes.
    #[error("the decompressed payload is longer than {LONGEST} bytes or than its trailer says")]
    TooLong,
    /// More bytes after the one member.
    #[error("{0} byte(s) follow the gzip data")]
    TrailingBytes(usize),
    /// Not text.
    #[error("the decompressed payload is not UTF-8")]
    NotText,
    /// Not the JSON of a batch.
    #[error("the decompressed payload is no batch of log events: {0}")]
    NotABatch(String),
    /// Of a kind that `CloudWatch` did not have when this was written.
    #[error("the payload's messageType is neither DATA_MESSAGE nor CONTROL_MESSAGE")]
    MessageType,
}

#[derive(Deserialize)]
struct Event<'a> {
    #[serde(borrow)]
    awslogs: Data<'a>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    data: Cow<'a, str>, // owned where `/` is written as `\/`
}

/// The text inside the event that Lambda was invoked with.
pub fn open(event: &str) -> Result<String, Unreadable> {
    let event: Event<'_> = serde_json::from_str(event).map_err(|_| Unreadable::NotASubscription)?;
    let gzip = STANDARD.decode(event.awslogs.data.as_bytes()).map_err(Unreadable::Base64)?;
    String::from_utf8(inflate(&gzip)?).map_err(|_| Unreadable::NotText)
}

/// The one member of gzip data. The trailer's length bounds it: memory is taken once, and a bomb that tells its length is
/// refused before anything is decompressed. The decoder compares length and CRC.
pub fn inflate(gzip: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let said = gzip.last_chunk().map_or(0, |length| u32::from_le_bytes(*length));
    let said = usize::try_from(said).ok().filter(|said| *said <= LONGEST).ok_or(Unreadable::TooLong)?;
    let mut text = Vec::with_capacity(said + 1); // a byte too many must not double it
    let mut decoder = GzDecoder::new(gzip);
    let bounded = decoder.by_ref().take(said as u64 + 1).read_to_end(&mut text);
    bounded.map_err(|error| Unreadable::Gzip(error.to_string()))?;
    match decoder.into_inner().len() {
        _ if text.len() > said => Err(Unreadable::TooLong),
        0 => Ok(text),
        trailing => Err(Unreadable::TrailingBytes(trailing)),
    }
}

#[cfg(test)]
mod tests;
