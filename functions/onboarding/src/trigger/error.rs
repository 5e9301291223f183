//! What can go wrong. What is wrong with one event or with one account is logged and counted instead, as far as a retry
//! can't mend it.

use shared::error::FunctionError;

use super::payload::Unreadable;
use super::start::Why;

/// An error of this function.
#[derive(Debug, thiserror::Error)]
pub enum TriggerError {
    /// The payload can't be read. Nothing was started.
    #[error("nothing was started: {0}")]
    Payload(#[from] Unreadable),
    /// Executions were not started. Those that were are found started when the batch comes again.
    #[error("{failed} of {all} execution(s) not started, the others were: {why}")]
    NotStarted {
        /// How many.
        failed: usize,
        /// Of how many.
        all: usize,
        /// The reason, one of those that may pass if there is one.
        why: Why,
    },
}

impl FunctionError for TriggerError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Payload(_) => "PayloadUnreadable",
            Self::NotStarted { .. } => "ExecutionsNotStarted",
        }
    }

    fn retryable(&self) -> bool {
        match self {
            Self::Payload(_) => false,
            Self::NotStarted { why, .. } => why.retryable(),
        }
    }
}
