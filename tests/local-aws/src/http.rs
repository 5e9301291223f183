//! One HTTP request on this machine. A connection each, because tests share the emulators from different runtimes,
//! and a pooled connection dies with the runtime that opened it.

use std::net::SocketAddr;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::error::{Error, Result};

/// Sends `request` to `to` and reads the whole answer.
pub(crate) async fn send(to: SocketAddr, request: Request<Bytes>) -> Result<Response<Bytes>> {
    let failed = |source| Error::Http { to: to.to_string(), source };
    let stream = TcpStream::connect(to).await.map_err(Error::io(format!("no connection to {to}")))?;
    stream.set_nodelay(true).map_err(Error::io("TCP_NODELAY"))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    tokio::spawn(connection); // ends with the answer
    let response = sender.send_request(request.map(Full::new)).await.map_err(failed)?;
    let (parts, body) = response.into_parts();
    let body = body.collect().await.map_err(failed)?.to_bytes();
    Ok(Response::from_parts(parts, body))
}

/// A request with a body and the headers that matter here.
pub(crate) fn request(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Result<Request<Bytes>> {
    let mut builder = Request::builder().method(method).uri(path);
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        builder = builder.header("host", "127.0.0.1");
    }
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(body.into()).map_err(|error| Error::malformed(format!("request {method} {path}"), error))
}
