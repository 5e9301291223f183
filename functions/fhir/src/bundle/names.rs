//! What entries are called inside their Bundle, and what they are called on this server.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use fhir_definitions::resource_type;
use fhir_model::json::Json;

use super::links::{Link, relink, walk};
use crate::route::is_id;
use crate::store::Key;

/// What a name in the Bundle stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    /// `Patient/1`
    reference: String,
    /// The version that the transaction makes of it, or finds.
    version: u64,
}

/// What the names in a Bundle stand for.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By `fullUrl`.
    entries: HashMap<String, Target>,
    /// By conditional reference, `Patient?identifier=x`.
    criteria: HashMap<String, String>,
    /// By what definitions are known on any server, where that is also the `fullUrl`.
    definitions: HashSet<String>,
    base: String,
}

impl Names {
    /// None yet. `base` is the server's own address.
    pub(super) fn new(base: &str) -> Self {
        Self { base: base.to_owned(), ..Self::default() }
    }

    /// An entry's `fullUrl` stands for that version.
    pub(super) fn entry(&mut self, full_url: &str, key: &Key, version: u64) {
        self.entries.insert(name(full_url).into_owned(), Target { reference: key.to_string(), version });
    }

    /// An entry's resource is a definition that has that `url`, which is its `fullUrl` as well: elements of type uri that say
    /// it mean the definition, and stay.
    pub(super) fn definition(&mut self, url: &str) {
        self.definitions.insert(url.to_owned());
    }

    /// A conditional reference stands for that resource.
    pub(super) fn criteria(&mut self, text: &str, key: &Key) {
        self.criteria.insert(text.to_owned(), key.to_string());
    }

    /// Rewrites all links of a resource, whose entry has that `fullUrl`.
    pub(super) fn rewrite(&self, resource: &mut Json<'_>, full_url: Option<&str>) {
        if self.entries.is_empty() && self.criteria.is_empty() {
            return;
        }
        let root = full_url.and_then(root).unwrap_or(&self.base);
        walk(resource, &mut |link| match link {
            Link::Reference(text) => replace(text, self.reference(text, root)),
            Link::Uri(text) if self.definitions.contains(text.split('#').next().unwrap_or_default()) => (),
            Link::Uri(text) => replace(text, self.find(text)),
            Link::Narrative(text) => replace(text, relink(text, |link| self.reference(link, root))),
        });
    }

    /// What a reference becomes. A relative one means what it would mean where its entry is from:
    /// <https://hl7.org/fhir/R4/bundle.html#references>.
    fn reference(&self, text: &str, root: &str) -> Option<String> {
        if let Some(found) = self.criteria.get(text) {
            return Some(found.clone());
        }
        let relative = || is_relative(text).then(|| self.find(&format!("{root}/{text}"))).flatten();
        self.find(text).or_else(relative)
    }

    /// What a URL becomes, if it is that of an entry: the part before a `#`. A reference to a version stays one.
    fn find(&self, text: &str) -> Option<String> {
        let (whole, fragment) = text.find('#').and_then(|at| text.split_at_checked(at)).unwrap_or((text, ""));
        let whole = &*name(whole);
        if let Some(target) = self.entries.get(whole) {
            return Some(format!("{}{fragment}", target.reference));
        }
        let target = self.entries.get(whole.split_once("/_history/")?.0)?;
        Some(format!("{}/_history/{}{fragment}", target.reference, target.version))
    }
}

/// Urns are the same in capitals: RFC 8141, section 3.1, and RFC 4122, section 3.
fn name(url: &str) -> Cow<'_, str> {
    let is_uuid = url.get(..9).is_some_and(|scheme| scheme.eq_ignore_ascii_case("urn:uuid:"));
    if is_uuid { Cow::Owned(url.to_ascii_lowercase()) } else { Cow::Borrowed(url) }
}

fn replace(text: &mut Cow<'_, str>, new: Option<String>) {
    if let Some(new) = new {
        *text = Cow::Owned(new);
    }
}

/// `Patient/1`, also with a version.
fn is_relative(text: &str) -> bool {
    text.split_once('/').is_some_and(|(kind, _)| resource_type(kind).is_some())
}

/// `https://example.org/r4` of `https://example.org/r4/Patient/1`.
fn root(full_url: &str) -> Option<&str> {
    let (rest, id) = full_url.rsplit_once('/')?;
    let (root, kind) = rest.rsplit_once('/')?;
    let restful = root.contains("://") && is_id(id) && resource_type(kind).is_some();
    restful.then_some(root)
}

/// The conditional references of a resource, `Patient?identifier=x`.
pub(super) fn conditional<'a>(resource: &mut Json<'a>, visit: &mut impl FnMut(&'static str, &Cow<'a, str>)) {
    walk(resource, &mut |link| {
        if let Link::Reference(text) = link
            && let Some(kind) = text.split_once('?').and_then(|(kind, _)| resource_type(kind))
        {
            visit(kind.name, text);
        }
    });
}

#[cfg(test)]
mod tests;
