//! What must hold of a resource, looked up as far as other resources are concerned: decided by its content alone.

use std::collections::{BTreeSet, HashSet};

use fhir_definitions::SearchParameter;
use fhir_model::json::Json;
use fhir_model::operand::Clause;
use fhir_model::value::{Value, values};

/// A condition on a resource of one type.
#[derive(Clone, Debug)]
pub enum Check {
    /// The clause matches.
    Clause(Clause),
    /// One of the clauses matches.
    AnyOf(Vec<Clause>),
    /// The parameter refers to one of these, by type and id.
    Refers(&'static SearchParameter, HashSet<(String, String)>),
    /// The id is one of these.
    Ids(BTreeSet<String>),
}

impl Check {
    /// Whether it holds. `base` is the server's own address.
    #[must_use]
    pub fn accepts(&self, id: &str, resource: &Json<'_>, base: &str) -> bool {
        let clause = |clause: &Clause| clause.matches(&values(clause.parameter, resource, base));
        match self {
            Self::Clause(one) => clause(one),
            Self::AnyOf(clauses) => clauses.iter().any(clause),
            Self::Refers(parameter, to) => references(parameter, resource, base).any(|target| to.contains(&target)),
            Self::Ids(ids) => ids.contains(id),
        }
    }
}

/// The resources of this server that a parameter refers to, by type and id.
pub fn references(
    parameter: &'static SearchParameter,
    resource: &Json<'_>,
    base: &str,
) -> impl Iterator<Item = (String, String)> {
    values(parameter, resource, base).into_iter().filter_map(|value| match value {
        Value::Reference(reference) => reference.resource_type.zip(reference.id),
        _ => None,
    })
}
