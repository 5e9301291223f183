//! To come.

use super::Clause;
use crate::value::Value;

pub(super) fn clause(_clause: &Clause, _values: &[Value]) -> bool {
    false
}
