//! New users of AWS Managed Microsoft AD: one workflow for each, exactly once.
//!
//! Two binaries share this crate. [`trigger`] reads the directory's security log and starts a Step Functions execution for
//! each new account; [`provision`] is the workflow's task, which makes a WorkSpace or an Amazon Connect user.

pub mod provision;
pub mod trigger;
