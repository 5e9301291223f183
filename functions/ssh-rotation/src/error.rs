//! What can go wrong. Any error fails the step and with it the rotation, which Secrets Manager tries again as a whole.
//! Before finishSecret AWSCURRENT has not moved; finishSecret logs when it has.

use shared::aws::AwsError;
use shared::error::FunctionError;

use crate::contract::ContractError;
use crate::event::{EventError, Step};
use crate::host_keys::TooManyNodes;
use crate::key_line::KeyLineError;
use crate::keypair::KeypairError;
use crate::node::NodeFailure;
use crate::secret_value::SecretValueError;

/// An error of this function.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// The event is not understood.
    #[error(transparent)]
    Event(#[from] EventError),
    /// The rotation does not stand where the step needs it. Nothing was written.
    #[error(transparent)]
    Contract(#[from] ContractError),
    /// An AWS call failed for good.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// A version's value is no JSON object.
    #[error("{label}: {source}")]
    Value {
        /// The version's label.
        label: &'static str,
        /// What is wrong.
        source: SecretValueError,
    },
    /// The new version has no value: createSecret has not run.
    #[error("the version AWSPENDING has no value yet; let Secrets Manager start with createSecret")]
    NoPendingValue,
    /// The new version has a value without a keypair, that another program put there.
    #[error(
        "the version AWSPENDING holds no keypair; cancel this rotation (aws secretsmanager cancel-rotate-secret, then \
             update-secret-version-stage to take AWSPENDING off) and rotate again"
    )]
    NoKeypair,
    /// The new version is a copy of the current one, as a test of the rotation leaves it that was cut short.
    #[error(
        "the version AWSPENDING is a copy of AWSCURRENT; take AWSPENDING off it (aws secretsmanager \
             update-secret-version-stage --version-stage AWSPENDING --remove-from-version-id ...) and rotate again"
    )]
    NotNew,
    /// The new version's public key is not one that this function made for this secret.
    #[error(transparent)]
    KeyLine(#[from] KeyLineError),
    /// No keypair could be made, or the private key can't be read.
    #[error(transparent)]
    Keypair(#[from] KeypairError),
    /// No running instance has the tag.
    #[error("no running instance has the tag {key}={value}; tag the nodes, or set TARGET_TAG_KEY and TARGET_TAG_VALUE")]
    NoNodes {
        /// The tag's key.
        key: String,
        /// The tag's value.
        value: String,
    },
    /// Nodes did not do what they were told, or did not let us in.
    #[error("{step}: {} of {all} node(s) failed: [{}]{}", failed.len(), few(failed), left(open))]
    Nodes {
        /// The step.
        step: Step,
        /// How many nodes there are.
        all: usize,
        /// Those that failed.
        failed: Vec<NodeFailure>,
        /// Those that had not answered by the deadline.
        open: Vec<NodeFailure>,
    },
    /// The cluster is too large for one secret.
    #[error(transparent)]
    TooManyNodes(#[from] TooManyNodes),
    /// The step was cut off.
    #[error("{0} could not end within the function's deadline; AWS is slow or throttles, or raise the timeout")]
    Deadline(Step),
}

/// The first of them, and how many more there are.
fn few(failures: &[NodeFailure]) -> String {
    const NAMED: usize = 20;
    let mut named: Vec<_> = failures.iter().take(NAMED).map(ToString::to_string).collect();
    if failures.len() > NAMED {
        named.push(format!("{} more", failures.len() - NAMED));
    }
    named.join("; ")
}

fn left(open: &[NodeFailure]) -> String {
    if open.is_empty() { String::new() } else { format!("; {} not done by the deadline: [{}]", open.len(), few(open)) }
}

impl FunctionError for RotationError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Event(_) => "UnknownEvent",
            Self::Contract(ContractError::RotationDisabled(_)) => "RotationDisabled",
            Self::Contract(ContractError::UnknownVersion(..)) => "UnknownVersion",
            Self::Contract(ContractError::NotPending(..)) => "NotPending",
            Self::Aws(_) => "CallFailed",
            Self::Value { .. } => "SecretNotJson",
            Self::NoPendingValue => "NoPendingValue",
            Self::NoKeypair => "NoKeypair",
            Self::NotNew => "NotNew",
            Self::KeyLine(_) => "ForeignKey",
            Self::Keypair(KeypairError::Generate) => "KeyNotMade",
            Self::Keypair(KeypairError::Unreadable) => "KeyUnreadable",
            Self::NoNodes { .. } => "NoNodes",
            Self::Nodes { .. } => "NodesFailed",
            Self::TooManyNodes(_) => "TooManyNodes",
            Self::Deadline(_) => "Deadline",
        }
    }

    fn retryable(&self) -> bool {
        match self {
            Self::Aws(error) => error.retryable,
            Self::NoNodes { .. } | Self::Nodes { .. } | Self::Deadline(_) | Self::NoPendingValue => true,
            _ => false,
        }
    }
}
