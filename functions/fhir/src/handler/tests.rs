use super::*;

#[test]
fn a_failure_is_logged_without_what_the_service_quotes() {
    let error = aws_sdk_dynamodb::error::SdkError::<aws_sdk_dynamodb::operation::query::QueryError, _>::timeout_error("Chalmers");
    assert_eq!(cause(&Error::Store(shared::aws::AwsError::new("Query", error))), "Query failed with Timeout");
}
