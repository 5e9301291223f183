//! What is read back: executions, WorkSpaces, Connect users, what the topic was told.

use std::time::Instant;

use e2e::Result;
use e2e::onboarding::make::opened;
use e2e::onboarding::{Onboarding, WorkSpace};
use local_aws::{Call, ConnectUser, Execution, Invocation};
use report::{Service, User, Workflows};
use serde_json::Value;

use super::people::{Logged, Person};
use super::{answer, history};

/// What there is at a moment.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) executions: Vec<Execution>,
    pub(crate) workspaces: Vec<WorkSpace>,
    pub(crate) connect: Vec<ConnectUser>,
    /// What the topic was told since the last look.
    pub(crate) told: Vec<String>,
}

impl Seen {
    /// Reads everything as soon as so many executions have ended.
    pub(crate) async fn after(onboarding: &Onboarding, ended: usize) -> Result<Self> {
        let executions = onboarding.ended(ended).await?;
        let (workspaces, connect) = (onboarding.workspaces().await?, onboarding.connect_users());
        Ok(Self { executions, workspaces, connect, told: onboarding.told().await? })
    }

    /// A person's execution.
    pub(crate) fn execution(&self, sid: &str) -> Option<&Execution> {
        self.executions.iter().find(|execution| execution.name == sid)
    }

    /// How many WorkSpaces a person has.
    pub(crate) fn workspaces_of(&self, person: &Person) -> usize {
        self.workspaces.iter().filter(|one| one.user == person.who()).count()
    }

    /// How many Connect users a person has, with the right names.
    pub(crate) fn connect_users_of(&self, person: &Person) -> usize {
        let names = |user: &ConnectUser| [user.first_name.clone(), user.last_name.clone()];
        let right = person.names.map(|name| Some(name.to_owned()));
        self.connect.iter().filter(|user| user.username == person.upn && names(user) == right).count()
    }

    /// Who is in which service, by the names of the accounts.
    pub(crate) fn services(&self, people: &[Person]) -> Vec<Service> {
        let who = |username: &str| {
            let person = people.iter().find(|person| person.upn == username);
            person.map_or(username, Person::who).to_owned()
        };
        let held = [
            self.workspaces.iter().map(|one| one.user.clone()).collect(),
            self.connect.iter().map(|user| who(&user.username)).collect(),
        ];
        let service = |((name, _), users): ((&str, &str), Vec<String>)| Service { name: name.to_owned(), users };
        history::SERVICES.into_iter().zip(held).map(service).collect()
    }
}

/// The figure's users: each event that the trigger got, what it decided, and the execution unless it is an `old` one.
pub(crate) fn users(ran: &[(&str, Invocation)], logged: &[Logged], seen: &Seen, old: &Workflows) -> Result<Vec<User>> {
    let Some((_, last)) = ran.last() else { return Ok(Vec::new()) };
    let batch = opened(&last.event)?;
    let log = last.json_logs();
    let mut users: Vec<User> = Vec::new();
    let mut sids: Vec<&str> = Vec::new();
    for event in batch.get("logEvents").and_then(Value::as_array).into_iter().flatten() {
        let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
        let logged = logged.iter().find(|logged| logged.message == text("message")).ok_or("an event of nobody")?;
        let copy = sids.contains(&logged.sid.as_str());
        let decision = answer::decision(&log, text("id"), &logged.sid, copy);
        let malformed = matches!(decision, report::Decision::Malformed(_));
        let who = if malformed { format!("event {}", short(text("id"))) } else { logged.who.clone() };
        let known = copy || old.users.iter().any(|user| user.executions.iter().any(|one| one.name == logged.sid));
        let execution = seen.execution(&logged.sid).filter(|_| !known);
        let executions = execution.and_then(|one| Some(history::drawn(one, began(ran, &one.name)?)));
        users.push(User { who, decision, executions: executions.into_iter().collect() });
        sids.push(&logged.sid);
    }
    Ok(users)
}

/// The first call of all.
pub(crate) fn since(ran: &[(&str, Invocation)]) -> Option<Instant> {
    ran.iter().flat_map(|(_, ran)| ran.calls.iter()).map(|call| call.started).min()
}

/// When an execution was started, in milliseconds since the batch came.
fn began(ran: &[(&str, Invocation)], name: &str) -> Option<f64> {
    let calls = ran.iter().flat_map(|(_, ran)| ran.calls.iter());
    let carried_out = |call: &&Call| call.succeeded() || call.status == 0; // without a status its answer was lost
    let started = calls.filter(|call| call.parameter("name") == Some(name)).filter(carried_out);
    let started = started.map(|call| call.started).min()?;
    Some(started.saturating_duration_since(since(ran)?).as_secs_f64() * 1000.0)
}

/// An id is long: its end.
fn short(id: &str) -> String {
    format!("…{}", id.chars().skip(id.chars().count().saturating_sub(6)).collect::<String>())
}
