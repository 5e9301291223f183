//! Along a path to what stands at its end. Nothing is allocated: each value is handed on as it is found.

use std::cell::OnceCell;
use std::collections::HashMap;

use fhir_definitions::Step;

use super::reference::literal;
use crate::json::Json;

/// Where paths are walked.
#[derive(Clone, Copy)]
pub(super) struct Ground<'g, 'a> {
    pub(super) resource: &'g Json<'a>,
    /// The server's own address.
    pub(super) base: &'g str,
    pub(super) inside: &'g Inside<'g>,
}

/// The types of what a resource contains, by id: there may be thousands, and as many references to them.
#[derive(Default)]
pub(super) struct Inside<'g>(OnceCell<HashMap<&'g str, &'g str>>);

impl<'g> Inside<'g> {
    /// The type of what a reference `#id` is to.
    fn resource_type(&self, resource: &'g Json<'_>, reference: &str) -> Option<&'g str> {
        let id = reference.strip_prefix('#')?;
        let entry = |json: &'g Json<'_>| Some((json.text("id")?, json.text("resourceType")?));
        let contained = resource.get("contained").map_or(&[][..], Json::each);
        self.0.get_or_init(|| contained.iter().filter_map(entry).collect()).get(id).copied()
    }
}

impl<'g, 'a> Ground<'g, 'a> {
    /// Hands every value at the end of `steps`, which start at `json`, to `found`.
    pub(super) fn walk(self, json: &'g Json<'a>, steps: &[Step], found: &mut dyn FnMut(&'g Json<'a>)) {
        let Some((step, rest)) = steps.split_first() else { return found(json) };
        let goes_on = match step {
            Step::Resource => return self.walk(self.resource, rest, found),
            Step::Member(name) => {
                let Some(member) = json.get(name) else { return };
                // Items are counted before the array is flattened.
                if let Some((Step::Item(at), rest)) = rest.split_first() {
                    return member.each().get(*at).into_iter().for_each(|item| self.walk(item, rest, found));
                }
                let items = member.each().iter().filter(|item| **item != Json::Null);
                return items.for_each(|item| self.walk(item, rest, found));
            }
            Step::Item(at) => *at == 0,
            Step::Where(name, value) => is(json.get(name), value),
            Step::RefersTo(name) => self.refers_to(json, name),
            Step::Is(name) => json.text("resourceType") == Some(name),
            Step::ExistsAndNotFalse => *json != Json::Bool(false),
        };
        if goes_on {
            self.walk(json, rest, found);
        }
    }

    /// By the reference's text, or else by `Reference.type`: what it points to is not read, unless it is inside the resource.
    fn refers_to(self, json: &Json<'_>, name: &str) -> bool {
        let text = json.text("reference").or(json.as_str());
        let inside = || self.inside.resource_type(self.resource, text?);
        let target = text.and_then(|text| literal(text, self.base)?.resource_type).or_else(inside);
        target.or_else(|| json.text("type")) == Some(name)
    }
}

fn is(member: Option<&Json<'_>>, value: &str) -> bool {
    member.is_some_and(|member| member.each().iter().any(|one| one.as_str() == Some(value)))
}
