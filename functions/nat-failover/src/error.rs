//! What can go wrong. All of it reaches the invoker, so that Lambda tries the event again and then dead-letters it.

use shared::aws::AwsError;
use shared::error::FunctionError;

use crate::event::EventError;

/// An error of this function.
#[derive(Debug, thiserror::Error)]
pub enum NatError {
    /// The event is not understood. Trying again won't help; the dead-letter queue keeps it.
    #[error(transparent)]
    Event(#[from] EventError),
    /// No group is in the pool: a mistake in the tags or in `NAT_POOL`.
    #[error(
        "no Auto Scaling group carries the tag nat-failover:pool={0}; tag the groups, or set NAT_POOL to their pool"
    )]
    EmptyPool(String),
    /// The cloud could not be read. Nothing was changed.
    #[error("the cloud could not be read, nothing was changed")]
    Observe(#[source] AwsError),
    /// The cloud could not be read in time. Nothing was changed.
    #[error(
        "the cloud could not be read within the function's deadline, nothing was changed; \
             AWS is slow or throttles: name the VPC (VpcId), or raise the timeout"
    )]
    ObserveDeadline,
    /// The cloud was seen as it was before the event. Nothing was changed.
    #[error("{0}, several times; nothing was changed")]
    StaleRead(String),
    /// Routes that ought to move stay, because there is nowhere to move them.
    #[error(
        "no healthy peer for group {group}: {left} route(s) still point at its instance; \
         bring a peer up, or give the pool a NAT gateway (tag nat-failover:fallback-nat-gateway)"
    )]
    NoHealthyPeer {
        /// The group.
        group: String,
        /// How many routes stay.
        left: usize,
    },
    /// The group's alarm is OK and its instance can't take routes yet.
    #[error("{0}")]
    NotReady(String),
    /// Some calls failed for good, or not all could be made in time.
    #[error("{done} change(s) made; failed: [{}]; left at the deadline: [{}]", failed.join("; "), left.join("; "))]
    Incomplete {
        /// How many went through.
        done: usize,
        /// What failed, and why.
        failed: Vec<String>,
        /// What was not done by the deadline.
        left: Vec<String>,
    },
    /// Several events of one batch failed.
    #[error("{} events failed: {}", .0.len(), .0.iter().map(|e| shared::error::chain(e)).collect::<Vec<_>>().join(" | "))]
    Several(Vec<NatError>),
}

impl FunctionError for NatError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Event(EventError::Unknown(_)) => "UnknownEvent",
            Self::Event(EventError::Malformed { .. }) => "MalformedEvent",
            Self::EmptyPool(_) => "EmptyPool",
            Self::Observe(_) | Self::ObserveDeadline => "CloudUnreadable",
            Self::StaleRead(_) => "StaleRead",
            Self::NoHealthyPeer { .. } => "NoHealthyPeer",
            Self::NotReady(_) => "NotReady",
            Self::Incomplete { .. } => "Incomplete",
            Self::Several(_) => "SeveralEventsFailed",
        }
    }

    fn retryable(&self) -> bool {
        match self {
            Self::Event(_) | Self::EmptyPool(_) => false,
            Self::Observe(error) => error.retryable,
            Self::Several(errors) => errors.iter().any(FunctionError::retryable),
            Self::ObserveDeadline
            | Self::StaleRead(_)
            | Self::NoHealthyPeer { .. }
            | Self::NotReady(_)
            | Self::Incomplete { .. } => true,
        }
    }
}
