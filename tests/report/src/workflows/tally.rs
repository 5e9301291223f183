//! Workflows in numbers.

use super::{Decision, Lane, LaneOutcome, Status, Workflows};
use crate::text::count;

/// What became of the log events and of the executions, counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Log events.
    pub events: usize,
    /// Those of users who are to have an execution.
    pub users: usize,
    /// Executions that the trigger started.
    pub started: usize,
    /// Those that there were already.
    pub already_started: usize,
    /// Calls that started none, though they should have.
    pub not_started: usize,
    /// Events that start nothing.
    pub skipped: usize,
    /// Events that can't be read.
    pub malformed: usize,
    /// Executions that are there.
    pub executions: usize,
    /// Those that succeeded.
    pub succeeded: usize,
    /// Those that failed.
    pub failed: usize,
    /// Those that have not ended.
    pub running: usize,
}

/// What a service held, and what the executions say of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stock<'a> {
    pub(crate) service: &'a str,
    /// How many users were in it before; none if nobody looked.
    pub(crate) before: Option<usize>,
    pub(crate) created: usize,
    pub(crate) already_there: usize,
    pub(crate) failed: usize,
    /// How many are in it now.
    pub(crate) now: Option<usize>,
}

impl Stock<'_> {
    /// Whether what was there before and what was created make up what is there.
    pub(crate) fn adds_up(&self) -> bool {
        let sum = self.before.map(|before| before + self.created);
        sum.is_none() || self.now.is_none() || sum == self.now
    }
}

impl Workflows {
    /// Everything counted.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals { events: self.users.len(), ..Totals::default() };
        for user in &self.users {
            let counter = match user.decision {
                Decision::Started => &mut totals.started,
                Decision::AlreadyStarted => &mut totals.already_started,
                Decision::NotStarted(_) => &mut totals.not_started,
                Decision::Skipped(_) => &mut totals.skipped,
                Decision::Malformed(_) => &mut totals.malformed,
            };
            *counter += 1;
        }
        for execution in self.users.iter().flat_map(|user| &user.executions) {
            totals.executions += 1;
            match execution.status {
                Status::Succeeded => totals.succeeded += 1,
                Status::Failed => totals.failed += 1,
                Status::Running => totals.running += 1,
            }
        }
        totals.users = totals.started + totals.already_started + totals.not_started;
        totals
    }

    /// Each service, before and now, in the order in which they are first named.
    pub(crate) fn stocks<'a>(&'a self, before: Option<&'a Self>) -> Vec<Stock<'a>> {
        let held = before.into_iter().chain([self]).flat_map(|one| &one.services).map(|service| service.name.as_str());
        let mut names: Vec<&str> = Vec::new();
        for name in held.chain(self.lanes().map(|lane| lane.service.as_str())) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.into_iter().map(|service| self.stock(before, service)).collect()
    }

    fn stock<'a>(&self, before: Option<&Self>, service: &'a str) -> Stock<'a> {
        let of = |is: fn(&LaneOutcome) -> bool| {
            self.lanes().filter(|lane| lane.service == service && is(&lane.outcome)).count()
        };
        Stock {
            service,
            before: before.and_then(|before| before.holds(service)),
            created: of(|outcome| *outcome == LaneOutcome::Created),
            already_there: of(|outcome| *outcome == LaneOutcome::AlreadyThere),
            failed: of(|outcome| matches!(outcome, LaneOutcome::Failed(_))),
            now: self.holds(service),
        }
    }

    fn holds(&self, service: &str) -> Option<usize> {
        self.services.iter().find(|known| known.name == service).map(|known| known.users.len())
    }

    fn lanes(&self) -> impl Iterator<Item = &Lane> {
        self.users.iter().flat_map(|user| &user.executions).flat_map(|execution| &execution.lanes)
    }

    /// Whether nothing is there.
    pub(crate) fn is_empty(&self) -> bool {
        self.users.is_empty() && self.services.iter().all(|service| service.users.is_empty())
    }

    /// The state before in a sentence: who is where, and the executions that there are.
    pub(crate) fn sentence(&self) -> String {
        if self.is_empty() {
            return "nobody is in any of the services.".to_owned();
        }
        let held = self.services.iter().map(|service| match service.users.as_slice() {
            [] => format!("nobody is in {}", service.name),
            [one] => format!("{one} is in {}", service.name),
            [one, other] => format!("{one} and {other} are in {}", service.name),
            many => format!("{} are in {}", count(many.len(), "user"), service.name),
        });
        let executions = self.totals().executions;
        let ran = (executions > 0).then(|| format!("{} before", count(executions, "execution")));
        held.chain(ran).collect::<Vec<_>>().join(", ") + "."
    }
}

impl Totals {
    /// In a sentence.
    pub(crate) fn sentence(&self) -> String {
        let parts = [
            (true, count(self.events, "log event")),
            (true, count(self.users, "user")),
            (true, format!("{} started", count(self.started, "execution"))),
            (self.already_started > 0, format!("{} already started", self.already_started)),
            (self.not_started > 0, format!("{} not started", self.not_started)),
            (true, format!("{} succeeded", self.succeeded)),
            (true, format!("{} failed", self.failed)),
            (self.running > 0, format!("{} running", self.running)),
            (self.skipped > 0, format!("{} skipped", self.skipped)),
            (self.malformed > 0, format!("{} malformed", self.malformed)),
        ];
        parts.into_iter().filter(|(said, _)| *said).map(|(_, part)| part).collect::<Vec<_>>().join(", ")
    }
}
