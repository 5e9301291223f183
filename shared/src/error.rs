//! What all errors of the functions have in common.

use std::error::Error;
use std::fmt::Write as _;

use lambda_runtime::Diagnostic;

/// An error that a function may answer with.
pub trait FunctionError: Error {
    /// A name that stays the same over releases: what Step Functions' Retry and Catch match, what an alarm filters by.
    fn error_type(&self) -> &'static str;

    /// Whether the same event may go through when it comes again.
    fn retryable(&self) -> bool;
}

/// A [`FunctionError`] on its way to Lambda. The message carries the whole chain of sources.
#[derive(Debug)]
pub struct Failure {
    error_type: &'static str,
    message: String,
}

impl<E: FunctionError> From<E> for Failure {
    fn from(error: E) -> Self {
        let message = chain(&error);
        tracing::error!(error_type = error.error_type(), retryable = error.retryable(), error = message, "failed");
        Self { error_type: error.error_type(), message }
    }
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        Self { error_type: failure.error_type.to_owned(), error_message: failure.message }
    }
}

/// The error and its sources, `a: b: c`.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, ": {cause}"); // writing to a String cannot fail
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the list can't be read")]
    struct Outer(#[source] std::fmt::Error);

    impl FunctionError for Outer {
        fn error_type(&self) -> &'static str {
            "ListUnreadable"
        }
        fn retryable(&self) -> bool {
            true
        }
    }

    #[test]
    fn lambda_sees_the_stable_type_and_every_source() {
        let diagnostic = Diagnostic::from(Failure::from(Outer(std::fmt::Error)));
        assert_eq!(diagnostic.error_type, "ListUnreadable");
        assert_eq!(diagnostic.error_message, format!("the list can't be read: {}", std::fmt::Error));
    }
}
