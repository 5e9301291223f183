use super::*;

/// The local server answers each request in a task of its own.
#[test]
fn answering_can_move_between_threads() {
    fn is_send<T: Send>(_: impl Fn(&'static Handler, LambdaEvent<Box<RawValue>>) -> T) {}
    is_send(|handler, event| handler.handle(event));
}

#[test]
fn a_failure_is_logged_without_what_the_service_quotes() {
    let error = aws_sdk_dynamodb::error::SdkError::<aws_sdk_dynamodb::operation::query::QueryError, _>::timeout_error("Chalmers");
    assert_eq!(cause(&Error::Store(shared::aws::AwsError::new("Query", error))), "Query failed with Timeout");
}
