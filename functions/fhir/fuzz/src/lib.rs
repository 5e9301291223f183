//! The pure part of the FHIR server, from the same files, and what must be true of whatever it reads.

#![allow(dead_code, reason = "the function uses all of it, fuzzing some")]

extern crate self as shared;

mod checks;
pub mod config;
pub mod error;
pub mod store;

/// The function's own files. Those that they take from the AWS SDK stand in this crate's root instead.
#[path = "../../src"]
mod function {
    pub mod index;
    pub mod http {
        pub mod event;
        pub mod negotiate;
        pub mod request;
    }
    pub mod search {
        pub mod query;
    }
}

pub use checks::{patch, request, resource, search};
pub use function::{http, index};
