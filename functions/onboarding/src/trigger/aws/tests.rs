//! What goes over the wire, and what its answers become; by the SDK's own mocks.

use aws_sdk_sfn::operation::start_execution::StartExecutionOutput;
use aws_sdk_sfn::types::error::{ExecutionAlreadyExists, InvalidExecutionInput, StateMachineDoesNotExist};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client, mock};
use aws_smithy_types::DateTime;
use aws_smithy_types::error::ErrorMetadata;
use aws_types::region::Region;

use super::*;

const MOMENT: Duration = Duration::from_millis(1);

fn aws(rule: &Rule) -> Aws {
    let credentials = aws_credential_types::Credentials::new("AKID", "secret", None, None, "test");
    let config = SdkConfig::builder()
        .behavior_version(aws_sdk_sfn::config::BehaviorVersion::latest())
        .region(Region::from_static("eu-west-1"))
        .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(credentials))
        .http_client(create_mock_http_client())
        .retry_config(until_the_deadline().with_initial_backoff(MOMENT).with_max_backoff(MOMENT))
        .build();
    let answers = MockResponseInterceptor::new().rule_mode(RuleMode::Sequential).with_rule(rule);
    let sfn = builder(&config).interceptor(answers).build();
    Aws { sfn: aws_sdk_sfn::Client::from_conf(sfn), state_machine: "arn".to_owned() }
}

fn started() -> StartExecutionOutput {
    StartExecutionOutput::builder().execution_arn("arn:1").start_date(DateTime::from_secs(0)).build().unwrap()
}

#[tokio::test]
async fn the_name_and_the_input_are_sent() {
    let rule = mock!(aws_sdk_sfn::Client::start_execution)
        .match_requests(|call| {
            (call.state_machine_arn(), call.name(), call.input()) == (Some("arn"), Some("S-1-5-21-7"), Some("{}"))
        })
        .then_output(started);
    assert_eq!(aws(&rule).start("S-1-5-21-7", "{}").await.unwrap(), Started::Now);
}

#[tokio::test]
async fn an_execution_that_exists_is_a_success() {
    let exists = || StartExecutionError::ExecutionAlreadyExists(ExecutionAlreadyExists::builder().message("m").build());
    let rule = mock!(aws_sdk_sfn::Client::start_execution).then_error(exists);
    assert_eq!(aws(&rule).start("S-1-5-21-7", "{}").await.unwrap(), Started::Before);
    assert_eq!(rule.num_calls(), 1);
}

#[tokio::test]
async fn a_state_machine_that_is_not_there_is_not_asked_again() {
    let missing =
        || StartExecutionError::StateMachineDoesNotExist(StateMachineDoesNotExist::builder().message("m").build());
    let rule = mock!(aws_sdk_sfn::Client::start_execution).then_error(missing);
    let error = aws(&rule).start("S-1-5-21-7", "{}").await.unwrap_err();
    assert_eq!((error.action, error.retryable, rule.num_calls()), ("StartExecution", false, 1));
}

#[tokio::test]
async fn a_complaint_about_what_was_sent_is_told_without_what_it_quotes() {
    let quoting = ErrorMetadata::builder().code("InvalidExecutionInput").message("Invalid input: 'anna'").build();
    let invalid = move || {
        let error = InvalidExecutionInput::builder().message("Invalid input: 'anna'").meta(quoting.clone()).build();
        StartExecutionError::InvalidExecutionInput(error)
    };
    let rule = mock!(aws_sdk_sfn::Client::start_execution).then_error(invalid);
    let error = aws(&rule).start("S-1-5-21-7", "{}").await.unwrap_err();
    assert_eq!(shared::error::chain(&error), "StartExecution failed with InvalidExecutionInput");
}

#[tokio::test]
async fn what_is_throttled_is_asked_again_until_it_goes_through() {
    // More often than the SDK's own bucket of retries allows.
    let rule = mock!(aws_sdk_sfn::Client::start_execution)
        .sequence()
        .http_status(503, None)
        .times(150)
        .output(started)
        .build();
    assert_eq!(aws(&rule).start("S-1-5-21-7", "{}").await.unwrap(), Started::Now);
    assert_eq!(rule.num_calls(), 151);
}
