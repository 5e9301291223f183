//! Everything that is wrong with a resource, by the tables of the definitions: structure, JSON types, cardinality,
//! primitives' regular expressions, required bindings, references' form, extensions, contained resources, narratives, and of
//! R4's invariants the handful that [`rules`] names. Profiles and the other bindings are not looked at.

mod binding;
mod primitive;
mod reference;
mod report;
mod rules;
mod structure;
mod xhtml;

use report::{At, Report};
use structure::{Container, Context};

use crate::json::Json;
use crate::tables::structure_of;

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// `OperationOutcome.issue.code`: `structure`, `required`, `value`, `code-invalid`, ...
    pub code: &'static str,
    /// Where, as `FHIRPath` with indices: `Patient.name[1].given[0]`.
    pub expression: String,
    /// What is wrong and what would be right. Never the resource's own content.
    pub message: String,
}

/// All that is wrong with `resource`, in its order; nothing if it is a valid R4 resource. After the first hundred issues
/// there is one more that says so.
#[must_use]
pub fn validate(resource: &Json<'_>) -> Vec<Issue> {
    let mut report = Report::default();
    let known = resource.text("resourceType").and_then(structure_of);
    let conditional = known.is_some_and(|known| known.name == "Bundle")
        && matches!(resource.text("type"), Some("transaction" | "batch"));
    let container = Container::new(resource);
    let context = Context { container: &container, contained: false, conditional };
    structure::resource(resource, &At::root(known.map_or("Resource", |known| known.name)), context, &mut report);
    report.issues
}

#[cfg(test)]
mod tests;
