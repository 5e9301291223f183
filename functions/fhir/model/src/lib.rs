//! FHIR resources as data, without AWS and without await: everything here is a plain function.
//!
//! [`json`] keeps what FHIR needs kept. [`value`] finds what a search parameter looks at in a resource, [`operand`] reads
//! what a client searches for and compares the two; index rows are made of the same values. [`validate`] says everything
//! that is wrong with a resource, [`patch`] changes one, [`subset`] leaves parts out.

pub mod decimal;
mod fhirpath;
pub mod json;
pub mod operand;
pub mod patch;
pub mod subset;
mod tables;
pub mod text;
pub mod time;
pub mod validate;
pub mod value;
