//! What can go wrong. workflow.asl.json knows each error type: what is worth trying again it retries, what is there already it
//! counts as success, everything else fails the branch.

use shared::error::FunctionError;

use super::call::{CallFailure, Kind};
use super::names::NameError;
use super::password::NoRandomness;
use super::request::{InputError, Service};
use super::username::UsernameError;

/// An error of the task.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The event can't be worked with.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The user's name is none that Connect takes.
    #[error(transparent)]
    Username(#[from] UsernameError),
    /// The user's names are none that Connect takes.
    #[error(transparent)]
    Name(#[from] NameError),
    /// No password could be made.
    #[error(transparent)]
    Password(#[from] NoRandomness),
    /// The user has a WorkSpace of this directory.
    #[error("the user has a WorkSpace in this directory already")]
    WorkSpaceExists,
    /// WorkSpaces does not know the user yet.
    #[error(
        "WorkSpaces does not find the user in the directory; the account may not have been replicated yet, so the workflow \
             tries again"
    )]
    UserNotReplicated,
    /// WorkSpaces refused the request inside a successful answer.
    #[error(transparent)]
    WorkSpaceRefused(CallFailure),
    /// The answer speaks of the user neither as pending nor as failed.
    #[error(
        "CreateWorkspaces answered without a word on the user; the workflow tries again, which finds the WorkSpace if it was made"
    )]
    WorkSpaceUnaccounted,
    /// Connect has a user of this name.
    #[error("the Connect instance has a user of this name already")]
    ConnectUserExists,
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallFailure),
    /// Time was up.
    #[error("{} did not answer before the function's deadline; the workflow tries again", .0.name())]
    Deadline(Service),
}

impl ProvisionError {
    /// Whether it says that there is nothing left to do.
    #[must_use]
    pub fn already_there(&self) -> bool {
        matches!(self, Self::WorkSpaceExists | Self::ConnectUserExists)
    }
}

impl FunctionError for ProvisionError {
    fn error_type(&self) -> &'static str {
        match self {
            Self::Input(_) => "InvalidInput",
            Self::Username(_) => "InvalidUsername",
            Self::Name(_) => "InvalidName",
            Self::Password(_) => "PasswordNotMade",
            Self::WorkSpaceExists => "WorkSpaceResourceExists",
            Self::UserNotReplicated => "UserNotReplicated",
            Self::WorkSpaceUnaccounted => "WorkSpaceUnaccounted",
            Self::ConnectUserExists => "DuplicateResourceException",
            Self::Deadline(_) => "Deadline",
            Self::WorkSpaceRefused(failure) if failure.kind == Kind::Refused => "FailedWorkSpaceCreationException",
            Self::WorkSpaceRefused(failure) | Self::Call(failure) => match failure.kind {
                Kind::Throttled => "Throttled",
                Kind::Unavailable => "ServiceUnavailable",
                Kind::Quota => "QuotaExceeded",
                Kind::Refused => "CallRefused",
            },
        }
    }

    fn retryable(&self) -> bool {
        match self {
            Self::UserNotReplicated | Self::WorkSpaceUnaccounted | Self::Deadline(_) => true,
            Self::WorkSpaceRefused(failure) | Self::Call(failure) => {
                matches!(failure.kind, Kind::Throttled | Kind::Unavailable)
            }
            _ => false,
        }
    }
}
