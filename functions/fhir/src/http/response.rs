//! An answer, and what it looks like to API Gateway or a function URL.

use std::fmt;
use std::io::Write as _;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fhir_model::json::Json;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::http::event::Shape;
use crate::http::negotiate::Negotiated;
use crate::store::prepare::gunzip;

/// What Lambda takes as an answer, the JSON around the body included: 6 MB and a little, as its error message says.
/// <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>
const MAX_ANSWER: usize = 6_291_556;
/// Kept for the quotes, braces and names around body and headers.
const AROUND: usize = 256;
/// Quotes, colon, comma and brackets of one header.
const AROUND_HEADER: usize = 8;
/// Shorter bodies are sent as they are: base64 and gzip's own frame eat what is gained.
const WORTH_COMPRESSING: usize = 1024;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Headers of this answer; those of all answers are added on the way out.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
}

/// A body, always of JSON.
#[derive(Clone, PartialEq, Eq)]
pub enum Body {
    /// None.
    Empty,
    /// As it is.
    Json(Vec<u8>),
    /// Compressed by gzip, as the store keeps it: goes out like that where the client takes it.
    Gzip(Vec<u8>),
}

impl Response {
    /// An answer without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Body::Empty }
    }

    /// An answer with a body.
    #[must_use]
    pub fn new(status: u16, body: Body) -> Self {
        Self { status, headers: Vec::new(), body }
    }

    /// An answer with a resource.
    #[must_use]
    pub fn json(status: u16, resource: &Json<'_>) -> Self {
        Self::new(status, Body::Json(resource.to_vec()))
    }

    /// A header more.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The version, as `ETag`.
    #[must_use]
    pub fn etag(self, version: u64) -> Self {
        self.header("ETag", etag(version))
    }

    /// When the version came to be.
    #[must_use]
    pub fn last_modified(self, time: SystemTime) -> Self {
        self.header("Last-Modified", httpdate::fmt_http_date(time))
    }

    /// Where the version is: `base`/`resource`/_history/`version`, the resource being `Patient/1`.
    #[must_use]
    pub fn location(self, base: &str, resource: &str, version: u64) -> Self {
        self.header("Location", format!("{base}/{resource}/_history/{version}"))
    }

    /// What a browser asks before it lets a page of another origin call: API Gateway can answer it, a function URL too.
    #[must_use]
    pub fn preflight() -> Self {
        Self::empty(204)
            .header("Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
            .header(
                "Access-Control-Allow-Headers",
                "Accept, Authorization, Content-Encoding, Content-Type, If-Match, If-Modified-Since, If-None-Exist, \
                 If-None-Match, Prefer, X-Request-Id",
            )
            .header("Access-Control-Max-Age", "86400")
    }

    /// The answer as Lambda gives it to what sent the event.
    #[must_use]
    pub fn into_event(self, negotiated: &Negotiated) -> Value {
        let has_body = self.body != Body::Empty;
        let mut headers: Map<String, Value> =
            self.headers.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        negotiated.headers(&mut headers);
        if has_body {
            headers.insert("Content-Type".to_owned(), json!(negotiated.media.content_type()));
        }
        let size = |value: &Value| value.as_str().map_or(0, escaped);
        let taken: usize = headers.iter().map(|(name, value)| name.len() + size(value) + AROUND_HEADER).sum();
        match self.body.encode(negotiated, MAX_ANSWER.saturating_sub(AROUND + taken)) {
            Ok(Encoded::Text(text)) => answer(negotiated.shape, self.status, headers, text, false),
            Ok(Encoded::Gzip(bytes)) => {
                headers.insert("Content-Encoding".to_owned(), json!("gzip"));
                answer(negotiated.shape, self.status, headers, STANDARD.encode(bytes), true)
            }
            Err(error) => error.response().into_event(negotiated), // a small one, which has room
        }
    }
}

/// A version's `ETag`.
#[must_use]
pub fn etag(version: u64) -> String {
    format!("W/\"{version}\"")
}

enum Encoded {
    Text(String),
    Gzip(Vec<u8>),
}

/// What may be logged of a body.
impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Json(bytes) => write!(f, "Json({} bytes)", bytes.len()),
            Self::Gzip(bytes) => write!(f, "Gzip({} bytes)", bytes.len()),
        }
    }
}

impl Body {
    /// The body's JSON, uncompressed.
    pub fn into_json(self) -> Result<Vec<u8>, Error> {
        match self {
            Self::Empty => Ok(Vec::new()),
            Self::Json(json) => Ok(json),
            Self::Gzip(bytes) => gunzip(&bytes).map_err(Error::internal),
        }
    }

    fn encode(self, negotiated: &Negotiated, room: usize) -> Result<Encoded, Error> {
        let gzip = match self {
            _ if negotiated.head => return Ok(Encoded::Text(String::new())),
            Self::Gzip(bytes) if negotiated.gzip && !negotiated.pretty => bytes,
            body => {
                let json = body.into_json()?;
                let json = if negotiated.pretty { pretty(json)? } else { json };
                if !negotiated.gzip || json.len() <= WORTH_COMPRESSING {
                    let text = String::from_utf8(json).map_err(Error::internal)?;
                    return if escaped(&text) <= room { Ok(Encoded::Text(text)) } else { Err(too_large(negotiated)) };
                }
                compress(&json)?
            }
        };
        let encoded = gzip.len().div_ceil(3) * 4;
        if encoded <= room { Ok(Encoded::Gzip(gzip)) } else { Err(too_large(negotiated)) }
    }
}

fn pretty(json: Vec<u8>) -> Result<Vec<u8>, Error> {
    if json.is_empty() {
        return Ok(json);
    }
    Ok(Json::parse(&json).map_err(Error::internal)?.to_pretty())
}

/// The fast level: a Synthea Bundle of 1.2 MB takes 3 ms to become 190 KB, with the default level 17 ms to become 110 KB.
fn compress(json: &[u8]) -> Result<Vec<u8>, Error> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(json.len() / 6), Compression::fast());
    encoder.write_all(json).and_then(|()| encoder.finish()).map_err(Error::internal)
}

fn too_large(negotiated: &Negotiated) -> Error {
    let advice = if negotiated.gzip { "" } else { "ask with Accept-Encoding: gzip, or " };
    Error::TooCostly(format!("the answer is over Lambda's 6 MB: {advice}ask for less by _count, _elements or _summary"))
}

/// How many bytes a text takes in JSON, without its quotes.
fn escaped(text: &str) -> usize {
    let more = |byte: u8| match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 1,
        0..0x20 => 5,
        _ => 0,
    };
    text.len() + text.bytes().map(more).sum::<usize>()
}

/// REST APIs and HTTP APIs of payload format 1.0 take a header's values as a list, the others as one text.
fn answer(shape: Shape, status: u16, headers: Map<String, Value>, body: String, base64: bool) -> Value {
    let (name, headers) = match shape {
        Shape::V1 => {
            let listed = headers.into_iter().map(|(name, value)| (name, Value::Array(vec![value]))).collect();
            ("multiValueHeaders", Value::Object(listed))
        }
        Shape::V2 => ("headers", Value::Object(headers)),
    };
    let mut answer = Map::new();
    answer.insert("statusCode".to_owned(), json!(status));
    answer.insert(name.to_owned(), headers);
    answer.insert("body".to_owned(), Value::String(body)); // moved: it may be 6 MB
    answer.insert("isBase64Encoded".to_owned(), json!(base64));
    Value::Object(answer)
}

#[cfg(test)]
mod tests;
