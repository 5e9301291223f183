//! The part of `FHIRPath` that says which element: what `FHIRPath` Patch needs.
//!
//! `Patient.name[0].given[1]`, `.where(use = 'official' and period.start = @2020)`, `.first()`, `.last()`,
//! `.ofType(Quantity)`, `.as(Quantity)`, `(Observation.value as Quantity).unit`, `.extension('url')`. Anything else is an
//! error that says what, and where.

mod find;
mod read;

use thiserror::Error;

use crate::decimal::Decimal;

pub(crate) use find::Place;

/// A path to elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FhirPath {
    pub(crate) steps: Vec<Step>,
}

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// `.name`; as the first step perhaps the resource's type.
    Child(String),
    /// `[0]`, `.first()`
    Item(usize),
    /// `.last()`
    Last,
    /// `.where(a = 'b' and c = 'd')`
    Where(Vec<Condition>),
    /// `.ofType(Quantity)`, `.as(Quantity)`, `as Quantity`
    OfType(String),
    /// `.extension('url')`
    Extension(String),
}

/// `path = literal`
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    path: FhirPath,
    literal: Literal,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Literal {
    /// A string, or a date, time or dateTime without its `@`.
    Text(String),
    Number(String),
    Bool(bool),
}

/// Why a text is no path that is understood here.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("at character {at} (counted from 1) of the path: {reason}")]
pub(crate) struct PathError {
    at: usize,
    reason: String,
}

impl FhirPath {
    pub(crate) fn read(text: &str) -> Result<Self, PathError> {
        read::path(text)
    }
}

/// Whether two JSON numbers are the same: `1`, `1.0` and `10e-1` are.
pub(crate) fn same_number(one: &str, other: &str) -> bool {
    one == other || Decimal::parse(one).is_some_and(|one| Decimal::parse(other) == Some(one))
}

#[cfg(test)]
mod tests;
