//! What a failed call means for whoever may try it again.

use shared::aws::AwsError;

use super::redact::redact;
use super::request::Account;

/// A failed call. It quotes nothing of the account.
#[derive(Debug, thiserror::Error)]
#[error("{message}{}", kind.advice())]
pub struct CallFailure {
    /// What it means.
    pub kind: Kind,
    message: String,
}

/// The kinds of failures, each with an error type of its own, by which the workflow decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Too many requests: later.
    Throttled,
    /// The service does not answer, or not well: soon again.
    Unavailable,
    /// A quota is used up. Time does not give it back.
    Quota,
    /// The service will not.
    Refused,
}

impl Kind {
    /// The kind of a service's error code. `passes` says whether the SDK knows it to pass.
    /// <https://docs.aws.amazon.com/connect/latest/APIReference/API_CreateUser.html#API_CreateUser_Errors>
    #[must_use]
    pub fn of(code: &str, passes: bool) -> Self {
        match code {
            // Connect's LimitExceededException is "the allowed limit for the resource", which the SDK takes for throttling.
            _ if code.contains("LimitExceeded") && code != "RequestLimitExceeded" => Self::Quota,
            "RequestLimitExceeded" | "TooManyRequestsException" | "SlowDown" => Self::Throttled,
            _ if code.starts_with("Throttl") => Self::Throttled,
            _ if passes || code.starts_with("Internal") || code.starts_with("ServiceUnavailable") => Self::Unavailable,
            _ => Self::Refused,
        }
    }

    fn advice(self) -> &'static str {
        match self {
            Self::Throttled | Self::Unavailable => "; the workflow tries again",
            Self::Quota => "; raise the quota in Service Quotas, then start the workflow again",
            Self::Refused => "; look at the function's configuration and role, then start the workflow again",
        }
    }
}

impl CallFailure {
    /// Of an error that the call ended with.
    #[must_use]
    pub fn new(error: &AwsError, account: &Account) -> Self {
        let message = redact(&shared::error::chain(error), account);
        Self { kind: Kind::of(&error.code, error.retryable), message }
    }

    /// Of a code inside a successful answer.
    #[must_use]
    pub fn inside(action: &str, code: &str, message: &str, account: &Account) -> Self {
        let message = redact(&format!("{action} failed with {code}: {message}"), account);
        Self { kind: Kind::of(code, false), message }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_used_up_quota_is_no_throttling() {
        for (code, passes, kind) in [
            ("ThrottlingException", true, Kind::Throttled),
            ("TooManyRequestsException", true, Kind::Throttled),
            ("RequestLimitExceeded", true, Kind::Throttled),
            ("LimitExceededException", true, Kind::Quota),
            ("ResourceLimitExceededException", false, Kind::Quota),
            ("ResourceLimitExceeded.Workspaces", false, Kind::Quota),
            ("InternalServiceException", true, Kind::Unavailable),
            ("InternalServerError", false, Kind::Unavailable),
            ("Timeout", true, Kind::Unavailable),
            ("InvalidParameterException", false, Kind::Refused),
            ("AccessDeniedException", false, Kind::Refused),
            ("ResourceNotFound.Directory", false, Kind::Refused),
        ] {
            assert_eq!(Kind::of(code, passes), kind, "{code}");
        }
    }
}
