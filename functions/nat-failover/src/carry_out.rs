//! Carries a plan out: everything at once, each step on its own, until the deadline.

use std::cell::RefCell;
use std::fmt;

use futures_util::stream::{self, StreamExt};
use shared::aws::AwsError;
use shared::deadline::Deadline;

use crate::cloud::Millis;
use crate::plan::{Change, Completion, Plan};
use crate::ports::Act;

/// Route changes under way at once. `make bench` shows what 200 and 500 routes take; more would only be throttled sooner.
const CHANGES_AT_ONCE: usize = 16;

/// One step of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Marking an instance unhealthy.
    MarkUnhealthy(&'a str),
    /// Changing a route.
    Change(&'a Change),
    /// Completing a lifecycle action.
    Complete(&'a Completion),
}

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Outcome<'a> {
    /// The steps that went through.
    pub done: Vec<Step<'a>>,
    /// The steps that failed for good.
    pub failed: Vec<(Step<'a>, AwsError)>,
    /// The steps that were not done by the deadline.
    pub left: Vec<Step<'a>>,
    /// When the last route change went through.
    pub last_change: Option<Millis>,
}

/// Does all that `plan` says. One step that fails does not stop the others, except that a drained instance is not let
/// go before its routes are elsewhere.
pub async fn carry_out<'a>(plan: &'a Plan, cloud: &impl Act, deadline: Deadline) -> Outcome<'a> {
    let outcome = RefCell::new(Outcome::default());
    let marks: Vec<_> = plan.mark_unhealthy.iter().map(|instance| Step::MarkUnhealthy(instance)).collect();
    let changes: Vec<_> = plan.changes.iter().map(Step::Change).collect();
    let completions: Vec<_> = plan.completions.iter().map(Step::Complete).collect();
    let (at_once, after) = if plan.changes_first { (&[][..], &completions[..]) } else { (&completions[..], &[][..]) };
    let others: Vec<_> = marks.iter().chain(at_once).copied().collect();

    let first = async { tokio::join!(run(&others, cloud, &outcome), run(&changes, cloud, &outcome)) };
    let in_time = deadline.cut(first).await.is_some();
    if in_time && outcome.borrow().failed.is_empty() {
        deadline.cut(run(after, cloud, &outcome)).await;
    }

    let mut outcome = outcome.into_inner();
    let all = others.iter().chain(&changes).chain(after);
    outcome.left = all.filter(|step| !outcome.knows(step)).copied().collect();
    for step in &outcome.left {
        tracing::error!(step = %step, "left at the deadline");
    }
    outcome
}

async fn run<'a>(steps: &[Step<'a>], cloud: &impl Act, outcome: &RefCell<Outcome<'a>>) {
    let running = stream::iter(steps).for_each_concurrent(CHANGES_AT_ONCE, |step| async {
        let result = match step {
            Step::MarkUnhealthy(instance) => cloud.mark_unhealthy(instance).await,
            Step::Change(change) => cloud.change_route(change).await,
            Step::Complete(completion) => cloud.complete(completion).await,
        };
        outcome.borrow_mut().record(*step, result);
    });
    running.await;
}

impl<'a> Outcome<'a> {
    /// The route changes that went through.
    pub fn changes(&self) -> impl Iterator<Item = &'a Change> {
        self.done.iter().filter_map(|step| match step {
            Step::Change(change) => Some(*change),
            Step::MarkUnhealthy(_) | Step::Complete(_) => None,
        })
    }

    fn record(&mut self, step: Step<'a>, result: Result<(), AwsError>) {
        match result {
            Ok(()) => {
                tracing::info!(step = %step, "done");
                self.last_change = matches!(step, Step::Change(_)).then(now).or(self.last_change);
                self.done.push(step);
            }
            Err(error) => {
                tracing::error!(step = %step, error = shared::error::chain(&error), "step failed");
                self.failed.push((step, error));
            }
        }
    }

    fn knows(&self, step: &Step) -> bool {
        self.done.contains(step) || self.failed.iter().any(|(failed, _)| failed == step)
    }
}

fn now() -> Millis {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Millis::try_from(since.as_millis()).unwrap_or(Millis::MAX)
}

impl fmt::Display for Step<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MarkUnhealthy(instance) => write!(f, "mark {instance} unhealthy"),
            Self::Change(change) => write!(f, "{change}"),
            Self::Complete(completion) => write!(f, "complete {} for {}", completion.hook, completion.instance),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: ", self.table, self.destination)?;
        match &self.from {
            Some(from) => write!(f, "{from} -> {}", self.to),
            None => write!(f, "new route -> {}", self.to),
        }
    }
}
