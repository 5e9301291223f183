//! What can go wrong. It reaches the invoker only where nothing smaller can be given back: a direct message, which Lambda
//! tries again, or an event that is not understood.

use shared::error::FunctionError;

use crate::deliver::Why;
use crate::event::UnknownEvent;

/// An error of this function.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The event is of no known source.
    #[error(transparent)]
    Event(#[from] UnknownEvent),
    /// Messages of a direct invocation were not delivered.
    #[error("{failed} of {all} message(s) not delivered: {why}")]
    Undelivered {
        /// How many.
        failed: usize,
        /// Of how many.
        all: usize,
        /// The last reason.
        why: Why,
    },
    /// Messages of a direct invocation gave no line, and the quarantine refused them.
    #[error("{failed} message(s) that give no line could not be put into quarantine: {why}")]
    Quarantine {
        /// How many.
        failed: usize,
        /// The reason.
        why: Why,
    },
}

impl FunctionError for DeliveryError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Event(_) => "UnknownEvent",
            Self::Undelivered { .. } => "Undelivered",
            Self::Quarantine { .. } => "QuarantineFailed",
        }
    }

    fn retryable(&self) -> bool {
        match self {
            Self::Event(_) => false,
            Self::Undelivered { why: Why::Call(error), .. } | Self::Quarantine { why: Why::Call(error), .. } => {
                error.retryable
            }
            Self::Undelivered { .. } | Self::Quarantine { .. } => true,
        }
    }
}
