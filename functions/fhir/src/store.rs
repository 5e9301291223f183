//! The store: versions of resources in `DynamoDB`, large bodies in S3. How it is laid out and why it is right: docs/fhir-store.md.

pub mod bodies;
mod claim;
mod commit;
mod history;
pub mod item;
pub(crate) mod prepare;
pub(crate) mod read;
pub(crate) mod room;
mod staged;
pub(crate) mod sweep;
pub mod table;
pub mod version;

use std::time::{SystemTime, UNIX_EPOCH};

use shared::aws::AwsError;
use thiserror::Error;

use bodies::Bodies;
pub use claim::Claim;
pub use prepare::{Content, Draft};
pub use read::{Base, Run};
use table::Table;
pub use version::{Body, Key, Method, Version};

/// The store, as one request sees it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) table: Table,
    pub(crate) bodies: Bodies,
    clock: fn() -> i64,
    base: String,
    /// Writes of one `TransactWriteItems`.
    actions: usize,
    room: room::Room,
}

/// Why the store did not do what it was asked for.
#[derive(Debug, Error)]
pub enum StoreError {
    /// `AWS` failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Somebody else has written what was to be written, or what it depends on, since it was read.
    #[error("another request has changed the same resources meanwhile")]
    Conflict,
    /// Another transaction is at the same resources, longer than a request can wait.
    #[error("another transaction is being committed to the same resources")]
    Busy,
    /// What is stored can't be read: a bug, or somebody else's hand in the table.
    #[error("the stored {0} can't be read")]
    Corrupt(String),
}

impl StoreError {
    /// What failed and how, for the logs: messages may quote keys, and with them patients' data.
    pub(crate) fn call(&self) -> (&str, &str) {
        match self {
            Self::Aws(error) => (error.action, &error.code),
            Self::Conflict => ("commit", "Conflict"),
            Self::Busy => ("commit", "Busy"),
            Self::Corrupt(_) => ("read", "Corrupt"),
        }
    }
}

impl Store {
    /// A store. `base` is the server's own address, by which absolute references to its own resources are known.
    #[must_use]
    pub fn new(table: Table, bodies: Bodies, base: &str) -> Self {
        Self {
            table,
            bodies,
            clock: system_clock,
            base: base.to_owned(),
            actions: commit::ACTIONS,
            room: room::Room::default(),
        }
    }

    /// The same store, for a request to another address.
    #[must_use]
    pub fn at(&self, base: &str) -> Self {
        Self { base: base.to_owned(), ..self.clone() }
    }

    /// The server's own address.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// The same store with another clock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> i64) -> Self {
        self.clock = clock;
        self
    }

    /// The same store that commits in two phases what is more than that many writes, for tests.
    #[must_use]
    pub fn with_actions(mut self, actions: usize) -> Self {
        self.actions = actions;
        self
    }

    /// Milliseconds since 1970.
    #[must_use]
    pub fn now(&self) -> i64 {
        (self.clock)()
    }

    /// A version's gzipped JSON; none for a deletion.
    pub async fn gzipped(&self, version: &Version) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(match &version.body {
            Body::Gzip(bytes) => Some(bytes.to_vec()),
            Body::Object(object) => Some(self.bodies.get(object).await?),
            Body::Deleted => None,
        })
    }

    /// A version's JSON; none for a deletion.
    pub async fn json(&self, version: &Version) -> Result<Option<Vec<u8>>, StoreError> {
        let unreadable = |_| StoreError::Corrupt(version.key.to_string());
        self.gzipped(version).await?.map(|bytes| prepare::gunzip(&bytes).map_err(unreadable)).transpose()
    }
}

fn system_clock() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
