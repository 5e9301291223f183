//! AWS behind the ports: thin, one function a call.

#[cfg(test)]
mod tests;

use aws_sdk_firehose::types::{PutRecordBatchResponseEntry, Record};
use aws_smithy_types::Blob;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::retry::RetryConfig;
use aws_types::SdkConfig;
use shared::aws::AwsError;

use crate::config::Config;
use crate::ports::{Quarantine, Stream};

/// The clients, and what they act on.
pub struct Aws {
    firehose: aws_sdk_firehose::Client,
    s3: aws_sdk_s3::Client,
    stream: String,
    bucket: String,
}

impl Aws {
    /// Clients that share `aws`'s HTTP client.
    #[must_use]
    pub fn new(aws: &SdkConfig, config: &Config) -> Self {
        // `deliver` repeats what failed, by record and until the deadline: the SDK would repeat whole calls.
        let once = aws.to_builder().retry_config(RetryConfig::disabled()).build();
        let s3 = aws_sdk_s3::config::Builder::from(aws).force_path_style(aws.endpoint_url().is_some()).build();
        Self {
            firehose: aws_sdk_firehose::Client::new(&once),
            s3: aws_sdk_s3::Client::from_conf(s3),
            stream: config.stream.clone(),
            bucket: config.quarantine_bucket.clone(),
        }
    }
}

impl Stream for Aws {
    async fn put(&self, records: &[&[u8]]) -> Result<Vec<Option<String>>, AwsError> {
        let failed = |error| AwsError::new("PutRecordBatch", error);
        let records: Result<Vec<_>, _> =
            records.iter().map(|record| Record::builder().data(Blob::new(*record)).build()).collect();
        let call = self.firehose.put_record_batch().delivery_stream_name(&self.stream);
        let records =
            records.map_err(|error| failed(aws_sdk_firehose::error::SdkError::construction_failure(error)))?;
        let answer = call.set_records(Some(records)).send().await.map_err(failed)?;
        // A record may carry an id and an error code both: the code decides. One that has neither was not taken.
        let code = |record: PutRecordBatchResponseEntry| match (record.error_code, record.record_id) {
            (Some(code), _) if !code.is_empty() => Some(code),
            (_, Some(id)) if !id.is_empty() => None,
            _ => Some("neither RecordId nor ErrorCode".to_owned()),
        };
        Ok(answer.request_responses.into_iter().map(code).collect())
    }
}

impl Quarantine for Aws {
    async fn store(&self, key: &str, body: Vec<u8>) -> Result<(), AwsError> {
        let call = self.s3.put_object().bucket(&self.bucket).key(key).content_type("application/jsonl");
        let sent = call.body(ByteStream::from(body)).send().await;
        sent.map(drop).map_err(|error| AwsError::new("PutObject", error))
    }
}
