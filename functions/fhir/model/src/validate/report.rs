//! What was found, and where.

use std::fmt::{self, Write as _};

use super::Issue;

/// More issues than these help nobody, and a large resource may have millions.
pub(super) const MAX_ISSUES: usize = 100;

/// An element's place: a chain on the stack, so that a valid resource costs no allocation.
#[derive(Clone, Copy)]
pub(super) struct At<'p> {
    above: Option<&'p At<'p>>,
    name: &'p str,
    item: Option<usize>,
}

impl<'p> At<'p> {
    pub(super) fn root(name: &'p str) -> Self {
        Self { above: None, name, item: None }
    }

    pub(super) fn child(&'p self, name: &'p str) -> Self {
        Self { above: Some(self), name, item: None }
    }

    pub(super) fn item(self, item: usize) -> Self {
        Self { item: Some(item), ..self }
    }
}

impl fmt::Display for At<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(above) = self.above {
            above.fmt(out)?;
            out.write_char('.')?;
        }
        out.write_str(self.name)?;
        self.item.map_or(Ok(()), |item| write!(out, "[{item}]"))
    }
}

/// The issues so far.
#[derive(Default)]
pub(super) struct Report {
    pub(super) issues: Vec<Issue>,
}

impl Report {
    pub(super) fn add(&mut self, code: &'static str, at: &At<'_>, message: impl Into<String>) {
        if self.issues.len() < MAX_ISSUES {
            self.issues.push(Issue { code, expression: at.to_string(), message: message.into() });
        } else if !self.full() {
            let message = format!("there is more that is wrong; these are the first {MAX_ISSUES} issues");
            self.issues.push(Issue {
                code: "informational",
                expression: At { above: None, ..*at }.to_string(),
                message,
            });
        }
    }

    /// Whether more would not be told.
    pub(super) fn full(&self) -> bool {
        self.issues.len() > MAX_ISSUES
    }
}
