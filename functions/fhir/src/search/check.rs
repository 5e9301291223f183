//! What must hold of a resource, looked up as far as other resources are concerned: decided by its content alone.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use fhir_definitions::{ResourceType, SearchParameter};
use fhir_model::json::Json;
use fhir_model::operand::Clause;
use fhir_model::value::{Value, contained, values};

use super::canonical::{self, Name};

/// A condition on a resource of one type.
#[derive(Clone, Debug)]
pub enum Check {
    /// The clause matches.
    Clause(Clause),
    /// One of the clauses matches.
    AnyOf(Vec<Clause>),
    /// The parameter refers to one of these, by one of their names, or to a resource inside the resource, of one of these types,
    /// of which the check holds (<https://hl7.org/fhir/R4/search.html#contained>).
    Refers(&'static SearchParameter, HashSet<Name>, Arc<[(&'static ResourceType, Check)]>),
    /// The id is one of these.
    Ids(BTreeSet<String>),
}

impl Check {
    /// Whether it holds. `base` is the server's own address.
    #[must_use]
    pub fn accepts(&self, id: &str, resource: &Json<'_>, base: &str) -> bool {
        self.holds(Some(id), resource, resource, base)
    }

    /// The same of a resource inside another one, or of that one. What is inside has no id by which others know it.
    fn holds(&self, id: Option<&str>, resource: &Json<'_>, container: &Json<'_>, base: &str) -> bool {
        let clause = |clause: &Clause| {
            (id.is_some() || clause.parameter.code != "_id")
                && clause.matches(&values(clause.parameter, resource, base))
        };
        match self {
            Self::Clause(one) => clause(one),
            Self::AnyOf(clauses) => clauses.iter().any(clause),
            Self::Refers(parameter, to, inside) => values(parameter, resource, base).into_iter().any(|value| {
                let Value::Reference(reference) = value else { return false };
                let found = reference.url.as_deref().and_then(|url| contained(container, url));
                let held = |found: &Json<'_>| {
                    let mut of_type = inside.iter().filter(|(kind, _)| found.text("resourceType") == Some(kind.name));
                    of_type.any(|(_, check)| check.holds(None, found, container, base))
                };
                found.is_some_and(held) || canonical::named(parameter, reference).is_some_and(|name| to.contains(&name))
            }),
            Self::Ids(ids) => id.is_some_and(|id| ids.contains(id)),
        }
    }
}
