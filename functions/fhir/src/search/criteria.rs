//! What conditional interactions search by: `If-None-Exist: identifier=…`, `PUT /Patient?identifier=…`.

use crate::error::Error;
use crate::store::{Run, Store, Version};

/// A resource type and search parameters, all of them understood.
#[derive(Clone, Debug)]
pub struct Criteria {
    resource_type: &'static str,
    normalized: String,
}

impl Criteria {
    /// Reads the parameters of a conditional interaction. Unknown parameters always fail, and so does having none.
    ///
    /// `base` is the server's own address, `now` milliseconds since 1970.
    pub fn parse(resource_type: &'static str, query: &[(String, String)], base: &str, now: i64) -> Result<Self, Error> {
        let _ = (resource_type, query, base, now);
        Err(Error::Unsupported("to come".to_owned()))
    }

    /// The resource type.
    #[must_use]
    pub fn resource_type(&self) -> &'static str {
        self.resource_type
    }

    /// The same text for the same criteria: what a claim is keyed by ([`crate::store::Claim`]).
    #[must_use]
    pub fn normalized(&self) -> &str {
        &self.normalized
    }

    /// Current versions that match, at most `limit`.
    pub async fn matches(&self, store: &Store, run: &Run, limit: usize) -> Result<Vec<Version>, Error> {
        let _ = (store, run, limit);
        Err(Error::Unsupported("to come".to_owned()))
    }
}
