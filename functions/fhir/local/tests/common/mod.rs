//! A server in memory, and a client of its HTTP API that knows FHIR's Bundles.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::indexing_slicing,
    reason = "tests' own; which helper is left over differs from test to test"
)]

pub mod data;
pub mod generate;
pub mod oracle;
pub mod queries;

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Mutex;

use bytes::Bytes;
use fhir_local::{Options, Server};
use http::{HeaderMap, Request};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// A search that has more pages than that does not come to an end.
const MOST_PAGES: usize = 3_000;

/// A server, and a client that keeps its connections.
pub struct Client {
    /// The base URL.
    pub base: String,
    address: SocketAddr,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
    _server: Server,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Client {
    /// Starts a server, empty.
    pub async fn start() -> Self {
        let server = Server::start(Options::default()).await.unwrap();
        Self { base: server.url(), address: server.address(), idle: Mutex::default(), _server: server }
    }

    async fn connection(&self) -> SendRequest<Full<Bytes>> {
        let idle = self.idle.lock().unwrap().pop();
        if let Some(idle) = idle.filter(|idle| !idle.is_closed()) {
            return idle;
        }
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        sender
    }

    /// Sends `PUT /Patient/1`, headers, body.
    pub async fn send(&self, what: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let (method, url) = what.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(url).header("host", self.address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let mut connection = self.connection().await;
        connection.ready().await.unwrap();
        let (parts, body) = connection.send_request(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        self.idle.lock().unwrap().push(connection);
        Answer { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    /// Sends a GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path}"), &[], "").await
    }

    /// Sends a resource.
    pub async fn put(&self, what: &str, resource: impl Into<Bytes>) -> Answer {
        self.send(what, &[("content-type", "application/fhir+json")], resource).await
    }

    /// Sends a resource, which must be taken, and answers with what the server has made of it.
    pub async fn keep(&self, resource: &Value) -> Value {
        let kind = resource["resourceType"].as_str().unwrap();
        let what = match resource["id"].as_str() {
            Some(id) => format!("PUT /{kind}/{id}"),
            None => format!("POST /{kind}"),
        };
        let answer = self.put(&what, resource.to_string()).await;
        assert!(matches!(answer.status, 200 | 201), "{what}: {}: {}", answer.status, answer.text());
        answer.json()
    }

    /// What a link is below the base; `[base]?_type=…` has no slash.
    pub fn path(&self, link: &str) -> String {
        let below = link.strip_prefix(&self.base).expect("links begin with the base URL");
        format!("/{}", below.trim_start_matches('/'))
    }

    /// One page of a search, which must succeed.
    pub async fn page(&self, path: &str) -> Page {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        Page(answer.json())
    }

    /// The page at a link of a page.
    pub async fn follow(&self, link: &str) -> Page {
        self.page(&self.path(link)).await
    }

    /// All that a search finds, page by page in its order; or the status and what is wrong.
    pub async fn search(&self, path: &str) -> Result<Vec<String>, (u16, String)> {
        let mut found = Vec::new();
        let mut at = path.to_owned();
        for _ in 0..MOST_PAGES {
            let answer = self.get(&at).await;
            if answer.status != 200 {
                return Err((answer.status, answer.text().to_owned()));
            }
            let page = Page(answer.json());
            found.extend(page.matches());
            match page.link("next") {
                Some(next) => at = self.path(&next),
                None => return Ok(found),
            }
        }
        panic!("{path} has no last page");
    }
}

impl Answer {
    /// The body.
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The body, read.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} has no JSON: {}", self.status, self.text()))
    }

    /// A header; empty, if there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A page of a search.
#[derive(Debug)]
pub struct Page(pub Value);

impl Page {
    /// The link of that relation.
    pub fn link(&self, relation: &str) -> Option<String> {
        let links = self.0["link"].as_array()?;
        let link = links.iter().find(|link| link["relation"] == relation)?;
        Some(link["url"].as_str().unwrap().to_owned())
    }

    /// What was found: `Type/id`, in order.
    pub fn matches(&self) -> Vec<String> {
        self.of("match")
    }

    /// What came with it.
    pub fn included(&self) -> Vec<String> {
        self.of("include")
    }

    /// How many there are, as the page says.
    pub fn total(&self) -> Option<u64> {
        self.0["total"].as_u64()
    }

    fn of(&self, mode: &str) -> Vec<String> {
        let entries = self.0["entry"].as_array().map(Vec::as_slice).unwrap_or_default();
        let wanted = entries.iter().filter(|entry| entry["search"]["mode"] == mode);
        wanted.map(|entry| key(&entry["resource"])).collect()
    }
}

/// `Type/id`
pub fn key(resource: &Value) -> String {
    format!("{}/{}", resource["resourceType"].as_str().unwrap(), resource["id"].as_str().unwrap())
}

/// `/Patient?name=peter`, encoded.
pub fn url(path: &str, parameters: &[(String, String)]) -> String {
    let pairs = parameters.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    format!("/{path}?{}", pairs.collect::<Vec<_>>().join("&"))
}

/// Percent-encoded, as a parameter's name or value.
pub fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}"); // to a String it never fails
        }
    }
    out
}
