//! The events that bring HTTP: of API Gateway's REST APIs and HTTP APIs, and of function URLs.
//!
//! Own types, not those of `aws_lambda_events`: its dozens of fields for authorizers and identities are read by nobody here,
//! and its bodies are copied once more; a body may be 6 MB.
//!
//! What each calls a path differs. A REST API leaves the stage out of `path` and has it in `requestContext.path`, its custom
//! domain leaves the base path in both; an HTTP API leaves its stage in `rawPath`, unless that is `$default`. So what is below
//! the base is told by the route (`/{proxy+}`, `/metadata`) where there is one, else by the stage.

mod path;

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::config::Edge;
use crate::error::Error;
use crate::http::negotiate::{Media, Negotiated, accepts_gzip, body_kind, media};
use crate::http::request::{BodyKind, Headers, MAX_FORM, Method, Request, decompress, few, parameters};

/// How an event is built, and its answer with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// A REST API, or an HTTP API of payload format 1.0.
    V1,
    /// An HTTP API of payload format 2.0, or a function URL.
    #[default]
    V2,
}

/// An event that brings no HTTP request. Names nothing that the event holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}; the function takes requests of API Gateway's REST and HTTP APIs and of function URLs")]
pub struct UnknownEvent(&'static str);

impl shared::error::FunctionError for UnknownEvent {
    fn error_type(&self) -> &'static str {
        "UnknownEvent"
    }

    fn retryable(&self) -> bool {
        false
    }
}

/// What came. Nothing of the event is borrowed, so that the event can be dropped.
#[derive(Debug)]
pub struct Received {
    /// How to answer.
    pub negotiated: Negotiated,
    /// What is asked for, or what is wrong with it.
    pub request: Result<Request, Error>,
}

/// Any of the events. What is not there and what is `null` is the same.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    http_method: Option<String>,
    resource: Option<String>,
    route_key: Option<String>,
    path: Option<String>,
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    path_parameters: Option<HashMap<String, String>>,
    headers: Option<HashMap<String, Option<String>>>,
    multi_value_headers: Option<HashMap<String, Option<Vec<String>>>>,
    query_string_parameters: Option<Pairs<String>>,
    multi_value_query_string_parameters: Option<Pairs<Vec<String>>>,
    request_context: Option<Context>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    is_base64_encoded: Option<bool>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Context {
    http: Option<Http>,
    path: Option<String>,
    stage: Option<String>,
    domain_name: Option<String>,
    request_id: Option<String>,
    elb: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Http {
    method: String,
}

/// An object's members in their order: the order of parameters is the client's.
struct Pairs<V>(Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> serde::de::Visitor<'de> for Members<V> {
            type Value = Pairs<V>;
            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members(std::marker::PhantomData))
    }
}

impl Received {
    /// Reads an event.
    pub fn read(payload: &str, edge: &Edge) -> Result<Self, UnknownEvent> {
        let event: Event<'_> =
            serde_json::from_str(payload).map_err(|_| UnknownEvent("the event is none of HTTP, or is misshapen"))?;
        let (shape, method) = event.shape()?;
        let headers = event.headers();
        let query = event.query(shape);
        let chosen = chosen(&headers, &query);
        let context = event.request_context.as_ref();
        let id = context.and_then(|context| context.request_id.clone()).unwrap_or_default();
        let mut negotiated = Negotiated {
            shape,
            head: method == Method::Head,
            gzip: accepts_gzip(&headers),
            pretty: pretty(&query),
            media: chosen.as_ref().copied().unwrap_or_default(),
            request_id: id.clone(),
            correlation_id: headers.get("x-request-id").filter(|id| is_id(id)).map(str::to_owned),
            cors_origin: edge.cors_origin.clone(),
        };
        let (base, path) = event.place(shape, &headers, edge);
        let request = Request { method, path, query, headers, base, id, ..Request::default() };
        let mut request = chosen.and_then(|_| event.with_body(request));
        if let Ok(Request { kind: BodyKind::Form, headers, query, .. }) = &request {
            negotiated.pretty = pretty(query); // a form may say these, too
            match self::chosen(headers, query) {
                Ok(media) => negotiated.media = media,
                Err(error) => request = Err(error),
            }
        }
        Ok(Self { negotiated, request })
    }
}

fn chosen(headers: &Headers, query: &[(String, String)]) -> Result<Media, Error> {
    let format = query.iter().find(|(name, _)| name == "_format").map(|(_, value)| value.as_str());
    media(headers, format)
}

fn pretty(query: &[(String, String)]) -> bool {
    query.iter().any(|(name, value)| name == "_pretty" && value == "true")
}

impl Event<'_> {
    fn shape(&self) -> Result<(Shape, Method), UnknownEvent> {
        let context = self.request_context.as_ref();
        match (context.and_then(|context| context.http.as_ref()), &self.http_method) {
            (Some(http), _) if self.raw_path.is_some() => Ok((Shape::V2, Method::read(&http.method))),
            (_, Some(_)) if context.is_some_and(|context| context.elb.is_some()) => {
                Err(UnknownEvent("the event is a load balancer's"))
            }
            (_, Some(method)) if self.path.is_some() => Ok((Shape::V1, Method::read(method))),
            _ => Err(UnknownEvent("the event has no HTTP method and path")),
        }
    }

    fn headers(&self) -> Headers {
        if let Some(headers) = &self.multi_value_headers {
            let values = |values: &Option<Vec<String>>| values.as_ref().map(|values| values.join(", "));
            return headers.iter().filter_map(|(name, all)| Some((name, values(all)?))).collect();
        }
        let headers = self.headers.iter().flatten();
        headers.filter_map(|(name, value)| Some((name, value.as_ref()?))).collect()
    }

    /// REST APIs and format 1.0 decode the query, format 2.0 does not.
    fn query(&self, shape: Shape) -> Vec<(String, String)> {
        match (shape, &self.multi_value_query_string_parameters, &self.query_string_parameters) {
            (Shape::V2, ..) => parameters(self.raw_query_string.as_deref().unwrap_or_default().as_bytes()),
            (Shape::V1, Some(Pairs(all)), _) => {
                let each = |(name, values): &(String, Vec<String>)| {
                    let name = name.clone();
                    values.clone().into_iter().map(move |value| (name.clone(), value)).collect::<Vec<_>>()
                };
                all.iter().flat_map(each).collect()
            }
            (Shape::V1, None, Some(Pairs(all))) => all.clone(),
            (Shape::V1, None, None) => Vec::new(),
        }
    }

    /// The base URL, and the path below it.
    fn place(&self, shape: Shape, headers: &Headers, edge: &Edge) -> (String, Vec<String>) {
        let none = Context::default();
        let context = self.request_context.as_ref().unwrap_or(&none);
        let seen = path::Seen {
            whole: match shape {
                Shape::V1 => context.path.as_deref().or(self.path.as_deref()).unwrap_or_default(),
                Shape::V2 => self.raw_path.as_deref().unwrap_or_default(),
            },
            below_stage: (shape == Shape::V1).then_some(self.path.as_deref()).flatten(),
            stage: context.stage.as_deref().filter(|stage| *stage != "$default"),
            route: self.resource.as_deref().or(self.route_key.as_deref()).unwrap_or_default(),
            parameters: self.path_parameters.as_ref(),
            base_url: edge.base_url.as_deref(),
        };
        let (above, below) = path::split(&seen);
        let base = edge.base_url.clone().unwrap_or_else(|| {
            let host = |text: &str| text.split('/').next().filter(|host| !host.is_empty()).map(str::to_owned);
            let named = context.domain_name.as_deref().and_then(host);
            let host = named.or_else(|| headers.get("host").and_then(host)).unwrap_or_else(|| "localhost".to_owned());
            // The header is API Gateway's own; what a client sends under that name is overwritten.
            let scheme = if headers.get("x-forwarded-proto") == Some("http") { "http" } else { "https" };
            format!("{scheme}://{host}{above}")
        });
        (base, below)
    }

    fn with_body(&self, mut request: Request) -> Result<Request, Error> {
        let search = request.method == Method::Post && request.path.last().is_some_and(|last| last == "_search");
        few(&request.query)?;
        let bytes = self.body()?;
        request.kind = body_kind(request.method, search, request.headers.get("content-type"), bytes.is_empty())?;
        if request.kind == BodyKind::None {
            return Ok(request);
        }
        (request.body, request.raw) = decompress(bytes, request.headers.get("content-encoding"))?;
        if request.kind == BodyKind::Form {
            if request.body.len() > MAX_FORM {
                return Err(Error::TooLarge(format!("the form is over {} KB", MAX_FORM / 1024)));
            }
            request.query.append(&mut parameters(&request.body));
            few(&request.query)?;
            (request.body, request.raw) = (Vec::new(), None);
        }
        Ok(request)
    }

    fn body(&self) -> Result<Vec<u8>, Error> {
        let Some(body) = self.body else { return Ok(Vec::new()) };
        let unreadable = || Error::Malformed("the body is no text in UTF-8".to_owned());
        if self.is_base64_encoded != Some(true) {
            return serde_json::from_str::<String>(body.get()).map(String::into_bytes).map_err(|_| unreadable());
        }
        // Base64 has nothing to unescape, so that it is not copied before it is decoded.
        let text: Text<'_> = serde_json::from_str(body.get()).map_err(|_| unreadable())?;
        STANDARD.decode(text.0.as_bytes()).map_err(|_| Error::Malformed("the body is no base64".to_owned()))
    }
}

#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A client's request id is taken for one if it can be logged.
fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

#[cfg(test)]
mod tests;
