//! A FHIR R4 server on Lambda, `DynamoDB` and S3.
//!
//! [`http`] reads what API Gateway or a function URL sends and writes what it wants back; [`store`] keeps versions of
//! resources; [`index`] makes the rows by which [`search`] finds them.

pub mod archive;
pub mod bundle;
pub mod capabilities;
pub mod config;
pub mod error;
pub mod handler;
pub mod http;
pub mod index;
pub mod interaction;
pub mod outcome;
pub mod route;
pub mod search;
pub mod store;
