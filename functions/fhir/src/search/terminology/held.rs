//! Finding the value sets and code systems that the server holds.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use fhir_definitions::{Kind, RESOURCE_TYPES, Structure, ValueSet, resource_type};
use fhir_model::json::Json;
use fhir_model::operand::{Clause, Modifier, Operand};

use super::super::check::Check;
use super::super::find::{Match, all};
use crate::error::Error;
use crate::store::{Key, Run, Store};

/// Value sets and code systems that one condition may have to read.
const MOST_READ: usize = 50;
/// Resources of the same canonical URL.
const MOST_VERSIONS: usize = 100;

/// What is held, as one run sees it.
pub(super) struct Held<'h> {
    store: &'h Store,
    run: &'h Run,
    read: AtomicUsize,
}

impl<'h> Held<'h> {
    pub(super) fn new(store: &'h Store, run: &'h Run) -> Self {
        Self { store, run, read: AtomicUsize::new(0) }
    }

    /// The value set of that canonical URL (`url|version`) or address (`ValueSet/id`).
    pub(super) async fn value_set(&self, name: &str) -> Result<Option<Json<'static>>, Error> {
        self.bounded()?;
        if let Some(key) = self.local(name) {
            let current = self.store.current(self.run, std::slice::from_ref(&key)).await?.into_iter().flatten().next();
            let json = match &current {
                Some(version) => self.store.json(version).await?,
                None => None,
            };
            if let Some(json) = json {
                return read(&key, &json).map(Some);
            }
        }
        self.canonical("ValueSet", name).await
    }

    /// The code system of that canonical URL, if all of it is held.
    pub(super) async fn code_system(&self, url: &str) -> Result<Option<Json<'static>>, Error> {
        self.bounded()?;
        let found = self.canonical("CodeSystem", url).await?;
        Ok(found.filter(|system| system.text("content") == Some("complete")))
    }

    fn bounded(&self) -> Result<(), Error> {
        if self.read.fetch_add(1, Ordering::Relaxed) < MOST_READ {
            return Ok(());
        }
        Err(Error::TooCostly(format!(
            "more than {MOST_READ} value sets and code systems would have to be read; give the value set an expansion"
        )))
    }

    fn local(&self, name: &str) -> Option<Key> {
        let below = name.strip_prefix(self.store.base_url()).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name);
        let id = below.strip_prefix("ValueSet/")?;
        let valid = (1..=64).contains(&id.len())
            && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
        valid.then(|| Key::new("ValueSet", id))
    }

    /// Of several with the same URL, the one whose version is asked for, or that was written last.
    async fn canonical(&self, kind: &'static str, canonical: &str) -> Result<Option<Json<'static>>, Error> {
        let (url, version) = match canonical.split_once('|') {
            Some((url, version)) => (url, Some(version)),
            None => (canonical, None),
        };
        let Some((definition, parameter)) = resource_type(kind).and_then(|of| Some((of, of.parameter("url")?))) else {
            return Ok(None);
        };
        let operands = vec![Operand::Uri(url.to_owned())];
        let check = Check::Clause(Clause { parameter, modifier: Modifier::None, operands });
        let found = all(self.store, self.run, definition, vec![check], MOST_VERSIONS).await?.ok_or_else(|| {
            Error::TooCostly(format!("more than {MOST_VERSIONS} resources of type {kind} have the same URL"))
        })?;
        let parsed = |found: &Match| read(&found.version.key, &found.json).map(|json| (found.version.updated, json));
        let parsed = found.iter().map(parsed).collect::<Result<Vec<_>, _>>()?;
        let asked = parsed.into_iter().filter(|(_, json)| version.is_none() || json.text("version") == version);
        Ok(asked.max_by_key(|(updated, _)| *updated).map(|(_, json)| json))
    }
}

fn read(key: &Key, json: &[u8]) -> Result<Json<'static>, Error> {
    Json::parse(json).map(Json::into_owned).map_err(|_| Error::internal(format!("{key} is not JSON")))
}

/// The version of a value set that R4's bindings name: FHIR's own, or HL7 version 3's.
fn r4(url: &str) -> &'static str {
    if url.starts_with("http://terminology.hl7.org/ValueSet/v3-") { "2014-03-26" } else { "4.0.1" }
}

/// The value set of a required binding. There is no list of them, but a walk over all elements takes less than a call.
pub(super) fn bound(canonical: &str) -> Option<&'static ValueSet> {
    let (url, version) = canonical.split_once('|').unwrap_or((canonical, r4(canonical)));
    if version != r4(url) {
        return None;
    }
    let mut open: Vec<&'static Structure> = RESOURCE_TYPES.iter().map(|definition| definition.structure).collect();
    let mut seen: HashSet<*const Structure> = HashSet::new();
    while let Some(structure) = open.pop() {
        if !seen.insert(structure) {
            continue;
        }
        for element in structure.elements {
            if let Some(binding) = element.binding.filter(|binding| binding.url == url) {
                return Some(binding);
            }
            if let Kind::Complex(inner) = element.kind {
                open.push(inner);
            }
        }
    }
    None
}
