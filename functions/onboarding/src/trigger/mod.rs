//! The directory's security log to workflows: one execution for each account that a 4720 says was created.
//!
//! The way of an event: [`payload`] opens it (base64 of gzip, strict and bounded), [`batch`] takes the log events out of
//! the JSON, [`xml`] and [`created`] read one event's XML, [`account`] judges what it says, [`judge`] does so for all and
//! keeps each account once, [`start`] starts the executions, and [`handler`] joins them. All before [`start`] is pure,
//! and has no part of the AWS SDK: `functions/onboarding/fuzz` builds it alone.

pub mod account;
pub mod aws;
pub mod batch;
pub mod config;
pub mod created;
pub mod error;
pub mod handler;
pub mod judge;
pub mod payload;
pub mod ports;
pub mod start;
pub mod xml;
