//! A CloudWatch alarm says that a NAT instance died: mark it unhealthy, point its routes at a healthy peer, and bring
//! them home when it recovers.
//!
//! The way of an event: [`event`] reads it, [`observe`] looks at the cloud, [`plan`] decides (a pure function from what
//! was seen to what is to be done), [`carry_out`] does it, [`report`] tells of it. [`handler`] is that sentence.
//! [`cloud`] has the nouns; [`ports`] what the function needs of AWS, [`aws`] how AWS does it.

pub mod aws;
pub mod carry_out;
pub mod cloud;
pub mod config;
pub mod error;
pub mod event;
pub mod handler;
pub mod observe;
pub mod plan;
pub mod ports;
pub mod report;
#[cfg(test)]
pub(crate) mod testing;
