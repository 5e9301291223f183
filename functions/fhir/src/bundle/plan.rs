//! From entries to what is to be committed together, and how each is then answered.

use std::collections::{HashMap, HashSet};

use fhir_model::json::Json;
use fhir_model::patch::Patch;

use super::entry::{Action, Change, Entry, On};
use super::facts::{Facts, Questions};
use super::names::{Names, conditional};
use crate::error::Error;
use crate::http::negotiate::Conditions;
use crate::http::request::{Request, parameters};
use crate::interaction::{Answer, Plan, Server, create, delete, patch, update};
use crate::search::Criteria;
use crate::store::table::in_parallel;
use crate::store::{Base, Claim, Content, Draft, Key, Run, Version};

/// Each conditional reference is compared with each resource of its type that the transaction writes.
const MOST_COMPARED: usize = 100_000;

/// What a Bundle comes to.
#[derive(Debug, Default)]
pub(super) struct Planned<'a> {
    drafts: Vec<Draft<'a>>,
    claims: Vec<Claim>,
    steps: Vec<Step>,
}

/// How an entry is answered.
#[derive(Debug)]
enum Step {
    /// With that draft, once it is committed.
    Write { draft: usize, status: u16 },
    /// Like that: nothing is written.
    Done(Answer),
    /// With what it then reads.
    Get(Box<Request>),
}

/// What an entry came to.
#[derive(Debug)]
pub(super) enum Done {
    /// It is answered.
    Answer(Answer),
    /// It is to read now.
    Get(Box<Request>),
}

/// A conditional reference, and the first entry that has it.
#[derive(Debug)]
struct Conditional {
    criteria: Criteria,
    index: usize,
}

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

/// What went wrong is told of the entry; what may go right at another time is not its fault.
pub(super) fn of_entry(index: usize) -> impl Fn(Error) -> Error {
    move |error| match error {
        Error::Conflict(_) | Error::Store(_) | Error::Busy | Error::Timeout | Error::Internal(_) => error,
        error => Error::Entry { index, error: Box::new(error) },
    }
}

/// Plans. `linked`: whether entries may name each other, and references be conditional.
pub(super) async fn plan<'a>(
    server: &Server<'_>,
    mut entries: Vec<Entry<'a>>,
    linked: bool,
) -> Result<Planned<'a>, Error> {
    let references = if linked { references(server, &mut entries)? } else { HashMap::new() };
    let mut facts = Facts::read(server, questions(&entries, &references)).await?;
    facts.also(server, further(&entries, &facts)).await?;
    let mut planner = Planner::new(server, &facts, &entries);
    for entry in entries {
        let index = entry.index;
        planner.entry(entry).map_err(of_entry(index))?;
    }
    let mut references: Vec<_> = references.into_iter().collect();
    references.sort_by(|(one, first), (other, second)| (first.index, one).cmp(&(second.index, other)));
    for (text, reference) in references {
        planner.reference(server, &text, &reference).await.map_err(of_entry(reference.index))?;
    }
    planner.finish(server, linked).await
}

/// The conditional references of all resources, each once.
fn references(server: &Server<'_>, entries: &mut [Entry<'_>]) -> Result<HashMap<String, Conditional>, Error> {
    let mut found: HashMap<String, Conditional> = HashMap::new();
    for entry in entries {
        let index = entry.index;
        let mut wrong = None;
        let (Action::Create(_, _, json) | Action::Update(_, json) | Action::Patch(_, Change::FhirPath(json))) =
            &mut entry.action
        else {
            continue;
        };
        conditional(json, &mut |kind, text| {
            if wrong.is_some() || found.contains_key(&**text) {
                return;
            }
            let query = text.split_once('?').map_or("", |(_, query)| query);
            match server.criteria(kind, &parameters(query.as_bytes())) {
                Ok(criteria) => drop(found.insert(text.to_string(), Conditional { criteria, index })),
                Err(error) => wrong = Some(error),
            }
        });
        if let Some(error) = wrong {
            return Err(of_entry(index)(error));
        }
    }
    Ok(found)
}

fn questions(entries: &[Entry<'_>], references: &HashMap<String, Conditional>) -> Questions {
    let mut questions = Questions::default();
    let add = |map: &mut HashMap<String, Criteria>, criteria: &Criteria| {
        map.entry(criteria.normalized().to_owned()).or_insert_with(|| criteria.clone());
    };
    for entry in entries {
        questions.deletions += usize::from(matches!(entry.action, Action::Delete(_)));
        match &entry.action {
            Action::Create(_, Some(criteria), _) => add(&mut questions.claimed, criteria),
            Action::Update(On::Criteria(criteria), json) => {
                add(&mut questions.claimed, criteria);
                questions.keys.extend(json.text("id").map(|id| Key::new(criteria.resource_type(), id)));
            }
            Action::Patch(On::Criteria(criteria), _) | Action::Delete(On::Criteria(criteria)) => {
                add(&mut questions.referred, criteria);
            }
            Action::Update(On::Key(key), _) | Action::Patch(On::Key(key), _) | Action::Delete(On::Key(key)) => {
                questions.keys.insert(key.clone());
            }
            Action::Create(_, None, _) | Action::Get(_) => (),
        }
    }
    for reference in references.values() {
        add(&mut questions.referred, &reference.criteria);
    }
    questions
}

/// What the searches have found that is to be written.
fn further(entries: &[Entry<'_>], facts: &Facts) -> HashSet<Key> {
    let mut keys = HashSet::new();
    for entry in entries {
        if let Action::Update(On::Criteria(criteria), _)
        | Action::Patch(On::Criteria(criteria), _)
        | Action::Delete(On::Criteria(criteria)) = &entry.action
        {
            keys.extend(facts.found(criteria).iter().map(|version| version.key.clone()));
        }
    }
    keys
}

struct Planner<'f, 'a> {
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
}

impl<'f, 'a> Planner<'f, 'a> {
    fn new(server: &Server<'_>, facts: &'f Facts, entries: &[Entry<'_>]) -> Self {
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
        }
    }

    fn entry(&mut self, entry: Entry<'a>) -> Result<(), Error> {
        let Entry { index, full_url, action, conditions } = entry;
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
    async fn reference(&mut self, server: &Server<'_>, text: &str, reference: &Conditional) -> Result<(), Error> {
        let criteria = &reference.criteria;
        let drafts = self.by_type.get(criteria.resource_type()).into_iter().flatten();
        let written = drafts.filter_map(|at| {
            let draft = self.planned.drafts.get(*at)?;
            if let Content::Json(json) = &draft.content { Some((&draft.key, json)) } else { None }
        });
        let written: Vec<(&Key, &Json<'_>)> = written.collect();
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
            [] => return Err(Error::Precondition("a conditional reference of it matches nothing".to_owned())),
            _ => {
                let message = "a conditional reference of it matches more than one resource";
                return Err(Error::MultipleMatches(message.to_owned()));
            }
        }
        Ok(())
    }

    /// Rewrites what is to be written, and applies the patches.
    async fn finish(self, server: &Server<'_>, linked: bool) -> Result<Planned<'a>, Error> {
        let Self { mut planned, full_urls, patches, names, .. } = self;
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
            let plan = apply(server, patching).await.map_err(of_entry(index))?;
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

async fn apply(server: &Server<'_>, patching: Patching<'_>) -> Result<Plan<'static>, Error> {
    let Patching { key, base, change, conditions, .. } = patching;
    let change = match change {
        Change::Json(change) => change,
        Change::FhirPath(json) => Patch::fhirpath(&json)?,
    };
    let json = match &base.current {
        Some(current) => server.store.json(current).await?,
        None => None,
    };
    patch::plan(&key, base, json.as_deref(), &change, &conditions)
}

impl Planned<'_> {
    /// Commits everything, or nothing.
    pub(super) async fn commit(self, server: &Server<'_>) -> Result<Vec<Done>, Error> {
        let Self { drafts, claims, steps } = self;
        let versions = server.store.commit(drafts, &claims).await?;
        let mut versions: Vec<Option<Version>> = versions.into_iter().map(Some).collect();
        let mut done = |step| match step {
            Step::Done(answer) => Ok(Done::Answer(answer)),
            Step::Get(request) => Ok(Done::Get(request)),
            Step::Write { draft, status } => match versions.get_mut(draft).and_then(Option::take) {
                Some(version) => Ok(Done::Answer(Answer::written(status, version))),
                None => Err(Error::internal("a commit has returned too few versions")),
            },
        };
        steps.into_iter().map(&mut done).collect()
    }
}

#[cfg(test)]
mod tests;
