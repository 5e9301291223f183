//! The function's sentence: read the events; for each, look, decide, carry out, report.

use std::time::Duration;

use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};
use shared::deadline::Deadline;
use shared::error::Failure;

use crate::carry_out::carry_out;
use crate::config::Config;
use crate::error::NatError;
use crate::event::{self, Event, EventError};
use crate::observe::observe;
use crate::plan::{self, Decision, Plan};
use crate::ports::{Act, Observe};
use crate::report;

/// Kept back from Lambda's deadline to notify and to say what is left.
const MARGIN: Duration = Duration::from_secs(3);
/// The longest that a notification may take.
const NOTIFYING: Duration = Duration::from_secs(2);
/// How often the cloud is looked at when it is seen as it was before the event, and how long between.
const LOOKS: u32 = 5;
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// Answers events.
pub struct Handler<C> {
    cloud: C,
    config: Config,
}

impl<C: Observe + Act> Handler<C> {
    /// A handler that looks and acts by `cloud`.
    pub fn new(cloud: C, config: Config) -> Self {
        Self { cloud, config }
    }

    /// Answers all events in what Lambda sent, one after another, and fails if any of them failed.
    pub async fn handle(&self, event: LambdaEvent<Value>) -> Result<Value, Failure> {
        let deadline = Deadline::of(&event.context, MARGIN);
        let mut answers = Vec::new();
        let mut errors = Vec::new();
        for event in event::decode(&event.payload) {
            // Boxed: the types of futures nested this deep overflow the compiler's recursion limit.
            match Box::pin(self.answer(event, deadline)).await {
                Ok(answer) => answers.push(answer),
                Err(error) => errors.push(error),
            }
        }
        match errors.len() {
            0 => Ok(json!({ "events": answers })),
            1 => Err(errors.remove(0).into()),
            _ => Err(NatError::Several(errors).into()),
        }
    }

    async fn answer(&self, event: Result<Event, EventError>, deadline: Deadline) -> Result<Value, NatError> {
        let event = event?;
        if let Some(why) = plan::nothing_to_look_for(&event, &self.config) {
            return Ok(nothing(&why));
        }
        match self.decide(&event, deadline).await? {
            Decision::Nothing(why) => Ok(nothing(&why)),
            Decision::LookAgain(why) => Err(NatError::StaleRead(why)),
            Decision::Act(plan) => self.act(&plan, deadline).await,
        }
    }

    /// Looks and decides; again, when what it saw was older than the event.
    async fn decide(&self, event: &Event, deadline: Deadline) -> Result<Decision, NatError> {
        for _ in 1..LOOKS {
            let decision = self.look_and_decide(event, deadline).await?;
            let Decision::LookAgain(why) = &decision else { return Ok(decision) };
            tracing::warn!(why, "looking again");
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
        self.look_and_decide(event, deadline).await
    }

    async fn look_and_decide(&self, event: &Event, deadline: Deadline) -> Result<Decision, NatError> {
        let looked = deadline.cut(observe(&self.cloud, &self.config, event)).await;
        let snapshot = looked.ok_or(NatError::ObserveDeadline)?.map_err(NatError::Observe)?;
        if snapshot.groups.is_empty() && matches!(event, Event::Alarm(_)) {
            return Err(NatError::EmptyPool(self.config.pool.clone()));
        }
        Ok(plan::decide(event, &snapshot, &self.config))
    }

    async fn act(&self, plan: &Plan, deadline: Deadline) -> Result<Value, NatError> {
        log(plan, self.config.dry_run);
        if self.config.dry_run {
            return Ok(json!({
                "did": "nothing",
                "why": "DRY_RUN",
                "plan": plan.steps(),
            }));
        }
        let outcome = carry_out(plan, &self.cloud, deadline).await;
        report::metrics(&self.config.pool, plan, &outcome).emit();
        if let Some((subject, text)) = report::message(&self.config.pool, plan, &outcome) {
            self.notify(&subject, &text).await;
        }
        report::answer(plan, &outcome)
    }

    /// Tells people. The work is done by now, so a message that can't be sent is only logged.
    async fn notify(&self, subject: &str, text: &str) {
        let Some(topic) = &self.config.notification_topic else { return };
        match tokio::time::timeout(NOTIFYING, self.cloud.notify(topic, subject, text)).await {
            Ok(Ok(())) => (),
            Ok(Err(error)) => tracing::error!(error = shared::error::chain(&error), "the notification was not sent"),
            Err(_) => tracing::error!("the notification was not sent in time"),
        }
    }
}

fn nothing(why: &str) -> Value {
    tracing::info!(why, "nothing to do");
    json!({ "did": "nothing", "why": why })
}

fn log(plan: &Plan, dry_run: bool) {
    tracing::info!(
        cause = %plan.cause,
        group = plan.group,
        mark_unhealthy = plan.mark_unhealthy.join(","),
        changes = plan.changes.len(),
        completions = plan.completions.len(),
        stranded = plan.stranded.len(),
        dry_run,
        "plan"
    );
    for warning in &plan.warnings {
        tracing::warn!(warning, "check the configuration");
    }
    for step in plan.steps() {
        tracing::info!(step, dry_run, "planned");
    }
    for route in &plan.stranded {
        tracing::error!(table = route.table, destination = %route.destination, why = %route.why, "the route can't move");
    }
}

#[cfg(test)]
mod tests;
