//! To come.

use fhir_definitions::SearchParameter;

use super::{BadOperand, Clause};

pub(super) fn clause(
    _parameter: &'static SearchParameter,
    _modifier: Option<&str>,
    _value: &str,
    _base: &str,
    _now: i64,
) -> Result<Clause, BadOperand> {
    Err(BadOperand(String::new()))
}
