//! What goes over the wire, and what its answers become; by the SDK's own mocks.

use aws_sdk_firehose::operation::put_record_batch::{PutRecordBatchError, PutRecordBatchOutput};
use aws_sdk_firehose::types::PutRecordBatchResponseEntry;
use aws_sdk_firehose::types::error::ServiceUnavailableException;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use aws_types::region::Region;

use super::*;

fn aws(rules: &[&Rule]) -> Aws {
    let credentials = aws_credential_types::Credentials::new("AKID", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_firehose::config::BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
        .http_client(create_mock_http_client())
        .retry_config(RetryConfig::disabled())
        .build();
    let answers = || {
        let none = MockResponseInterceptor::new().rule_mode(RuleMode::Sequential);
        rules.iter().fold(none, |all, rule| all.with_rule(rule))
    };
    let firehose = aws_sdk_firehose::config::Builder::from(&config).interceptor(answers()).build();
    let s3 = aws_sdk_s3::config::Builder::from(&config).interceptor(answers()).build();
    Aws {
        firehose: aws_sdk_firehose::Client::from_conf(firehose),
        s3: aws_sdk_s3::Client::from_conf(s3),
        stream: "stream".to_owned(),
        bucket: "bucket".to_owned(),
    }
}

#[tokio::test]
async fn the_error_code_decides_even_beside_a_record_id() {
    let entry = PutRecordBatchResponseEntry::builder;
    let answered = mock!(aws_sdk_firehose::Client::put_record_batch)
        .match_requests(|call| {
            let data: Vec<_> = call.records().iter().map(|record| record.data().as_ref()).collect();
            call.delivery_stream_name() == Some("stream") && data == [b"a\n", b"b\n"]
        })
        .then_output(move || {
            PutRecordBatchOutput::builder()
                .failed_put_count(1)
                .request_responses(entry().record_id("1").build())
                .request_responses(entry().record_id("2").error_code("ServiceUnavailableException").build())
                .build()
                .unwrap()
        });
    let codes = aws(&[&answered]).put(&[b"a\n", b"b\n"]).await.unwrap();
    assert_eq!(codes, [None, Some("ServiceUnavailableException".to_owned())]);
}

#[tokio::test]
async fn a_throttled_call_is_left_to_the_delivery() {
    let throttled = mock!(aws_sdk_firehose::Client::put_record_batch).then_error(|| {
        PutRecordBatchError::ServiceUnavailableException(ServiceUnavailableException::builder().message("slow").build())
    });
    let error = aws(&[&throttled]).put(&[b"a\n"]).await.unwrap_err();
    assert_eq!((error.action, throttled.num_calls()), ("PutRecordBatch", 1));
}

#[tokio::test]
async fn an_object_goes_into_the_quarantine_bucket() {
    let stored = mock!(aws_sdk_s3::Client::put_object)
        .match_requests(|call| (call.bucket(), call.key()) == (Some("bucket"), Some("k")))
        .then_output(|| PutObjectOutput::builder().build());
    aws(&[&stored]).store("k", b"x".to_vec()).await.unwrap();
    assert_eq!(stored.num_calls(), 1);
}
