//! The worlds in which the real functions run end to end. The tests beside this and `make demo` share them.
//!
//! Errors are boxed: in a test and in the demo any of them ends the run with what it says.

pub mod events;
pub mod fhir;
pub mod iot;
pub mod nat;
pub mod onboarding;
pub mod ssh;

/// Any error.
pub type Result<T> = std::result::Result<T, Box<dyn std::error::Error + Send + Sync>>;
