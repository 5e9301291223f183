//! The workflow's task: makes what one service has for a new user.
//!
//! The way through: [`request`] reads the event, [`workspaces`] and [`connect`] decide what to ask of their service and what
//! its answer means ([`names`], [`username`] and [`password`] are Connect's), and [`handler`] joins them. Each service is one
//! module, one arm in the handler, and one branch of workflow.asl.json.

pub mod aws;
pub mod call;
pub mod config;
pub mod connect;
pub mod error;
pub mod handler;
pub mod names;
pub mod pace;
pub mod password;
pub mod ports;
pub mod redact;
pub mod request;
pub mod username;
pub mod workspaces;

#[cfg(test)]
mod workflow_tests;
