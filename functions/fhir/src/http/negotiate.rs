//! The headers that FHIR gives a meaning: what the client sends, what it wants back, and on which conditions.

mod accept;
mod conditions;

use serde_json::{Map, Value, json};

pub use accept::{Media, accepts_gzip, body_kind, media};
pub use conditions::{Conditions, Prefer, Return, Tags, Unless};

use crate::http::event::Shape;

/// What is known of how to answer, before anything else is: even an event whose body can't be read gets an answer that its
/// sender understands.
#[derive(Clone, Debug, Default)]
pub struct Negotiated {
    /// What sent the event.
    pub shape: Shape,
    /// Whether the client wants no body: a HEAD.
    pub head: bool,
    /// Whether it takes gzip.
    pub gzip: bool,
    /// Whether it wants to read the JSON with its own eyes (`_pretty`).
    pub pretty: bool,
    /// As what it wants the JSON.
    pub media: Media,
    /// `X-Request-Id`: the id of this request in the logs.
    pub request_id: String,
    /// The client's own id for it, which comes back as `X-Correlation-Id`.
    pub correlation_id: Option<String>,
    /// `CORS_ORIGIN`
    pub cors_origin: Option<String>,
}

impl Negotiated {
    /// The headers that every answer has.
    pub(super) fn headers(&self, headers: &mut Map<String, Value>) {
        let mut set = |name: &str, value: &str| headers.insert(name.to_owned(), json!(value));
        set("Vary", "Accept, Accept-Encoding");
        // Patients' data belong in no cache. A client that keeps a version itself still asks by If-None-Match.
        set("Cache-Control", "no-store");
        set("X-Content-Type-Options", "nosniff");
        set("Strict-Transport-Security", "max-age=31536000");
        set("X-Request-Id", &self.request_id);
        if let Some(id) = &self.correlation_id {
            set("X-Correlation-Id", id);
        }
        if let Some(origin) = &self.cors_origin {
            set("Access-Control-Allow-Origin", origin);
            set("Access-Control-Expose-Headers", "ETag, Last-Modified, Location, Retry-After, X-Request-Id");
        }
    }
}
