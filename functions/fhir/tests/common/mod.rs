//! A server in this process: the function's own handler and store, on a `DynamoDB` (dynoxide) and an S3 (s3s) in memory.

#![expect(clippy::allow_attributes, reason = "which helper is left over differs from test to test")]
#![allow(dead_code, unreachable_pub)]

use fhir::config::{Config, Edge};
use fhir::store::Store;
use fhir::store::bodies::Bodies;
use fhir::store::table::Table;
use fhir_local::cloud::{ARCHIVE_BUCKET, BUCKET, Cloud, TABLE};

/// Where clients find the server.
pub const BASE: &str = "https://fhir.example.org/r4";

/// The server.
pub struct Server {
    /// The services behind it.
    pub cloud: Cloud,
}

impl Server {
    /// Starts it, empty.
    pub async fn start() -> Self {
        Self { cloud: Cloud::start(None, true).await.unwrap() }
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
}
