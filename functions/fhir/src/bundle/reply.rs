//! The entries of the answer: written as text at once, so that no resource is parsed or copied on its way out.

use fhir_model::json::{Json, Object};

use crate::error::Error;
use crate::http::negotiate::Return;
use crate::http::response::{Response, etag};
use crate::interaction::{Answer, Server};

/// What stands in an entry of the answer.
#[derive(Debug, Default)]
struct Reply {
    full_url: Option<String>,
    /// A resource's text.
    resource: Option<Vec<u8>>,
    response: Object<'static>,
}

impl Reply {
    fn new(status: u16) -> Self {
        let mut reply = Self::default();
        reply.set("status", format!("{status} {}", reason(status)));
        reply
    }

    fn set(&mut self, name: &'static str, text: String) {
        self.response.set(name, Json::string(text));
    }

    /// The entry's text.
    fn text(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256 + self.resource.as_ref().map_or(0, Vec::len));
        out.push(b'{');
        if let Some(full_url) = self.full_url {
            out.extend_from_slice(b"\"fullUrl\":");
            Json::string(full_url).write(&mut out);
            out.push(b',');
        }
        if let Some(resource) = self.resource {
            out.extend_from_slice(b"\"resource\":");
            out.extend_from_slice(&resource);
            out.push(b',');
        }
        out.extend_from_slice(b"\"response\":");
        Json::Object(self.response).write(&mut out);
        out.push(b'}');
        out
    }
}

/// The entry for what was written. Without another wish no resource comes back: the client has them.
pub(super) async fn written(server: &Server<'_>, answer: Answer, prefer: Option<Return>) -> Result<Vec<u8>, Error> {
    let mut reply = Reply::new(answer.status);
    if let Some(location) = answer.location() {
        reply.set("location", location);
    }
    if let Some(version) = &answer.version {
        reply.set("etag", etag(version.number));
        reply.set("lastModified", fhir_model::time::instant(version.updated));
    }
    match (&answer.version, prefer) {
        (Some(version), Some(Return::Representation)) => {
            reply.resource = server.store.json(version).await?;
            reply.full_url = reply.resource.is_some().then(|| format!("{}/{}", server.base, version.key));
        }
        (_, Some(Return::OperationOutcome)) => {
            reply.response.set("outcome", answer.outcome().json());
        }
        _ => (),
    }
    Ok(reply.text())
}

/// The entry for what was read.
pub(super) fn read(server: &Server<'_>, response: Response) -> Result<Vec<u8>, Error> {
    let mut reply = Reply::new(response.status);
    let header = |name| response.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.clone());
    let version = header("ETag");
    if let Some(etag) = header("ETag") {
        reply.set("etag", etag);
    }
    let body = response.body.into_json()?;
    if response.status >= 400 {
        let outcome = Json::parse(&body).map_err(Error::internal)?.into_owned();
        reply.response.set("outcome", outcome);
    } else if !body.is_empty() {
        if version.is_some() {
            // The header knows whole seconds only.
            let json = Json::parse(&body).map_err(Error::internal)?;
            if let Some(updated) = json.get("meta").and_then(|meta| meta.text("lastUpdated")) {
                reply.set("lastModified", updated.to_owned());
            }
            if let Some((kind, id)) = json.text("resourceType").zip(json.text("id")) {
                reply.full_url = Some(format!("{}/{kind}/{id}", server.base));
            }
        }
        reply.resource = Some(body);
    }
    Ok(reply.text())
}

/// The entry for what failed.
pub(super) fn failed(error: &Error) -> Vec<u8> {
    let mut reply = Reply::new(error.status());
    reply.response.set("outcome", error.outcome().json());
    reply.text()
}

/// What HTTP calls the status.
fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        204 => "No Content",
        304 => "Not Modified",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
