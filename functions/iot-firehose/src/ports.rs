//! What the function needs of AWS: a stream and a quarantine. [`crate::aws`] gives both; tests bring their own.

#![expect(async_fn_in_trait, reason = "the one caller is this crate, on one thread: no Send is needed")]

use shared::aws::AwsError;

/// The delivery stream.
pub trait Stream {
    /// Puts records; answers for each, in order, the error code of those that were not taken.
    async fn put(&self, records: &[&[u8]]) -> Result<Vec<Option<String>>, AwsError>;
}

/// Where messages go that give no line.
pub trait Quarantine {
    /// Stores an object; the same key again replaces it.
    async fn store(&self, key: &str, body: Vec<u8>) -> Result<(), AwsError>;
}
