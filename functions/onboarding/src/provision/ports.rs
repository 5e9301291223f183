//! What the task needs of AWS. [`super::aws`] gives it; tests bring their own.

#![expect(async_fn_in_trait, reason = "the one caller is this crate, on one thread: no Send is needed")]

use shared::aws::AwsError;

use super::connect::NewUser;
use super::workspaces::{Answer, Wanted};

/// Amazon WorkSpaces.
pub trait WorkSpaces {
    /// Asks for a WorkSpace. The answer may say that there will be none.
    async fn create_workspace(&self, wanted: &Wanted<'_>) -> Result<Answer, AwsError>;
}

/// Amazon Connect.
pub trait Connect {
    /// Makes a user; gives the user's id.
    async fn create_user(&self, user: &NewUser<'_>) -> Result<String, AwsError>;
}
