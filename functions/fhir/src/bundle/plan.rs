//! From entries to what is to be committed together, and how each is then answered.

mod planner;

use std::collections::{HashMap, HashSet};

use fhir_model::validate::validate;

use super::entry::{Action, Change, Entry, On};
use super::facts::{Facts, Questions};
use super::names::conditional;
use super::{MOST_ISSUES, of_resource};
use crate::error::Error;
use crate::http::request::{Request, parameters};
use crate::interaction::{Answer, Server, resource};
use crate::search::Criteria;
use crate::store::{Claim, Content, Draft, Key, Method, Version};
use planner::Planner;

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

/// What went wrong is told of the entry; what may go right at another time is not its fault.
pub(super) fn of_entry(index: usize) -> impl Fn(Error) -> Error {
    move |error| match error {
        Error::Conflict(_) | Error::Store(_) | Error::Busy | Error::Timeout | Error::Internal(_) => error,
        error => Error::Entry { index, at: "", error: Box::new(error) },
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
    let first = entries.first().map_or(0, |entry| entry.index);
    for entry in entries {
        let index = entry.index;
        planner.entry(entry).map_err(of_entry(index))?;
    }
    let mut references: Vec<_> = references.into_iter().collect();
    references.sort_by(|(one, first), (other, second)| (first.index, one).cmp(&(second.index, other)));
    for (text, reference) in references {
        planner.reference(server, &text, &reference).await.map_err(of_entry(reference.index))?;
    }
    let all = planner.finish(server, linked).await?;
    all.check(server, first, linked)?;
    Ok(all)
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

impl Planned<'_> {
    /// Refuses what is too large and, where entries may name each other, what has become invalid now that names are known:
    /// a reference to an entry of a type that does not go there. Each entry has a step, `first` is the first one's index.
    fn check(&self, server: &Server<'_>, first: usize, linked: bool) -> Result<(), Error> {
        let mut issues = Vec::new();
        for (index, step) in (first..).zip(&self.steps) {
            let Step::Write { draft, .. } = step else { continue };
            let Some(draft) = self.drafts.get(*draft) else { continue };
            if let (true, Content::Json(json)) = (linked && issues.len() < MOST_ISSUES, &draft.content) {
                let found = validate(json);
                if draft.method == Method::Patch && !found.is_empty() {
                    return Err(of_entry(index)(Error::Validation(found)));
                }
                let kind = draft.key.resource_type;
                issues.extend(found.into_iter().map(|issue| of_resource(index, kind, issue)));
            }
            resource::check_size(draft, server.base).map_err(of_entry(index))?;
        }
        if issues.is_empty() { Ok(()) } else { Err(Error::Validation(issues)) }
    }

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
