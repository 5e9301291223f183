//! JSON Patch (RFC 6902) and `FHIRPath` Patch (<https://hl7.org/fhir/R4/fhirpatch.html>).
//!
//! Both do what they say and no more: what is left may be no valid resource (JSON Patch that removes the last item of an
//! array leaves `[]`), so it is to be validated as what a client sent. Messages hold neither paths nor values, which may be
//! patients' data: they say which operation, and where in its path.

mod fhirpath_patch;
mod items;
mod json_patch;
mod parts;

use thiserror::Error;

use crate::json::{Json, MAX_DEPTH};

/// How many operations a patch may have: each may walk the whole resource.
pub const MAX_OPERATIONS: usize = 1_000;

/// How many bytes, about, the `copy` operations of a patch may add: each may double the resource.
const MAX_COPIED: usize = 16 << 20;

/// What changes a resource: all of its operations, one after another, or none.
#[derive(Clone, Debug)]
pub enum Patch {
    /// `application/json-patch+json`
    Json(Vec<JsonOperation>),
    /// A Parameters resource.
    FhirPath(Vec<FhirPathOperation>),
}

pub use fhirpath_patch::Operation as FhirPathOperation;
pub use json_patch::Operation as JsonOperation;

/// Why a patch was not applied.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PatchError {
    /// It is no patch: 400.
    #[error("not a patch: {0}")]
    Malformed(&'static str),
    /// One of its operations is none: 400.
    #[error("operation {operation} of the patch (counted from 0): {message}")]
    MalformedOperation {
        /// Which one, from 0.
        operation: usize,
        /// What is wrong with it.
        message: String,
    },
    /// The resource is not so that it could be done: 422.
    #[error("operation {operation} of the patch (counted from 0) can't be applied: {message}")]
    Inapplicable {
        /// Which one, from 0.
        operation: usize,
        /// Why not.
        message: String,
    },
    /// A `test` found something else: 409 or 422.
    #[error("operation {operation} of the patch (counted from 0): the resource is not as the test says")]
    TestFailed {
        /// Which one, from 0.
        operation: usize,
    },
    /// It would have changed the resource's `resourceType` or `id`: 422.
    #[error("a patch can't change the resource's {0}")]
    Identity(&'static str),
}

impl Patch {
    /// Reads a JSON Patch document.
    pub fn json_patch(document: &Json<'_>) -> Result<Self, PatchError> {
        let Json::Array(operations) = document else {
            return Err(PatchError::Malformed("a JSON Patch is an array of operations"));
        };
        each(operations, json_patch::read).map(Self::Json)
    }

    /// Reads a `FHIRPath` Patch, a Parameters resource.
    pub fn fhirpath(parameters: &Json<'_>) -> Result<Self, PatchError> {
        if parameters.text("resourceType") != Some("Parameters") {
            return Err(PatchError::Malformed("a FHIRPath Patch is a Parameters resource"));
        }
        let Some(Json::Array(operations)) = parameters.get("parameter") else {
            return Err(PatchError::Malformed("the Parameters have no parameter"));
        };
        each(operations, fhirpath_patch::read).map(Self::FhirPath)
    }

    /// The resource as the patch makes it.
    pub fn apply(&self, resource: Json<'static>) -> Result<Json<'static>, PatchError> {
        let identity = ["resourceType", "id"].map(|name| (name, resource.get(name).cloned()));
        let mut resource = resource;
        match self {
            Self::Json(operations) => {
                let mut copied = 0;
                for (at, operation) in operations.iter().enumerate() {
                    operation.apply(&mut resource, &mut copied).map_err(|failure| failure.of(at))?;
                }
            }
            Self::FhirPath(operations) => {
                for (at, operation) in operations.iter().enumerate() {
                    operation.apply(&mut resource).map_err(|failure| failure.of(at))?;
                }
            }
        }
        match identity.iter().find(|(name, before)| resource.get(name) != before.as_ref()) {
            Some((name, _)) => Err(PatchError::Identity(name)),
            None => Ok(resource),
        }
    }
}

fn each<'a, T>(operations: &[Json<'a>], read: impl Fn(&Json<'a>) -> Result<T, String>) -> Result<Vec<T>, PatchError> {
    if operations.len() > MAX_OPERATIONS {
        return Err(PatchError::Malformed("it has more than 1,000 operations"));
    }
    let read = |(operation, json)| read(json).map_err(|message| PatchError::MalformedOperation { operation, message });
    operations.iter().enumerate().map(read).collect()
}

/// Why an operation failed, before it is known which one it was.
#[derive(Debug)]
enum Failure {
    Inapplicable(String),
    Test,
}

impl Failure {
    fn because<T>(message: impl Into<String>) -> Result<T, Self> {
        Err(Self::Inapplicable(message.into()))
    }

    fn of(self, operation: usize) -> PatchError {
        match self {
            Self::Inapplicable(message) => PatchError::Inapplicable { operation, message },
            Self::Test => PatchError::TestFailed { operation },
        }
    }
}

/// Nothing may nest deeper than what the parser takes: the resource must be readable again, and recursion uses stack.
fn shallow_enough(above: usize, value: &Json<'_>) -> Result<(), Failure> {
    if above + depth(value) > MAX_DEPTH {
        return Failure::because(format!("the resource would nest deeper than {MAX_DEPTH} levels"));
    }
    Ok(())
}

fn depth(json: &Json<'_>) -> usize {
    match json {
        Json::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Json::Object(object) => 1 + object.iter().map(|(_, value)| depth(value)).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
