//! The lake in numbers.

use super::paint::Paint;
use crate::lake::Lake;

const INDENT: &str = "    ";

pub(crate) fn state(paint: Paint, lake: &Lake) -> Vec<String> {
    if lake.is_empty() {
        return vec![paint.dim(&format!("{INDENT}Nothing yet."))];
    }
    vec![format!("{INDENT}{}", lake.counts().sentence())]
}
