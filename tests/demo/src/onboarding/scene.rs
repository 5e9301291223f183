//! A scenario of onboarding: what was logged, the trigger's invocations, and what was read back.

use std::time::Duration;

use e2e::Result;
use e2e::onboarding::Onboarding;
use e2e::onboarding::make::opened;
use local_aws::Invocation;
use report::{Check, Fact, Figure, Scenario, Step, Workflows};
use serde_json::{Value, json};

use super::people::{self, Logged, Person};
use super::seen::{self, Seen};
use super::{answer, history};
use crate::iot::shown;
use crate::names::Names;
use crate::stage::Stage;
use crate::{logs, measure, steps};

const PATIENCE: Duration = Duration::from_secs(30);
const TRIGGER: &str = "OnboardingTriggerFunction";

/// A scenario, as far as it has been played.
pub(crate) struct Scene<'o> {
    pub(crate) onboarding: &'o Onboarding,
    title: &'static str,
    happened: String,
    people: Vec<Person>,
    pub(crate) logged: Vec<Logged>,
    /// The last invocation of the scenario before.
    last: u64,
    before: Workflows,
    /// The trigger's invocations, each with a name if there are several.
    pub(crate) ran: Vec<(&'static str, Invocation)>,
    pub(crate) seen: Seen,
    pub(crate) after: Workflows,
}

impl Stage {
    /// Announces a scenario with the state that its events find.
    pub(crate) fn announce_users(&mut self, scene: &Scene<'_>) {
        self.announce(scene.title, &scene.happened, &Figure::Workflows(scene.before.clone()));
    }

    /// Tells how it ended and keeps it for the page.
    pub(crate) async fn close_users(&mut self, scene: Scene<'_>, checks: Vec<Check>) -> Result<()> {
        let log: Vec<Value> = scene.ran.iter().flat_map(|(_, ran)| ran.json_logs()).collect();
        self.tell(Scenario {
            event: scene.event()?,
            did: scene.did(),
            log: logs::worth_reading(&log),
            outcome: answer::outcome(&scene.ran),
            figures: scene.figures().await,
            title: scene.title.to_owned(),
            happened: scene.happened,
            before: Figure::Workflows(scene.before),
            after: Figure::Workflows(scene.after),
            checks,
        });
        Ok(())
    }
}

impl<'o> Scene<'o> {
    /// With whatever the services hold now.
    pub(crate) async fn new(
        onboarding: &'o Onboarding,
        title: &'static str,
        happened: impl Into<String>,
        (people, logged): (Vec<Person>, Vec<Logged>),
    ) -> Result<Self> {
        let seen = Seen::after(onboarding, 0).await?;
        let before = Workflows { users: Vec::new(), services: seen.services(&people) };
        let (happened, ran, after) = (happened.into(), Vec::new(), Workflows::default());
        Ok(Self { onboarding, title, happened, people, logged, last: last(onboarding), before, ran, seen, after })
    }

    /// What follows upon this one: the same events again.
    pub(crate) fn again(&self, title: &'static str, happened: impl Into<String>) -> Self {
        Self {
            onboarding: self.onboarding,
            title,
            happened: happened.into(),
            people: self.people.clone(),
            logged: self.logged.clone(),
            last: last(self.onboarding),
            before: self.after.clone(),
            ran: Vec::new(),
            seen: Seen::default(),
            after: Workflows::default(),
        }
    }

    /// What there is now.
    pub(crate) async fn now(&self) -> Result<Seen> {
        Seen::after(self.onboarding, 0).await
    }

    /// Writes the events into the directory's log group.
    pub(crate) async fn log(&self) -> Result<()> {
        let messages: Vec<&str> = self.logged.iter().map(|logged| logged.message.as_str()).collect();
        self.onboarding.put_events(&messages).await
    }

    /// Waits until the trigger's next invocation has ended.
    pub(crate) async fn next_batch(&mut self, part: &'static str) -> Result<()> {
        let last = self.ran.last().map_or(self.last, |(_, ran)| ran.id);
        let next = |ran: &Invocation| ran.id > last && ran.logical_id == TRIGGER;
        let batch = self.onboarding.account.wait_for_invocation("the trigger", PATIENCE, next).await?;
        self.ran.push((part, batch));
        Ok(())
    }

    /// Reads everything back as soon as so many executions have ended.
    pub(crate) async fn look(&mut self, ended: usize) -> Result<()> {
        self.seen = Seen::after(self.onboarding, ended).await?;
        let users = seen::users(&self.ran, &self.logged, &self.seen, &self.before)?;
        self.after = Workflows { users, services: self.seen.services(&self.people) };
        Ok(())
    }

    /// How many calls of one action the functions made.
    pub(crate) fn calls(&self, action: &str) -> usize {
        let calls = self.onboarding.account.calls();
        calls.of(action).filter(|call| call.invocation > self.last).len()
    }

    /// Whether any line, answer or error of the functions has a word of anybody's name.
    pub(crate) fn tells_a_name(&self) -> bool {
        let words = people::words(&self.people, &self.logged);
        let told = |ran: &Invocation| {
            let result = ran.result.as_ref().map_or_else(ToString::to_string, ToString::to_string);
            [ran.logs.join("\n"), result].join("\n").to_lowercase()
        };
        let all: Vec<String> = self.onboarding.account.invocations().iter().map(told).collect();
        all.iter().any(|text| words.iter().any(|word| text.contains(word)))
    }

    /// What the trigger answered the last time.
    pub(crate) fn answer(&self) -> Value {
        self.ran.last().and_then(|(_, ran)| ran.result.clone().ok()).unwrap_or_default()
    }

    /// What the trigger got, and what is inside.
    fn event(&self) -> Result<Value> {
        let Some((_, ran)) = self.ran.first() else { return Ok(Value::Null) };
        Ok(json!({"the event": shown(&ran.event), "its data, unpacked": shown(&opened(&ran.event)?)}))
    }

    /// The trigger's calls, then those of the tasks, service by service; accounts by their names.
    fn did(&self) -> Vec<Step> {
        let Some(since) = seen::since(&self.ran) else { return Vec::new() };
        let by_sid = self.logged.iter().map(|logged| (logged.sid.clone(), logged.who.clone()));
        let by_upn = self.people.iter().map(|person| (person.upn.to_owned(), person.who().to_owned()));
        let names: Names = by_sid.chain(by_upn).collect();
        let part = |name: &str| if name.is_empty() { "trigger".to_owned() } else { format!("trigger, {name}") };
        let trigger = self.ran.iter().map(|(name, ran)| (part(name), ran.calls.clone()));
        let calls = self.onboarding.account.calls().filter(|call| call.invocation > self.last);
        let of = |(service, _): (&str, &str)| {
            (service.to_owned(), calls.filter(|call| call.service == service.to_lowercase()))
        };
        let tasks = history::SERVICES.into_iter().map(of);
        trigger.chain(tasks).flat_map(|(part, calls)| steps::of_calls(&part, &calls, since, &names)).collect()
    }

    async fn figures(&self) -> Vec<Fact> {
        let own: Duration = self.ran.iter().map(|(_, ran)| measure::own_time(ran)).sum();
        let mut facts = vec![Fact::new("the trigger's duration", format!("{} ms", own.as_millis()))];
        facts.extend(measure::peak_memory(&self.onboarding.trigger).await);
        let invocations = self.onboarding.account.invocations();
        let tasks = invocations.iter().filter(|ran| ran.id > self.last && ran.logical_id != TRIGGER).count();
        facts.push(Fact::new("tasks run", tasks));
        facts
    }
}

fn last(onboarding: &Onboarding) -> u64 {
    onboarding.account.invocations().iter().map(|ran| ran.id).max().unwrap_or_default()
}
