//! The handler on this thread, the services on others.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fhir::handler::Handler;
use fhir_local::cloud::Cloud;
use lambda_runtime::{Context, LambdaEvent};
use rustix::time::{ClockId, clock_gettime};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};
use shared::env::Reader;
use tokio::runtime::Runtime;

use crate::common::Server;
use crate::trace::Trace;

/// The services, and a handler.
pub(crate) struct World {
    /// This thread's, on which the handler runs.
    pub(crate) runtime: Runtime,
    pub(crate) cloud: Cloud,
    /// Whose calls are written down.
    pub(crate) trace: Trace,
    /// The function's.
    pub(crate) handler: Handler,
    _services: Runtime,
}

impl World {
    /// Starts it, with what the file has, or with nothing in memory.
    pub(crate) fn start(db: Option<&Path>) -> Self {
        let services = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let cloud = services.block_on(Cloud::start(db, false)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let trace = Trace::default();
        let handler = handler(&client(&cloud), &cloud);
        Self { runtime, cloud, trace, handler, _services: services }
    }

    /// A handler whose calls are written down, which costs time.
    pub(crate) fn traced(&self) -> Handler {
        handler(&self.trace.of(&client(&self.cloud)), &self.cloud)
    }

    /// Sends a request that must be answered with that status.
    pub(crate) fn send(&self, what: &str, body: &[u8], status: u16) -> Value {
        self.runtime.block_on(send(&self.handler, event(what, body), status))
    }
}

/// A handler whose clock is ahead.
pub(crate) fn handler(dynamodb: &aws_sdk_dynamodb::Client, cloud: &Cloud) -> Handler {
    let config = fhir::config::Config { archive_bucket: None, ..Server::config() };
    Handler::new(dynamodb.clone(), cloud.s3.clone(), config).with_clock(ahead)
}

fn ahead() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX) + AHEAD.load(std::sync::atomic::Ordering::Relaxed)
}

/// How far the handlers' clocks are ahead, in milliseconds: what meets a transaction of the last minute is made twice.
pub(crate) static AHEAD: std::sync::atomic::AtomicI64 = std::sync::atomic::AtomicI64::new(0);

/// A client as the function makes it, with connections of its own: those of others are driven by other threads.
pub(crate) fn client(cloud: &Cloud) -> aws_sdk_dynamodb::Client {
    let url = format!("http://{}", cloud.dynamodb_address);
    let mut env = Reader::new(|name| match name {
        "AWS_REGION" => Some("eu-central-1".to_owned()),
        "AWS_ACCESS_KEY_ID" | "AWS_SECRET_ACCESS_KEY" => Some("local".to_owned()),
        "AWS_ENDPOINT_URL" => Some(url.clone()),
        _ => None,
    });
    aws_sdk_dynamodb::Client::new(&shared::aws::config(&mut env).unwrap())
}

/// An event of an HTTP API, as a client's request becomes it.
pub(crate) fn event(what: &str, body: &[u8]) -> LambdaEvent<Box<RawValue>> {
    let (method, url) = what.split_once(' ').unwrap();
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let (body, base64) = match std::str::from_utf8(body) {
        Ok(text) if text.len() < 4_000_000 => (text.to_owned(), false),
        _ => (STANDARD.encode(body), true),
    };
    let event = json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {
            "accept": "application/fhir+json", "content-type": "application/fhir+json", "host": "fhir.example.org",
            "user-agent": "bench", "x-forwarded-for": "192.0.2.1", "x-forwarded-port": "443", "x-forwarded-proto": "https"
        },
        "requestContext": {
            "accountId": "123456789012", "apiId": "abc", "domainName": "fhir.example.org",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1"},
            "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": "$default",
        },
        "body": if body.is_empty() { Value::Null } else { Value::String(body) }, "isBase64Encoded": base64,
    });
    let mut context = Context::default();
    let deadline = (SystemTime::now() + Duration::from_hours(1)).duration_since(UNIX_EPOCH).unwrap();
    context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    LambdaEvent::new(to_raw_value(&event).unwrap(), context)
}

/// Gives the handler an event, which it must answer with that status.
pub(crate) async fn send(handler: &Handler, event: LambdaEvent<Box<RawValue>>, status: u16) -> Value {
    let answer = handler.handle(event).await.expect("the function failed");
    assert_eq!(answer["statusCode"], status, "{}", answer["body"]);
    answer
}

/// This thread's CPU time.
pub(crate) fn cpu_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}
