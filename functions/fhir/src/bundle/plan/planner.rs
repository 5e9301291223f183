//! Deciding: pure, but for the patches, which need what they change.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;

use fhir_model::json::Json;
use fhir_model::patch::Patch;

use super::{Conditional, Planned, Step, of_entry};
use crate::bundle::entry::{Action, Change, Entry, On};
use crate::bundle::facts::Facts;
use crate::bundle::names::Names;
use crate::error::Error;
use crate::http::negotiate::Conditions;
use crate::interaction::{Answer, Plan, Server, create, delete, patch, update};
use crate::search::Criteria;
use crate::store::table::in_parallel;
use crate::store::{Base, Content, Draft, Key, Run, Version};

/// Each conditional reference is compared with each resource of its type that the transaction writes.
const MOST_COMPARED: usize = 100_000;

/// A patch that waits until all names are known.
struct Patching<'a> {
    step: usize,
    index: usize,
    full_url: Option<String>,
    key: Key,
    base: Base,
    change: Change<'a>,
    conditions: Conditions,
}

/// Gathers what entries ask for.
pub(super) struct Planner<'f, 'a> {
    facts: &'f Facts,
    /// What the Bundle deletes: its deletions come first, so that nothing else matches these.
    deleted: HashSet<Key>,
    planned: Planned<'a>,
    /// Of each draft.
    full_urls: Vec<Option<String>>,
    /// The drafts of each resource type.
    by_type: HashMap<&'static str, Vec<usize>>,
    patches: Vec<Patching<'a>>,
    names: Names,
    /// Which entry writes a resource.
    touched: HashMap<Key, usize>,
    /// The criteria by which something is created, because nothing matches.
    created: HashSet<String>,
    /// How many resources were compared with conditional references.
    compared: usize,
    /// What the patches make of resources of a type, as far as it can be told before all names are known.
    patched: HashMap<&'static str, Vec<(Key, Json<'static>)>>,
}

impl<'f, 'a> Planner<'f, 'a> {
    /// Nothing yet.
    pub(super) fn new(server: &Server<'_>, facts: &'f Facts, entries: &[Entry<'_>]) -> Self {
        let deleted = entries.iter().filter_map(|entry| match &entry.action {
            Action::Delete(On::Key(key)) => Some(key.clone()),
            Action::Delete(On::Criteria(criteria)) => facts.found(criteria).first().map(|version| version.key.clone()),
            _ => None,
        });
        Self {
            facts,
            deleted: deleted.collect(),
            planned: Planned::default(),
            full_urls: Vec::new(),
            by_type: HashMap::new(),
            patches: Vec::new(),
            names: Names::new(server.base),
            touched: HashMap::new(),
            created: HashSet::new(),
            compared: 0,
            patched: HashMap::new(),
        }
    }

    /// Decides what an entry comes to.
    pub(super) fn entry(&mut self, entry: Entry<'a>) -> Result<(), Error> {
        let Entry { index, full_url, action, conditions } = entry;
        if let (Some(full_url), Action::Create(_, _, json) | Action::Update(_, json)) = (&full_url, &action)
            && json.text("url") == Some(full_url)
        {
            self.names.definition(full_url);
        }
        match action {
            Action::Create(kind, unless, json) => self.create(full_url, kind, unless.as_deref(), json),
            Action::Update(On::Key(key), json) => {
                self.touch(&key, index)?;
                self.write(full_url, update::plan(&key, self.facts.base(&key), json, &conditions)?);
                Ok(())
            }
            Action::Update(On::Criteria(criteria), json) => self.update(index, full_url, &criteria, json, &conditions),
            Action::Patch(on, change) => self.patch(index, full_url, on, change, conditions),
            Action::Delete(on) => self.delete(index, on, &conditions),
            Action::Get(request) => {
                self.planned.steps.push(Step::Get(request));
                Ok(())
            }
        }
    }

    fn create(
        &mut self,
        full_url: Option<String>,
        kind: &'static str,
        unless: Option<&Criteria>,
        json: Json<'a>,
    ) -> Result<(), Error> {
        if let Some(criteria) = unless
            && let Some(answer) = create::among(self.matches(criteria))?
        {
            if let (Some(full_url), Some(version)) = (&full_url, &answer.version) {
                self.names.entry(full_url, &version.key, version.number);
            }
            self.planned.steps.push(Step::Done(answer));
            return Ok(());
        }
        if let Some(criteria) = unless {
            self.claim(criteria)?;
        }
        self.write(full_url, create::plan(kind, json));
        Ok(())
    }

    fn update(
        &mut self,
        index: usize,
        full_url: Option<String>,
        criteria: &Criteria,
        json: Json<'a>,
        conditions: &Conditions,
    ) -> Result<(), Error> {
        let kind = criteria.resource_type();
        let plan = match update::target(kind, self.matches(criteria), json.text("id"))? {
            update::Target::Found(found) => {
                self.touch(&found.key, index)?;
                update::plan(&found.key, self.same(&found)?, json, conditions)?
            }
            update::Target::New(None) => {
                update::hold(&Base::default(), conditions)?;
                self.claim(criteria)?;
                create::plan(kind, json)
            }
            update::Target::New(Some(key)) => {
                let base = self.facts.base(&key);
                if base.current.as_ref().is_some_and(|current| !current.is_deleted()) {
                    return Err(Error::Rule(format!("{key} exists, and does not match the criteria")));
                }
                self.touch(&key, index)?;
                self.claim(criteria)?;
                update::plan(&key, base, json, conditions)?
            }
        };
        self.write(full_url, plan);
        Ok(())
    }

    fn patch(
        &mut self,
        index: usize,
        full_url: Option<String>,
        on: On,
        change: Change<'a>,
        conditions: Conditions,
    ) -> Result<(), Error> {
        let (key, base) = match on {
            On::Key(key) => (key.clone(), self.facts.base(&key)),
            On::Criteria(criteria) => {
                let found = patch::target(self.matches(&criteria), criteria.resource_type())?;
                (found.key.clone(), self.same(&found)?)
            }
        };
        self.touch(&key, index)?;
        self.name(full_url.as_deref(), &key, &base);
        let step = self.planned.steps.len();
        self.planned.steps.push(Step::Done(Answer::empty(200, None))); // until it is applied
        self.patches.push(Patching { step, index, full_url, key, base, change, conditions });
        Ok(())
    }

    fn delete(&mut self, index: usize, on: On, conditions: &Conditions) -> Result<(), Error> {
        let (key, base) = match on {
            On::Key(key) => (key.clone(), self.facts.base(&key)),
            On::Criteria(criteria) => {
                if let Some(found) = delete::target(self.facts.found(&criteria).to_vec())? {
                    (found.key.clone(), self.same(&found)?)
                } else {
                    update::hold(&Base::default(), conditions)?;
                    self.planned.steps.push(Step::Done(Answer::empty(204, None)));
                    return Ok(());
                }
            }
        };
        self.touch(&key, index)?;
        self.write(None, delete::plan(&key, base, conditions)?);
        Ok(())
    }

    /// What matches, of what the Bundle does not delete.
    fn matches(&self, criteria: &Criteria) -> Vec<Version> {
        let found = self.facts.found(criteria).iter();
        found.filter(|version| !self.deleted.contains(&version.key)).cloned().collect()
    }

    /// What a write of a version that a search has found starts from: it must still be the current one.
    fn same(&self, found: &Version) -> Result<Base, Error> {
        let base = self.facts.base(&found.key);
        match &base.current {
            Some(current) if current.number == found.number => Ok(base),
            _ => Err(Error::Conflict("another request has changed the resource meanwhile".to_owned())),
        }
    }

    /// <https://hl7.org/fhir/R4/http.html#trules>: if identities overlap, the transaction fails.
    fn touch(&mut self, key: &Key, index: usize) -> Result<(), Error> {
        match self.touched.insert(key.clone(), index) {
            None => Ok(()),
            Some(other) => Err(Error::Malformed(format!(
                "it writes the same resource as entry {other}; a transaction may write a resource once"
            ))),
        }
    }

    /// Two that are created because the same is missing would each find the other.
    fn claim(&mut self, criteria: &Criteria) -> Result<(), Error> {
        if !self.created.insert(criteria.normalized().to_owned()) {
            let message = "another entry creates a resource by the same criteria; a transaction may do so once";
            return Err(Error::Malformed(message.to_owned()));
        }
        self.planned.claims.extend(self.facts.claim(criteria));
        Ok(())
    }

    fn write(&mut self, full_url: Option<String>, plan: Plan<'a>) {
        match plan {
            Plan::Done(answer) => self.planned.steps.push(Step::Done(answer)),
            Plan::Write { draft, status } => {
                self.name(full_url.as_deref(), &draft.key, &draft.base);
                self.planned.steps.push(Step::Write { draft: self.planned.drafts.len(), status });
                self.by_type.entry(draft.key.resource_type).or_default().push(self.planned.drafts.len());
                self.planned.drafts.push(draft);
                self.full_urls.push(full_url);
            }
        }
    }

    fn name(&mut self, full_url: Option<&str>, key: &Key, base: &Base) {
        if let Some(full_url) = full_url {
            self.names.entry(full_url, key, base.current.as_ref().map_or(0, |current| current.number) + 1);
        }
    }

    /// <https://hl7.org/fhir/R4/http.html#trules>: there must be one match, of what will be there after the transaction.
    pub(super) async fn reference(
        &mut self,
        server: &Server<'_>,
        text: &str,
        reference: &Conditional,
    ) -> Result<(), Error> {
        let criteria = &reference.criteria;
        let kind = criteria.resource_type();
        if !self.patched.contains_key(kind) {
            let of_kind = self.patches.iter().filter(|patching| patching.key.resource_type == kind);
            self.patched.insert(kind, previews(server, of_kind).await);
        }
        let drafts = self.by_type.get(kind).into_iter().flatten();
        let written = drafts.filter_map(|at| {
            let draft = self.planned.drafts.get(*at)?;
            if let Content::Json(json) = &draft.content { Some((&draft.key, json)) } else { None }
        });
        let patched = self.patched.get(kind).into_iter().flatten().map(|(key, json)| (key, json));
        let written: Vec<(&Key, &Json<'_>)> = written.chain(patched).collect();
        self.compared += written.len();
        if self.compared > MOST_COMPARED {
            return Err(Error::TooCostly(
                "the transaction has too many conditional references to a type that it writes; divide it".to_owned(),
            ));
        }
        let mut found: Vec<&Key> = Vec::new();
        if !written.is_empty() {
            let run = async |run: &Run| criteria.among(&server.store, run, &written).await;
            found = server.store.consistently(run).await?;
        }
        let stored = self.facts.found(criteria).iter().map(|version| &version.key);
        let replaced: HashSet<&Key> = written.iter().map(|(key, _)| *key).collect();
        found.extend(stored.filter(|key| !self.deleted.contains(key) && !replaced.contains(key)));
        match found.as_slice() {
            [key] => self.names.criteria(text, key),
            [] => return Err(Error::Precondition(format!("its conditional reference to a {kind} matches nothing"))),
            _ => {
                let message = format!("its conditional reference to a {kind} matches more than one resource");
                return Err(Error::MultipleMatches(message));
            }
        }
        Ok(())
    }

    /// Rewrites what is to be written, and applies the patches.
    pub(super) async fn finish(self, server: &Server<'_>, linked: bool) -> Result<Planned<'a>, Error> {
        let Self { mut planned, full_urls, patches, names, patched, .. } = self;
        drop(patched);
        let rewrite = |draft: &mut Draft<'_>, full_url: Option<&str>| {
            if let (true, Content::Json(json)) = (linked, &mut draft.content) {
                names.rewrite(json, full_url);
            }
        };
        for (draft, full_url) in planned.drafts.iter_mut().zip(full_urls) {
            rewrite(draft, full_url.as_deref());
        }
        let applied = in_parallel(patches.into_iter().map(async |mut patching| {
            if let (true, Change::FhirPath(json)) = (linked, &mut patching.change) {
                names.rewrite(json, patching.full_url.as_deref());
            }
            let (step, index, full_url) = (patching.step, patching.index, patching.full_url.take());
            let plan = apply(server, &patching).await.map_err(of_entry(index))?;
            Ok::<_, Error>((step, full_url, plan))
        }))
        .await?;
        for (step, full_url, plan) in applied {
            if let (Plan::Write { mut draft, status }, Some(step)) = (plan, planned.steps.get_mut(step)) {
                rewrite(&mut draft, full_url.as_deref());
                *step = Step::Write { draft: planned.drafts.len(), status };
                planned.drafts.push(draft);
            }
        }
        Ok(planned)
    }
}

/// What patches make of resources; what can't be applied is told when it is to be written.
async fn previews<'p, 'a: 'p>(
    server: &Server<'_>,
    patches: impl Iterator<Item = &'p Patching<'a>>,
) -> Vec<(Key, Json<'static>)> {
    let preview = async |patching: &Patching<'_>| {
        let current = patching.base.current.as_ref()?;
        let json = server.store.json(current).await.ok()??;
        let json = Json::parse(&json).ok()?.into_owned();
        let changed = match &patching.change {
            Change::Json(change) => change.apply(json),
            Change::FhirPath(change) => Patch::fhirpath(change).and_then(|change| change.apply(json)),
        };
        Some((patching.key.clone(), changed.ok()?))
    };
    let previews = in_parallel(patches.map(async |patching| Ok::<_, Infallible>(preview(patching).await)));
    let Ok(previews) = previews.await;
    previews.into_iter().flatten().collect()
}

async fn apply(server: &Server<'_>, patching: &Patching<'_>) -> Result<Plan<'static>, Error> {
    let Patching { key, base, change, conditions, .. } = patching;
    let of_resource;
    let change = match change {
        Change::Json(change) => change,
        Change::FhirPath(json) => {
            of_resource = Patch::fhirpath(json)?;
            &of_resource
        }
    };
    let json = match &base.current {
        Some(current) => server.store.json(current).await?,
        None => None,
    };
    patch::plan(key, base.clone(), json.as_deref(), change, conditions)
}
