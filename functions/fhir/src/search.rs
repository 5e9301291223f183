//! Search.

pub mod criteria;

pub use criteria::Criteria;
