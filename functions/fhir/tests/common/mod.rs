//! A server in this process: the function's own handler and store, on a `DynamoDB` (dynoxide) and an S3 (s3s) in memory.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests' own; which helper is left over differs from test to test"
)]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fhir::config::{Config, Edge};
use fhir::handler::Handler;
use fhir::store::Store;
use fhir::store::bodies::Bodies;
use fhir::store::table::Table;
use fhir_local::cloud::{ARCHIVE_BUCKET, BUCKET, Cloud, TABLE};
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// Where clients find the server.
pub const BASE: &str = "https://fhir.example.org/r4";

/// The server.
pub struct Server {
    /// The services behind it.
    pub cloud: Cloud,
    /// What answers.
    pub handler: Handler,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Value,
    pub text: String,
}

impl Server {
    /// Starts it, empty.
    pub async fn start() -> Self {
        let cloud = Cloud::start(None, true).await.unwrap();
        let handler = Handler::new(cloud.dynamodb.clone(), cloud.s3.clone(), Self::config());
        Self { cloud, handler }
    }

    /// A store on its table and bucket.
    pub fn store(&self) -> Store {
        let bodies = Bodies::new(self.cloud.s3.clone(), BUCKET);
        Store::new(Table::new(self.cloud.dynamodb.clone(), TABLE), bodies, BASE)
    }

    /// What the function is configured with.
    pub fn config() -> Config {
        Config {
            table: TABLE.to_owned(),
            bucket: BUCKET.to_owned(),
            archive_bucket: Some(ARCHIVE_BUCKET.to_owned()),
            page_size: 50,
            max_page_size: 200,
            edge: Edge { base_url: Some(BASE.to_owned()), cors_origin: None },
        }
    }

    /// Sends a request: `PUT /Patient/1?x=y`, headers, body.
    pub async fn send(&self, what: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let (method, url) = what.split_once(' ').unwrap();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let headers: serde_json::Map<String, Value> =
            headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let event = json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": headers,
            "requestContext": {"http": {"method": method}, "stage": "$default", "requestId": uuid::Uuid::new_v4().to_string()},
            "body": STANDARD.encode(body), "isBase64Encoded": true,
        });
        let mut answer = self.handle(&event, Duration::from_mins(10)).await.unwrap(); // a build without optimization
        let Value::String(text) = answer["body"].take() else { panic!("the answer has no body member") };
        assert_eq!(answer["isBase64Encoded"], json!(false), "nobody has asked for gzip");
        let status = u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap();
        Answer { status, headers: answer["headers"].take(), text }
    }

    /// Gives the handler an event, and so much time.
    pub async fn handle(&self, event: &Value, time: Duration) -> Result<Value, Diagnostic> {
        let deadline = (SystemTime::now() + time).duration_since(UNIX_EPOCH).unwrap();
        let mut context = Context::default();
        context.deadline = u64::try_from(deadline.as_millis()).unwrap();
        let event = LambdaEvent::new(RawValue::from_string(event.to_string()).unwrap(), context);
        self.handler.handle(event).await.map_err(Diagnostic::from)
    }

    /// Sends a request without a body.
    pub async fn get(&self, what: &str) -> Answer {
        self.send(what, &[], b"").await
    }

    /// Sends a resource.
    pub async fn post(&self, what: &str, resource: &Value) -> Answer {
        self.send(what, &[("content-type", "application/fhir+json")], resource.to_string().as_bytes()).await
    }
}

impl Answer {
    /// The body.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{} has no JSON: {}", self.status, self.text))
    }

    /// A header, by the name that the server gives it.
    pub fn header(&self, name: &str) -> &str {
        self.headers[name].as_str().unwrap_or_default()
    }
}
