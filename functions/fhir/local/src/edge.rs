//! What an HTTP API does: a request becomes an event of payload format 2.0, and the function's answer a response.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::cloud::accept;
use crate::function::Function;

/// What Lambda takes as an event.
const MAX_EVENT: usize = 6 * 1024 * 1024;
/// How long requests that are under way have when the server stops.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// Serves until `stop` comes, or is dropped.
pub(crate) async fn serve(listener: TcpListener, function: Function, mut stop: oneshot::Receiver<()>) {
    let function = Arc::new(function);
    let connections = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = accept(&listener) => if let Some(stream) = accepted {
                connect(stream, &function, &connections);
            },
            _ = &mut stop => break,
        }
    }
    drop(listener);
    if tokio::time::timeout(LAST_REQUESTS, connections.shutdown()).await.is_err() {
        tracing::warn!("requests were cut off");
    }
}

fn connect(stream: TcpStream, function: &Arc<Function>, connections: &GracefulShutdown) {
    let function = Arc::clone(function);
    let service = service_fn(move |request| {
        let function = Arc::clone(&function);
        async move { Ok::<_, Infallible>(answer(&function, request).await) }
    });
    let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let connection = connections.watch(connection);
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended");
        }
    });
}

async fn answer(function: &Function, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = match Limited::new(body, MAX_EVENT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return plain(StatusCode::PAYLOAD_TOO_LARGE),
        Err(_) => return plain(StatusCode::BAD_REQUEST), // the client went away, or sent no HTTP
    };
    let id = uuid::Uuid::new_v4().to_string();
    let event = to_raw_value(&event(&parts, &body, &id));
    drop(body);
    let Ok(event) = event else { return plain(StatusCode::BAD_REQUEST) };
    if event.get().len() > MAX_EVENT {
        return plain(StatusCode::PAYLOAD_TOO_LARGE);
    }
    match function.answer(event, id).await {
        Ok(answer) => response(answer).unwrap_or_else(|| plain(StatusCode::BAD_GATEWAY)),
        Err(error) => {
            tracing::error!(error, "the function failed");
            plain(StatusCode::BAD_GATEWAY)
        }
    }
}

/// API Gateway's own words, where the function has none.
fn plain(status: StatusCode) -> Response<Full<Bytes>> {
    let message = json!({"message": status.canonical_reason().unwrap_or_default()}).to_string();
    let mut response = Response::new(Full::new(Bytes::from(message)));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    response
}

fn event(parts: &Parts, body: &[u8], id: &str) -> Value {
    let mut headers = joined(&parts.headers);
    headers.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    let host = headers.get("host").cloned().unwrap_or_default();
    let path = parts.uri.path();
    // An HTTP API gives text as it is, by Content-Type. What is compressed is no text.
    let text = std::str::from_utf8(body).ok().filter(|_| !headers.contains_key("content-encoding"));
    let (text, base64) = text.map_or_else(|| (STANDARD.encode(body), true), |text| (text.to_owned(), false));
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": parts.uri.query().unwrap_or_default(),
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "domainName": host,
            "http": {"method": parts.method.as_str(), "path": path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
            "requestId": id,
            "routeKey": "$default",
            "stage": "$default",
        },
        "body": if body.is_empty() { Value::Null } else { Value::String(text) },
        "isBase64Encoded": base64,
    })
}

fn joined(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut all = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = String::from_utf8_lossy(value.as_bytes());
        let joined = all.entry(name.as_str().to_owned()).or_default();
        if !joined.is_empty() {
            joined.push(',');
        }
        joined.push_str(&value);
    }
    all
}

/// `None` if it is no answer of format 2.0.
fn response(mut answer: Value) -> Option<Response<Full<Bytes>>> {
    let status = u16::try_from(answer.get("statusCode")?.as_u64()?).ok()?;
    let body = match answer.get_mut("body").map(Value::take) {
        Some(Value::String(body)) if answer.get("isBase64Encoded") == Some(&Value::Bool(true)) => {
            STANDARD.decode(body).ok()?
        }
        Some(Value::String(body)) => body.into_bytes(),
        _ => Vec::new(),
    };
    let mut response = Response::builder().status(status);
    for (name, value) in answer.get("headers")?.as_object()? {
        response = response.header(name, value.as_str()?);
    }
    response.body(Full::new(Bytes::from(body))).ok()
}

#[cfg(test)]
mod tests;
