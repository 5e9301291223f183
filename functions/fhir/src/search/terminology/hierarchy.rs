//! What subsumes what in a code system: by nesting, and by the properties that say so.

use std::collections::{BTreeSet, HashMap};

use fhir_model::json::Json;

use crate::error::Error;

/// The edges from a concept to others.
type Edges<'s> = HashMap<&'s str, Vec<&'s str>>;

/// The concepts of a `CodeSystem`.
pub(super) struct Hierarchy<'s> {
    system: &'s Json<'static>,
    concepts: HashMap<&'s str, &'s Json<'static>>,
    parents: Edges<'s>,
    children: Edges<'s>,
}

impl<'s> Hierarchy<'s> {
    /// Reads it.
    pub(super) fn of(system: &'s Json<'static>) -> Self {
        let mut read = Self { system, concepts: HashMap::new(), parents: HashMap::new(), children: HashMap::new() };
        let (up, down) = (read.named("parent"), read.named("child"));
        let mut open: Vec<(Option<&str>, &Json<'static>)> = nested(system).map(|concept| (None, concept)).collect();
        while let Some((parent, concept)) = open.pop() {
            let Some(code) = concept.text("code") else { continue };
            read.concepts.insert(code, concept);
            if let Some(parent) = parent {
                read.edge(parent, code);
            }
            for property in properties(concept) {
                let Some((name, other)) = property.text("code").zip(value(property)) else { continue };
                if up.contains(&name) || name == "subsumedBy" {
                    read.edge(other, code);
                } else if down.contains(&name) {
                    read.edge(code, other);
                }
            }
            open.extend(nested(concept).map(|inner| (Some(code), inner)));
        }
        read
    }

    /// All its codes.
    pub(super) fn codes(&self) -> BTreeSet<String> {
        self.concepts.keys().map(|code| (*code).to_owned()).collect()
    }

    /// A code and all that it subsumes.
    pub(super) fn with_descendants(&self, code: &str) -> BTreeSet<String> {
        reach(code, &self.children)
    }

    /// A code and all that subsume it.
    pub(super) fn with_ancestors(&self, code: &str) -> BTreeSet<String> {
        reach(code, &self.parents)
    }

    /// The codes for which a `ValueSet.compose.include.filter` holds.
    pub(super) fn filtered(&self, filter: &Json<'_>) -> Result<BTreeSet<String>, Error> {
        let part = |name| filter.text(name).unwrap_or_default();
        let (property, op, wanted) = (part("property"), part("op"), part("value"));
        let is = |found: &str| found == wanted;
        let listed = |found: &str| wanted.split(',').any(|one| one.trim() == found);
        let found = match (op, matches!(property, "concept" | "code")) {
            ("is-a", true) => self.with_descendants(wanted),
            ("descendent-of", true) => &self.with_descendants(wanted) - &BTreeSet::from([wanted.to_owned()]),
            ("is-not-a", true) => &self.codes() - &self.with_descendants(wanted),
            ("generalizes", true) => self.with_ancestors(wanted),
            ("=", _) => self.having(property, is)?,
            ("in", _) => self.having(property, listed)?,
            ("not-in", _) => &self.codes() - &self.having(property, listed)?,
            _ => {
                return Err(Error::Unsupported(format!(
                    "a value set has a filter \"{op}\", which is not supported; {EXPAND}"
                )));
            }
        };
        Ok(&found & &self.codes())
    }

    /// The codes that have a property of which the test holds.
    fn having(&self, property: &str, test: impl Fn(&str) -> bool) -> Result<BTreeSet<String>, Error> {
        let has =
            |edges: &Edges<'_>, code: &str| edges.get(code).is_some_and(|others| others.iter().any(|it| test(it)));
        let holds: &dyn Fn(&str, &Json<'_>) -> bool = if matches!(property, "concept" | "code") {
            &|code, _| test(code)
        } else if self.named("parent").contains(&property) {
            &|code, _| has(&self.parents, code)
        } else if self.named("child").contains(&property) {
            &|code, _| has(&self.children, code)
        } else if self.declared().any(|declared| declared.text("code") == Some(property)) {
            &|_, concept| {
                let mut of = properties(concept).filter(|it| it.text("code") == Some(property));
                of.any(|it| value(it).is_some_and(&test))
            }
        } else {
            return Err(Error::Unsupported(format!(
                "a value set filters by a property that its code system does not declare; {EXPAND}"
            )));
        };
        let of = self.concepts.iter().filter(|(code, concept)| holds(code, concept));
        Ok(of.map(|(code, _)| (*code).to_owned()).collect())
    }

    fn edge(&mut self, parent: &'s str, child: &'s str) {
        self.children.entry(parent).or_default().push(child);
        self.parents.entry(child).or_default().push(parent);
    }

    fn declared(&self) -> impl Iterator<Item = &'s Json<'static>> {
        self.system.get("property").map(Json::items).unwrap_or_default().iter()
    }

    /// What the code system calls one of FHIR's own properties.
    fn named(&self, name: &'static str) -> Vec<&'s str> {
        let uri = format!("http://hl7.org/fhir/concept-properties#{name}");
        let same = self.declared().filter(|property| property.text("uri") == Some(&uri));
        same.filter_map(|property| property.text("code")).chain([name]).collect()
    }
}

const EXPAND: &str = "give the value set an expansion";

fn nested<'s>(json: &'s Json<'static>) -> impl Iterator<Item = &'s Json<'static>> {
    json.get("concept").map(Json::items).unwrap_or_default().iter()
}

fn properties<'s, 'j>(concept: &'s Json<'j>) -> impl Iterator<Item = &'s Json<'j>> {
    concept.get("property").map(Json::items).unwrap_or_default().iter()
}

/// `value[x]` as text.
fn value<'s>(property: &'s Json<'_>) -> Option<&'s str> {
    let (_, value) = property.as_object()?.iter().find(|(name, _)| name.starts_with("value"))?;
    match value.as_bool() {
        Some(true) => Some("true"),
        Some(false) => Some("false"),
        None => value.as_str().or_else(|| value.as_number()).or_else(|| value.text("code")),
    }
}

/// Each code once, whatever circles there are.
fn reach(from: &str, edges: &Edges<'_>) -> BTreeSet<String> {
    let mut reached = BTreeSet::from([from.to_owned()]);
    let mut open = vec![from];
    while let Some(code) = open.pop() {
        let next = edges.get(code).into_iter().flatten();
        open.extend(next.filter(|next| reached.insert((**next).to_owned())));
    }
    reached
}
