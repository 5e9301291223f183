//! Search.

pub mod access;
pub mod check;
pub mod criteria;
pub mod find;
pub mod merge;
pub mod query;
pub mod resolve;
pub mod source;
pub mod terminology;

pub use criteria::Criteria;
