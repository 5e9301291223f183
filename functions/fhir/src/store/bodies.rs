//! Bodies that are too large for an item, as objects in S3, each written once under a key of its own and never changed.

use aws_sdk_s3::Client;
use aws_smithy_types::byte_stream::ByteStream;
use shared::aws::AwsError;
use uuid::Uuid;

use super::version::Key;

/// Gzipped bodies above that size go to S3. A head can hold two (the current and a staged one) and an item 400 KB.
pub const LARGEST_IN_ITEM: usize = 190_000;

/// The bucket and its client.
#[derive(Clone, Debug)]
pub struct Bodies {
    client: Client,
    bucket: String,
}

impl Bodies {
    /// The bucket of that name.
    #[must_use]
    pub fn new(client: Client, bucket: &str) -> Self {
        Self { client, bucket: bucket.to_owned() }
    }

    /// A key that nothing has been written under.
    #[must_use]
    pub fn new_key(key: &Key, number: u64) -> String {
        format!("bodies/{key}/{number}-{}", Uuid::new_v4().simple())
    }

    /// Writes a gzipped body.
    pub async fn put(&self, object: &str, body: Vec<u8>) -> Result<(), AwsError> {
        let call = self.client.put_object().bucket(&self.bucket).key(object).content_type("application/gzip");
        let sent = call.body(ByteStream::from(body)).send().await;
        sent.map(drop).map_err(|error| AwsError::new("PutObject", error))
    }

    /// Reads a gzipped body.
    pub async fn get(&self, object: &str) -> Result<Vec<u8>, AwsError> {
        let call = self.client.get_object().bucket(&self.bucket).key(object);
        let answer = call.send().await.map_err(|error| AwsError::new("GetObject", error))?;
        let body = answer.body.collect().await.map_err(|error| {
            AwsError::new(
                "GetObject",
                aws_sdk_s3::error::SdkError::<aws_sdk_s3::operation::get_object::GetObjectError, _>::timeout_error(
                    error,
                ),
            )
        })?;
        Ok(body.to_vec())
    }

    /// Removes a body that no version refers to.
    pub async fn delete(&self, object: &str) -> Result<(), AwsError> {
        let sent = self.client.delete_object().bucket(&self.bucket).key(object).send().await;
        sent.map(drop).map_err(|error| AwsError::new("DeleteObject", error))
    }
}
