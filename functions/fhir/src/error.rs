//! What a request can end with, besides success: each with its status, its code of the value set issue-type, and a
//! message that says what to do. Nothing internal reaches the client, nothing of a patient the logs.

use std::error::Error as StdError;
use std::time::Duration;

use fhir_model::json::JsonError;
use fhir_model::validate::Issue;
use shared::aws::AwsError;
use shared::error::{FunctionError, chain};

use crate::http::response::Response;
use crate::outcome::{Outcome, Severity};
use crate::store::StoreError;

/// An error that a request is answered with. Text in it is for the client, and names no content of resources.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: the body, or a header, is not what it must be.
    #[error("{0}")]
    Malformed(String),
    /// 400: a search parameter, or another one of the query, can't be understood.
    #[error("{0}")]
    Parameter(String),
    /// 400: the query asks for something that this server does not do.
    #[error("{0}")]
    Unsupported(String),
    /// 400: it would cost too much; the message says how to ask for less.
    #[error("{0}")]
    TooCostly(String),
    /// 401
    #[error("{0}")]
    Unauthorized(String),
    /// 403
    #[error("{0}")]
    Forbidden(String),
    /// 404: no such resource, or version.
    #[error("{0} is not known here")]
    NotFound(String),
    /// 404: no resource type, no operation, or nothing that this server has at that path.
    #[error("{0}")]
    NoSuchPath(String),
    /// 405
    #[error("this URL takes {allow} only")]
    Method {
        /// The methods that it takes.
        allow: &'static str,
    },
    /// 406
    #[error("{0}")]
    NotAcceptable(String),
    /// 409: another write came between; the same again may go through.
    #[error("{0}")]
    Conflict(String),
    /// 409: what is there forbids it, and will again.
    #[error("{0}")]
    Rule(String),
    /// 410
    #[error("{what} was deleted")]
    Gone {
        /// `Patient/1`
        what: String,
        /// The version that says so.
        version: u64,
    },
    /// 412: If-Match, If-None-Match or the like does not hold.
    #[error("{0}")]
    Precondition(String),
    /// 412: the criteria of a conditional interaction match more than one resource.
    #[error("{0}")]
    MultipleMatches(String),
    /// 413
    #[error("{0}")]
    TooLarge(String),
    /// 415
    #[error("{0}")]
    MediaType(String),
    /// 422: the resource breaks FHIR's rules.
    #[error("the resource has {} error(s)", .0.len())]
    Validation(Vec<Issue>),
    /// 422: understood, but can't be done.
    #[error("{0}")]
    Unprocessable(String),
    /// 422: a part of a resource, that is to become the whole of it.
    #[error(
        "the resource has the tag SUBSETTED: it is a part, and the rest would be lost; read all of it, or patch it"
    )]
    Subset,
    /// 429: too many requests.
    #[error("too many requests at this moment; try again in a second")]
    TooMany,
    /// What an entry of a Bundle ended with, and with it the whole transaction.
    #[error("entry {index} of the Bundle (counted from 0): {error}")]
    Entry {
        /// Which one, from 0.
        index: usize,
        /// Where in it: `.request.url`, or nothing.
        at: &'static str,
        /// What is wrong with it.
        error: Box<Error>,
    },
    /// 503: the time that Lambda gives is over.
    #[error("it took too long; ask for less, or try again")]
    Timeout,
    /// 503: a large transaction is being committed to the same resources, longer than a request can wait.
    #[error("another transaction is being committed to the same resources; try again in a second")]
    Busy,
    /// 503 or 500: the store failed. The source is for the logs.
    #[error("the store did not answer")]
    Store(#[from] AwsError),
    /// 503: the message could not be archived. The source is for the logs.
    #[error("the message could not be archived, but may have been carried out; send it again")]
    Archive(#[source] AwsError),
    /// 500: what the store holds can't be understood, or another fault of the server itself. The source is for the logs.
    #[error("the server failed at this request; its logs say why")]
    Internal(#[source] Box<dyn StdError + Send + Sync>),
}

impl Error {
    /// An internal error. `why` is for the logs: ids, no content.
    pub fn internal(why: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Internal(why.into())
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.row().0
    }

    /// `OperationOutcome.issue.code`
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.row().1
    }

    /// When to try again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        matches!(self.status(), 429 | 503).then_some(Duration::from_secs(1))
    }

    /// The `OperationOutcome`.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Validation(issues) if !issues.is_empty() => Outcome::of(issues),
            Self::Entry { index, at, error } => {
                let at = || Some(format!("Bundle.entry[{index}]{at}"));
                let none = Outcome::default();
                match &**error {
                    // What a patch makes of a resource, which is not in the Bundle itself.
                    Self::Validation(issues) => issues.iter().fold(none, |outcome, issue| {
                        let message = format!("patched, {} is wrong: {}", issue.expression, issue.message);
                        outcome.and(Severity::Error, issue.code, message, at())
                    }),
                    error => none.and(Severity::Error, error.code(), error.to_string(), at()),
                }
            }
            _ => Outcome::error(self.code(), self.to_string()),
        }
    }

    /// The whole answer.
    #[must_use]
    pub fn response(&self) -> Response {
        let response = Response::json(self.status(), &self.outcome().json());
        let response = match self.retry_after() {
            Some(wait) => response.header("Retry-After", wait.as_secs().to_string()),
            None => response,
        };
        match self {
            Self::Method { allow } => response.header("Allow", (*allow).to_owned()),
            Self::Gone { version, .. } => response.etag(*version),
            _ => response,
        }
    }

    /// Writes what the logs are to have of it. What a client did wrong is named by its type alone: the message may repeat
    /// what was searched for.
    pub fn log(&self) {
        let (status, _, error_type) = self.row();
        if status >= 500 {
            tracing::error!(error_type, status, retryable = self.retryable(), error = self.cause(), "failed");
        } else {
            tracing::info!(error_type, status, "refused");
        }
    }

    /// Why it failed, for the logs. What `DynamoDB` says may quote keys, and those of the index hold patients' data.
    #[must_use]
    pub fn cause(&self) -> String {
        match self {
            Self::Store(error) | Self::Archive(error) => format!("{} failed with {}", error.action, error.code),
            error => chain(error),
        }
    }

    /// Status, code, stable name.
    fn row(&self) -> (u16, &'static str, &'static str) {
        match self {
            Self::Malformed(_) => (400, "structure", "Malformed"),
            Self::Parameter(_) => (400, "invalid", "InvalidParameter"),
            Self::Unsupported(_) => (400, "not-supported", "UnsupportedParameter"),
            Self::TooCostly(_) => (400, "too-costly", "TooCostly"),
            Self::Unauthorized(_) => (401, "login", "Unauthorized"),
            Self::Forbidden(_) => (403, "forbidden", "Forbidden"),
            Self::NotFound(_) => (404, "not-found", "NotFound"),
            Self::NoSuchPath(_) => (404, "not-supported", "NoSuchPath"),
            Self::Method { .. } => (405, "not-supported", "MethodNotAllowed"),
            Self::NotAcceptable(_) => (406, "not-supported", "NotAcceptable"),
            Self::Conflict(_) => (409, "conflict", "Conflict"),
            Self::Rule(_) => (409, "business-rule", "RuleBroken"),
            Self::Gone { .. } => (410, "deleted", "Gone"),
            Self::Precondition(_) => (412, "conflict", "PreconditionFailed"),
            Self::MultipleMatches(_) => (412, "multiple-matches", "MultipleMatches"),
            Self::TooLarge(_) => (413, "too-long", "TooLarge"),
            Self::MediaType(_) => (415, "not-supported", "UnsupportedMediaType"),
            Self::Validation(_) => (422, "invalid", "InvalidResource"),
            Self::Unprocessable(_) => (422, "processing", "Unprocessable"),
            Self::Subset => (422, "business-rule", "Subset"),
            Self::TooMany => (429, "throttled", "TooManyRequests"),
            Self::Entry { error, .. } => error.row(),
            Self::Timeout => (503, "timeout", "Timeout"),
            Self::Busy => (503, "transient", "Busy"),
            Self::Store(error) if error.retryable => (503, "transient", "StoreUnavailable"),
            Self::Store(_) => (500, "exception", "StoreFailed"),
            Self::Archive(_) => (503, "transient", "ArchiveFailed"),
            Self::Internal(_) => (500, "exception", "Internal"),
        }
    }
}

impl FunctionError for Error {
    fn error_type(&self) -> &'static str {
        self.row().2
    }

    fn retryable(&self) -> bool {
        match self {
            Self::Conflict(_) | Self::TooMany | Self::Timeout | Self::Busy | Self::Archive(_) => true,
            Self::Store(error) => error.retryable,
            Self::Entry { error, .. } => error.retryable(),
            _ => false,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Aws(error) => Self::Store(error),
            StoreError::Conflict => {
                Self::Conflict("another request has changed the same resources meanwhile".to_owned())
            }
            StoreError::Busy => Self::Busy,
            StoreError::Corrupt(_) => Self::internal(error),
        }
    }
}

impl From<JsonError> for Error {
    fn from(error: JsonError) -> Self {
        Self::Malformed(format!("the body is no JSON that a FHIR resource may be: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::negotiate::Negotiated;

    #[test]
    fn the_client_sees_nothing_internal_and_the_logs_see_why() {
        let error = Error::internal("head h#Patient/1 is no gzip");
        let answer = error.response().into_event(&Negotiated::default()).to_string();
        assert!(answer.contains("exception") && !answer.contains("gzip"), "{answer}");
        assert!(shared::error::chain(&error).ends_with("head h#Patient/1 is no gzip"));
    }

    #[test]
    fn the_logs_do_not_have_what_the_service_quotes() {
        type Failed = aws_sdk_dynamodb::error::SdkError<aws_sdk_dynamodb::operation::query::QueryError>;
        let error = Error::Store(AwsError::new("Query", Failed::timeout_error("Chalmers")));
        assert_eq!(error.cause(), "Query failed with Timeout");
    }

    #[test]
    fn an_error_says_in_its_headers_what_a_client_can_act_upon() {
        let gone = Error::Gone { what: "Patient/1".to_owned(), version: 3 };
        let table = [
            (gone, 410, Some(("ETag", "W/\"3\"")), false),
            (Error::Method { allow: "GET, POST" }, 405, Some(("Allow", "GET, POST")), false),
            (Error::TooMany, 429, Some(("Retry-After", "1")), true),
            (Error::Timeout, 503, Some(("Retry-After", "1")), true),
            (Error::Conflict("another write came between".to_owned()), 409, None, true),
            (Error::Precondition("it is version 4".to_owned()), 412, None, false),
        ];
        for (error, status, header, retryable) in table {
            let response = error.response();
            assert_eq!((response.status, error.retryable()), (status, retryable), "{error}");
            assert_eq!(response.headers.first().map(|(name, value)| (*name, value.as_str())), header, "{error}");
        }
    }

    #[test]
    fn what_a_patch_makes_invalid_is_told_of_its_entry() {
        let issue =
            Issue { code: "value", expression: "Patient.gender".to_owned(), message: "no such code".to_owned() };
        let error = Error::Entry { index: 3, at: "", error: Box::new(Error::Validation(vec![issue])) };
        let text = String::from_utf8(error.outcome().json().to_vec()).unwrap();
        assert!(text.contains(r#""expression":["Bundle.entry[3]"]"#) && text.contains("Patient.gender"), "{text}");
    }

    #[test]
    fn a_validation_answers_with_all_that_it_found() {
        let issue = |at: &str| Issue { code: "value", expression: at.to_owned(), message: "no date".to_owned() };
        let error = Error::Validation(vec![issue("Patient.birthDate"), issue("Patient.contact[1].period.start")]);
        assert_eq!((error.status(), error.outcome().json().get("issue").unwrap().items().len()), (422, 2));
    }
}
