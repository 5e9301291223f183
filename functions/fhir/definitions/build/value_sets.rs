//! The codes of required bindings.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use crate::input::{Concept, Include, Result, Terminology};

type Codes = BTreeSet<(String, String)>;

/// The value sets that the definitions give wholly: code and system, so that they sort as the tables want it. What needs
/// a code system that is somebody else's (mime types, currencies, units) or a filter is not among them.
pub(crate) struct ValueSets {
    expanded: BTreeMap<String, Codes>,
}

impl ValueSets {
    pub(crate) fn expand(definitions: &BTreeMap<String, Terminology>) -> Self {
        let expanded = definitions.keys().filter_map(|url| Some((url.clone(), value_set(definitions, url)?))).collect();
        Self { expanded }
    }

    pub(crate) fn is_known(&self, url: &str) -> bool {
        self.expanded.contains_key(url)
    }

    /// The code system that all codes come from.
    pub(crate) fn only_system(&self, url: &str) -> Option<&str> {
        let mut systems = self.expanded.get(url)?.iter().map(|(_, system)| system);
        let first = systems.next()?;
        systems.all(|system| system == first).then_some(first)
    }

    /// The expression for the binding of an element.
    pub(crate) fn reference(&self, url: &str) -> Result<String> {
        let position =
            self.expanded.keys().position(|known| known == url).ok_or_else(|| format!("{url}: not known"))?;
        Ok(format!("&VALUES_{position}"))
    }

    /// The statics of those that are `used`.
    pub(crate) fn emit(&self, used: &BTreeSet<String>, out: &mut String) -> Result<()> {
        for (position, (url, codes)) in self.expanded.iter().enumerate().filter(|(_, (url, _))| used.contains(*url)) {
            write!(out, "static VALUES_{position}: ValueSet = ValueSet {{ url: {url:?}, codes: &[")?;
            for (code, system) in codes {
                write!(out, "({system:?}, {code:?}),")?;
            }
            writeln!(out, "] }};")?;
        }
        Ok(())
    }
}

fn value_set(definitions: &BTreeMap<String, Terminology>, url: &str) -> Option<Codes> {
    let compose = definitions.get(url)?.compose.as_ref()?;
    let mut codes = Codes::new();
    for include in &compose.include {
        codes.append(&mut selected(definitions, include)?);
    }
    for exclude in &compose.exclude {
        let excluded = selected(definitions, exclude)?;
        codes.retain(|code| !excluded.contains(code));
    }
    Some(codes)
}

/// What one include or exclude selects: the codes that are in its system and in all its value sets.
fn selected(definitions: &BTreeMap<String, Terminology>, include: &Include) -> Option<Codes> {
    if !include.filter.is_empty() {
        return None;
    }
    let mut sets = Vec::new();
    if let Some(system) = &include.system {
        let mut codes = Codes::new();
        if include.concept.is_empty() {
            let defined = definitions.get(system).filter(|it| it.content.as_deref() == Some("complete"))?;
            collect(&defined.concept, system, &mut codes);
        } else {
            collect(&include.concept, system, &mut codes);
        }
        sets.push(codes);
    }
    for url in &include.value_set {
        sets.push(value_set(definitions, unversioned(url))?);
    }
    sets.into_iter().reduce(|all, set| &all & &set)
}

fn collect(concepts: &[Concept], system: &str, codes: &mut Codes) {
    for concept in concepts {
        codes.insert((concept.code.clone(), system.to_owned()));
        collect(&concept.concept, system, codes);
    }
}

/// A canonical URL without `|version`.
pub(crate) fn unversioned(url: &str) -> &str {
    url.split_once('|').map_or(url, |(url, _)| url)
}
