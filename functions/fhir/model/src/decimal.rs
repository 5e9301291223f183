//! Decimal numbers of any length, compared exactly.

/// A decimal number. To come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(String);
