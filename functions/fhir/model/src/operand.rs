//! What a client searches for: the operands of search parameters, read and compared with the [`Value`]s of resources.
//!
//! The rules are those of <https://hl7.org/fhir/R4/search.html>, section by section.

mod escape;
mod matching;
mod near;
mod parse;

use fhir_definitions::SearchParameter;
use thiserror::Error;

use crate::decimal::Decimal;
use crate::value::{Span, Value};

/// A parameter's modifier, after the colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "FHIR's own names")]
pub enum Modifier {
    None,
    Missing,
    Exact,
    Contains,
    Text,
    Not,
    Above,
    Below,
    In,
    NotIn,
    OfType,
    Identifier,
    /// `subject:Patient=1`: the type.
    Type(&'static str),
}

/// A prefix of numbers, dates and quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "FHIR's own names")]
pub enum Prefix {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Sa,
    Eb,
    Ap,
}

/// The system part of a token: `code`, `|code`, `system|code`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum System {
    /// Not said: any.
    Any,
    /// None: `|code`.
    None,
    /// That one.
    Is(String),
}

/// One of the values, separated by commas, that a client searches for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the variants say what their fields are")]
pub enum Operand {
    /// `:missing=true` or `false`
    Missing(bool),
    /// The number, and the range that its digits imply: `100` is 99.5 up to, but not including, 100.5.
    /// For `ap` it is a tenth of the number to each side, with both ends.
    Number { prefix: Prefix, exact: Decimal, from: Decimal, to: Decimal },
    /// The range that the digits of the date imply; for `ap` wider to each side by a tenth of its distance from now.
    Date { prefix: Prefix, span: Span },
    /// A string as it came, unescaped.
    String(String),
    /// A token (of parameters of `ContactPoint`s and booleans in lower case, as their values are); for `:text` and unresolved `:in`, `:not-in`, `:above` and `:below` see the other variants.
    Token { system: System, code: Option<String> },
    /// `:of-type`: system and code of the identifier's type, and its value.
    OfType { system: String, code: String, value: String },
    /// `:in`, `:not-in`: a value set's canonical URL or `ValueSet/id`. Resolved by the server into [`Operand::Codes`].
    ValueSet(String),
    /// Any of these codes: (system, code); a code of `None` is all of the system. What the server makes of a value set,
    /// or of `:above` and `:below`.
    Codes(Vec<(Option<String>, Option<String>)>),
    /// A reference: id (with a type, unless any will do) on this server, or a URL, with their version, if it was given. Never
    /// both id and URL. The type beside a URL is the modifier's.
    Reference { resource_type: Option<String>, id: Option<String>, url: Option<String>, version: Option<String> },
    /// The number with its range, and the unit. The system is never [`System::None`]; without one, the code may be
    /// the unit's code or text.
    Quantity { prefix: Prefix, exact: Decimal, from: Decimal, to: Decimal, system: System, code: Option<String> },
    /// A URI as it came.
    Uri(String),
    /// One operand for each component.
    Composite(Vec<Operand>),
    /// `near`: latitude, longitude and distance in kilometres.
    Near { latitude: crate::value::f64Bits, longitude: crate::value::f64Bits, kilometres: crate::value::f64Bits },
}

/// A parameter with its modifier and its operands, of which one must match.
#[derive(Clone, Debug)]
pub struct Clause {
    /// What is searched.
    pub parameter: &'static SearchParameter,
    /// How.
    pub modifier: Modifier,
    /// For what: any of them.
    pub operands: Vec<Operand>,
}

/// A value or modifier that the parameter can't be searched with.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct BadOperand(pub String);

impl Clause {
    /// Reads a modifier (`None`, or what stands after the colon) and a value, with its escapes (`\,` `\|` `\$` `\\`).
    ///
    /// `now` (milliseconds since 1970) is what `ap` of dates is measured from; `base` is the server's own address.
    pub fn parse(
        parameter: &'static SearchParameter,
        modifier: Option<&str>,
        value: &str,
        base: &str,
        now: i64,
    ) -> Result<Self, BadOperand> {
        parse::clause(parameter, modifier, value, base, now)
    }

    /// Whether a resource in which the parameter finds `values` is a match. `:not`, `:not-in` and `:missing` are about
    /// all values together; `ne` and the rest match where any value does.
    #[must_use]
    pub fn matches(&self, values: &[Value]) -> bool {
        matching::clause(self, values)
    }
}

#[cfg(test)]
mod tests;
