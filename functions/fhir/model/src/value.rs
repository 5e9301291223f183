//! What a search parameter finds in a resource: the one extraction that index rows and matching share.

mod convert;
mod extract;
pub(crate) mod reference;
mod walk;

use fhir_definitions::SearchParameter;

use crate::decimal::Decimal;
use crate::json::Json;

/// A value that a search parameter finds in a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number, or a Range of numbers: from, to; an open end is `None`.
    Number(Option<Decimal>, Option<Decimal>),
    /// A date, instant, Period or Timing.
    Date(Span),
    /// A string, as it came; of `HumanName` and `Address` each part is a value of its own.
    String(String),
    /// A code, Coding, `CodeableConcept`'s coding or text, Identifier, `ContactPoint` (in lower case), boolean or string.
    Token(Token),
    /// A reference or canonical.
    Reference(Reference),
    /// A Quantity, Money, Range, Age, Duration, ...
    Quantity(Quantity),
    /// A uri, url, canonical or oid, as it came; of a canonical with a version two values, with and without it.
    Uri(String),
    /// A composite's element: for each component, the values that it finds there.
    Composite(Vec<Vec<Value>>),
    /// Latitude and longitude of a `Location.position`.
    Position(f64Bits, f64Bits),
}

/// An `f64`, kept so that [`Value`] can be compared.
#[expect(non_camel_case_types, reason = "it is an f64")]
pub type f64Bits = ordered::F64;

/// Floats that can be compared.
pub mod ordered {
    /// An `f64` that compares by its bits.
    #[derive(Clone, Copy, Debug)]
    pub struct F64(pub f64);

    impl PartialEq for F64 {
        fn eq(&self, other: &Self) -> bool {
            self.0.to_bits() == other.0.to_bits()
        }
    }

    impl Eq for F64 {}
}

/// A stretch of time in milliseconds since 1970-01-01T00:00:00Z, both ends included; an open end is `None`.
///
/// `2020-05` is all of May 2020. Times without a zone are UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// The first millisecond.
    pub from: Option<i64>,
    /// The last millisecond.
    pub to: Option<i64>,
}

/// What a token search compares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Token {
    /// The system, if there is one.
    pub system: Option<String>,
    /// The code or value; absent where there is only text.
    pub code: Option<String>,
    /// `Coding.display`, `CodeableConcept.text`, `Identifier.type.text`, for `:text`.
    pub text: Option<String>,
    /// Codings of `Identifier.type`, for `:of-type`.
    pub of_type: Vec<(Option<String>, String)>,
}

/// What a reference search compares.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// The type, where the reference or `Reference.type` says it.
    pub resource_type: Option<String>,
    /// The id on this server: of `Patient/1`, `Patient/1/_history/2`, and of absolute URLs below the server's base.
    pub id: Option<String>,
    /// Its version, of `Patient/1/_history/2` or `canonical|version`.
    pub version: Option<String>,
    /// The URL of what is elsewhere, and of canonicals (without version); `#id` of what is inside the resource.
    pub url: Option<String>,
    /// `Reference.identifier`.
    pub identifier: Option<Token>,
    /// `Reference.display`, for `:text`.
    pub display: Option<String>,
}

/// What a quantity search compares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantity {
    /// The lower end; open where there is none (a Range without low, a comparator `<`).
    pub from: Option<Decimal>,
    /// The upper end.
    pub to: Option<Decimal>,
    /// Whether the value is beyond the only end that it has (the comparators `<` and `>`), not at it.
    pub beyond: bool,
    /// The unit's system.
    pub system: Option<String>,
    /// The unit's code.
    pub code: Option<String>,
    /// The unit for people.
    pub unit: Option<String>,
}

/// All values that `parameter` finds in `resource`, in the resource's order.
///
/// `base` is the server's own address (`https://example.org/fhir`, without a slash at the end): references below it are
/// the server's own. Special parameters find what their name says: `_id` a token, `_lastUpdated` a date, `near` a position.
#[must_use]
pub fn values(parameter: &SearchParameter, resource: &Json<'_>, base: &str) -> Vec<Value> {
    extract::values(parameter, resource, base)
}
