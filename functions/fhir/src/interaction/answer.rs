//! What an interaction ends with, whether it came by itself or in a Bundle.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fhir_model::json::Json;
use fhir_model::subset::Subset;

use crate::error::Error;
use crate::http::negotiate::Return;
use crate::http::response::{Body, Response};
use crate::interaction::Server;
use crate::outcome::Outcome;
use crate::store::Version;

/// What an interaction ends with.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The version that it is about: `ETag`, Last-Modified and, after a write, Location are its.
    pub version: Option<Version>,
    /// What the body is.
    pub content: Content,
}

/// What an answer's body is.
#[derive(Debug)]
pub enum Content {
    /// There is none.
    Nothing,
    /// The version's resource.
    Resource,
    /// What the client prefers after a write: the version's resource, unless it asks for something else.
    Preferred,
    /// That resource.
    Json(Json<'static>),
}

impl Answer {
    /// An answer to a read.
    #[must_use]
    pub fn resource(version: Version) -> Self {
        Self { status: 200, version: Some(version), content: Content::Resource }
    }

    /// An answer to a write.
    #[must_use]
    pub fn written(status: u16, version: Version) -> Self {
        Self { status, version: Some(version), content: Content::Preferred }
    }

    /// An answer without a body.
    #[must_use]
    pub fn empty(status: u16, version: Option<Version>) -> Self {
        Self { status, version, content: Content::Nothing }
    }

    /// An answer with a resource that is not stored: an outcome, a Bundle.
    #[must_use]
    pub fn json(status: u16, resource: Json<'static>) -> Self {
        Self { status, version: None, content: Content::Json(resource) }
    }

    /// Where the version is, below the base, if it has been written: `Patient/1/_history/2`.
    #[must_use]
    pub fn location(&self) -> Option<String> {
        let version = self.version.as_ref().filter(|version| !version.is_deleted())?;
        matches!(self.content, Content::Preferred).then(|| format!("{}/_history/{}", version.key, version.number))
    }

    /// What happened, for those who prefer to be told so.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let did = match (self.status, &self.version) {
            (_, None) => return Outcome::information("there was nothing to delete"),
            (201, _) => "created",
            (_, Some(version)) if version.is_deleted() => "deleted",
            _ => "stored",
        };
        let what = self.version.as_ref().map(|version| format!("{}, version {}", version.key, version.number));
        Outcome::information(format!("{did}: {}", what.unwrap_or_default()))
    }

    /// The answer to a request of its own.
    pub async fn response(
        self,
        server: &Server<'_>,
        prefer: Option<Return>,
        subset: Option<&Subset>,
    ) -> Result<Response, Error> {
        let deleted = self.version.as_ref().is_none_or(Version::is_deleted);
        let (status, body) = match (&self.content, prefer) {
            (Content::Nothing, _) | (Content::Preferred, Some(Return::Minimal)) => (self.status, Body::Empty),
            (Content::Preferred, Some(Return::OperationOutcome)) => {
                let status = if self.status == 204 { 200 } else { self.status };
                (status, Body::Json(self.outcome().json().to_vec()))
            }
            (Content::Preferred, _) if deleted => (self.status, Body::Empty),
            (Content::Preferred, _) => (self.status, self.stored(server, None).await?),
            (Content::Resource, _) => (self.status, self.stored(server, subset).await?),
            (Content::Json(json), _) => (self.status, Body::Json(json.to_vec())),
        };
        let mut response = Response::new(status, body);
        if let Some(location) = self.location() {
            response = response.header("Location", format!("{}/{location}", server.base));
        }
        Ok(match &self.version {
            Some(version) => response.etag(version.number).last_modified(time(version.updated)),
            None => response,
        })
    }

    /// The version's resource. Whole, it goes out as it is stored: nothing is unpacked or parsed.
    async fn stored(&self, server: &Server<'_>, subset: Option<&Subset>) -> Result<Body, Error> {
        let Some(version) = &self.version else { return Ok(Body::Empty) };
        match subset {
            None => Ok(server.store.gzipped(version).await?.map_or(Body::Empty, Body::Gzip)),
            Some(subset) => {
                let json = server.store.json(version).await?.unwrap_or_default();
                let json = Json::parse(&json).map_err(Error::internal)?;
                Ok(Body::Json(subset.apply(&json).to_vec()))
            }
        }
    }
}

/// Milliseconds since 1970 as the clock's time.
#[must_use]
pub fn time(ms: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(u64::try_from(ms).unwrap_or_default())
}
