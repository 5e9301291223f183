//! What an AWS call that failed says.

use std::error::Error;

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

/// A call that failed after its retries. Holds the service's code and message, never the request.
#[derive(Debug, thiserror::Error)]
#[error("{action} failed with {code}{}{message}", if message.is_empty() { "" } else { ": " })]
pub struct AwsError {
    /// The API action, as AWS names it.
    pub action: &'static str,
    /// The service's error code, or one of `Timeout`, `Unreachable`, `BadResponse`, `BadRequest` where no service
    /// answered.
    pub code: String,
    /// The service's message, or what went wrong on the way.
    pub message: String,
    /// Whether the same call may go through later.
    pub retryable: bool,
    #[source]
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl AwsError {
    /// Reads the error of `action`.
    pub fn new<E>(action: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let unanswered = |code: &str, retryable, source| Self {
            action,
            code: code.to_owned(),
            message: String::new(),
            retryable,
            source,
        };
        match error {
            SdkError::ServiceError(answer) => {
                let server_fault = answer.raw().status().is_server_error();
                let code = answer.err().code().unwrap_or("Unknown");
                Self {
                    action,
                    code: code.to_owned(),
                    message: answer.err().message().unwrap_or_default().to_owned(),
                    retryable: server_fault || passes(code),
                    source: None,
                }
            }
            SdkError::TimeoutError(_) => unanswered("Timeout", true, error.into_source().ok()),
            SdkError::DispatchFailure(_) => unanswered("Unreachable", true, error.into_source().ok()),
            SdkError::ResponseError(_) => unanswered("BadResponse", true, error.into_source().ok()),
            _ => unanswered("BadRequest", false, error.into_source().ok()),
        }
    }
}

/// Throttling and other errors that pass, by the SDK's own lists.
fn passes(code: &str) -> bool {
    THROTTLING_ERRORS.contains(&code) || TRANSIENT_ERRORS.contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_types::error::ErrorMetadata;

    #[derive(Debug, thiserror::Error)]
    #[error("service")]
    struct Service(ErrorMetadata);

    impl ProvideErrorMetadata for Service {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    fn answered(status: u16, code: &str) -> AwsError {
        let response = HttpResponse::new(status.try_into().unwrap(), aws_smithy_types::body::SdkBody::empty());
        let service = Service(ErrorMetadata::builder().code(code).message("no such table").build());
        AwsError::new("ReplaceRoute", SdkError::service_error(service, response))
    }

    #[test]
    fn a_throttled_call_and_a_server_fault_pass_and_a_refused_one_does_not() {
        for (status, code, retryable) in [
            (503, "RequestLimitExceeded", true),
            (400, "Throttling", true),
            (500, "ResourceContention", true),
            (400, "InvalidRouteTableID.NotFound", false),
            (403, "UnauthorizedOperation", false),
        ] {
            assert_eq!(answered(status, code).retryable, retryable, "{code}");
        }
        let error = answered(400, "InvalidRouteTableID.NotFound");
        assert_eq!(error.to_string(), "ReplaceRoute failed with InvalidRouteTableID.NotFound: no such table");
    }

    #[test]
    fn a_call_that_nobody_answered_names_the_cause() {
        let error = AwsError::new("ReplaceRoute", SdkError::<Service, _>::timeout_error("attempt timeout"));
        assert_eq!(crate::error::chain(&error), "ReplaceRoute failed with Timeout: attempt timeout");
        assert!(error.retryable);
    }
}
