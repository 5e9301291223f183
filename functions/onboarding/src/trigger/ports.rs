//! What the function needs of AWS: a workflow. [`super::aws`] gives it; tests bring their own.

#![expect(async_fn_in_trait, reason = "the one caller is this crate, on one thread: no Send is needed")]

use shared::aws::AwsError;

/// The workflow that onboards an account.
pub trait Workflow {
    /// Starts it under a name that is used once.
    async fn start(&self, name: &str, input: &str) -> Result<Started, AwsError>;
}

/// That the workflow has been started under the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    /// By this call, or by an earlier one with the same input while it runs: `AWS` does not tell these apart.
    Now,
    /// By an earlier call.
    Before,
}
