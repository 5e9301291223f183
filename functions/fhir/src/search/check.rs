//! What must hold of a resource, looked up as far as other resources are concerned: decided by its content alone.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use fhir_definitions::{ResourceType, SearchParameter};
use fhir_model::json::Json;
use fhir_model::operand::Clause;
use fhir_model::value::{Reference, Value, values};

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
        self.holds(Some(id), resource, &mut Inside { container: resource, base, by_id: None, told: HashMap::new() })
    }

    /// The same of a resource inside another one, or of that one. What is inside has no id by which others know it.
    fn holds(&self, id: Option<&str>, resource: &Json<'_>, inside: &mut Inside<'_, '_>) -> bool {
        let clause = |clause: &Clause| {
            (id.is_some() || clause.parameter.code != "_id")
                && clause.matches(&values(clause.parameter, resource, inside.base))
        };
        match self {
            Self::Clause(one) => clause(one),
            Self::AnyOf(clauses) => clauses.iter().any(clause),
            Self::Refers(parameter, to, checks) => {
                values(parameter, resource, inside.base).into_iter().any(|value| match value {
                    Value::Reference(reference) => {
                        inside.hold(checks, &reference)
                            || canonical::named(parameter, reference).is_some_and(|name| to.contains(&name))
                    }
                    _ => false,
                })
            }
            Self::Ids(ids) => id.is_some_and(|id| ids.contains(id)),
        }
    }
}

/// What is inside a resource, while that is looked at.
struct Inside<'r, 'j> {
    container: &'r Json<'j>,
    base: &'r str,
    by_id: Option<HashMap<&'r str, &'r Json<'j>>>,
    /// Which checks hold of which resources inside, by their addresses: these may refer to each other in circles, and a
    /// chain would otherwise go every way through them.
    told: HashMap<(usize, usize), bool>,
}

impl<'r, 'j> Inside<'r, 'j> {
    /// The resource inside that `#id` is a reference to.
    fn find(&mut self, reference: &str) -> Option<&'r Json<'j>> {
        let id = reference.strip_prefix('#')?;
        let all = self.container.get("contained").map(Json::items).unwrap_or_default();
        let by_id = self.by_id.get_or_insert_with(|| all.iter().filter_map(|it| Some((it.text("id")?, it))).collect());
        by_id.get(id).copied()
    }

    /// Whether the reference is one to a resource inside, of which a check of its type holds.
    fn hold(&mut self, checks: &[(&'static ResourceType, Check)], reference: &Reference) -> bool {
        let Some(found) = reference.url.as_deref().and_then(|url| self.find(url)) else { return false };
        let of_type = checks.iter().filter(|(kind, _)| found.text("resourceType") == Some(kind.name));
        of_type.into_iter().any(|(_, check)| {
            let question = (std::ptr::from_ref(check).addr(), std::ptr::from_ref(found).addr());
            if let Some(told) = self.told.get(&question) {
                return *told;
            }
            let holds = check.holds(None, found, self);
            self.told.insert(question, holds);
            holds
        })
    }
}
