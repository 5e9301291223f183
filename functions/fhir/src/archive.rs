//! Keeps each posted message in S3 as it came, where `ARCHIVE_BUCKET` is set.
//!
//! It is written while the interaction is at work. An answer of success therefore says that the message is archived; where
//! archiving fails the answer is an error, and the client's next attempt brings the message again.

use aws_sdk_s3::Client;
use aws_smithy_types::byte_stream::ByteStream;
use fhir_model::time;
use shared::aws::AwsError;

use crate::http::request::{BodyKind, Request};

/// The bucket and its client.
#[derive(Clone, Debug)]
pub struct Archive {
    client: Client,
    bucket: String,
}

impl Archive {
    /// The bucket of that name.
    #[must_use]
    pub fn new(client: Client, bucket: &str) -> Self {
        Self { client, bucket: bucket.to_owned() }
    }

    /// Writes the body as it came. `id` is the request's, `now` milliseconds since 1970.
    pub async fn put(&self, request: &Request, id: &str, now: i64) -> Result<(), AwsError> {
        let gzip = request.raw.is_some();
        let call = self.client.put_object().bucket(&self.bucket).key(key(id, now, gzip));
        // Its own words, not the client's header: S3 refuses some characters.
        let call = call.content_type(match request.kind {
            BodyKind::JsonPatch => "application/json-patch+json",
            _ => "application/fhir+json",
        });
        let call = if gzip { call.content_encoding("gzip") } else { call };
        let sent = call.body(ByteStream::from(request.original().to_vec())).send().await;
        sent.map(drop).map_err(|error| AwsError::new("PutObject", error))
    }
}

/// `2026/11/22/<id>.json`, by the day in UTC.
fn key(id: &str, now: i64, gzip: bool) -> String {
    let day = time::instant(now).get(..10).unwrap_or_default().replace('-', "/");
    let id: String = id.chars().map(|c| if c.is_ascii_alphanumeric() || "-_=".contains(c) { c } else { '_' }).collect();
    format!("{day}/{id}.json{}", if gzip { ".gz" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_lie_by_day_and_a_request_id_makes_no_folders() {
        assert_eq!(key("JKJaXmPLvHcESHA=", 1_700_000_000_123, true), "2023/11/14/JKJaXmPLvHcESHA=.json.gz");
        assert_eq!(key("../a b", 0, false), "1970/01/01/___a_b.json");
    }
}
