//! What every function needs and none should write twice.
//!
//! - [`runtime`]: starts the function, and answers Lambda when it cannot start.
//! - [`env`]: configuration from the environment, all mistakes reported at once.
//! - [`aws`]: the one HTTP client and the settings that every SDK client shares; what an AWS error says.
//! - [`error`]: error types with a stable `error_type` and a retryable flag.
//! - [`log`]: JSON logs, of our own crates only.
//! - [`metrics`]: CloudWatch metrics in the embedded metric format.
//! - [`deadline`]: the moment by which an invocation must have answered.
//! - [`secret`]: secrets that can't be printed and are zeroized.

pub mod aws;
pub mod deadline;
pub mod env;
pub mod error;
pub mod log;
pub mod metrics;
pub mod runtime;
pub mod secret;
