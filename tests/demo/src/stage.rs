//! Where scenarios are played: it announces them, lets the event come, and keeps the story for the page.

use std::time::{Duration, Instant};

use e2e::Result;
use e2e::nat::Nat;
use local_aws::{Invocation, LocalAws, Trigger};
use report::{Chapter, Check, Figure, Narrator, Network, Report, Scenario};

use crate::names::Names;
use crate::seen::Seen;
use crate::{answer, logs, machine, network, steps};

/// How long an event may take through the stack before the demo gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// The narrator, and the report so far.
pub(crate) struct Stage {
    narrator: Narrator,
    aws: LocalAws,
    report: Report,
}

/// A scenario whose event has not come yet.
pub(crate) struct Scene<'n> {
    pub(crate) nat: &'n Nat,
    pub(crate) title: String,
    pub(crate) happened: String,
    pub(crate) before: Network,
}

impl Stage {
    pub(crate) fn new(narrator: Narrator, aws: LocalAws) -> Self {
        let title = "Lambda functions for a VPC that heals itself".to_owned();
        let report = Report { title, started: machine::now(), machine: machine::facts(), ..Report::default() };
        Self { narrator, aws, report }
    }

    /// Begins the scenarios of a system.
    pub(crate) fn chapter(&mut self, system: &str, lead: &str) {
        self.narrator.chapter(system, lead);
        self.report.chapters.push(Chapter { system: system.into(), lead: lead.into(), scenarios: Vec::new() });
    }

    /// A network of its own for some scenarios. With every route table in the function's reach, and with a topic that
    /// tells its operators what it did.
    pub(crate) async fn network(&mut self, zones: usize, parameters: &[(&str, &str)]) -> Result<Nat> {
        let text = format!("making a VPC of {zones} zones and deploying the function's template into its account");
        self.narrator.line("");
        let task = self.narrator.start(&text);
        let usual = [("VpcId", "VPC"), ("NotificationTopicArn", "TOPIC")];
        let nat = Nat::new(&self.aws, zones, &[&usual, parameters].concat()).await?;
        crate::world::name_tables(&nat).await?;
        task.done();
        Ok(nat)
    }

    /// Something of the demo's own that takes long, with a progress line.
    pub(crate) async fn prepare<T>(&mut self, what: &str, work: impl Future<Output = Result<T>>) -> Result<T> {
        let task = self.narrator.start(what);
        let done = work.await?;
        task.done();
        Ok(done)
    }

    /// Announces a scenario and reads the state that the event will find.
    pub(crate) async fn open<'n>(&mut self, nat: &'n Nat, title: &str, happened: &str) -> Result<Scene<'n>> {
        let before = network::read(nat).await?;
        let number = self.report.scenarios().count() + 1;
        self.narrator.announce(number, title, happened);
        self.narrator.before(&Figure::Network(before.clone()));
        Ok(Scene { nat, title: title.to_owned(), happened: happened.to_owned(), before })
    }

    /// Tells how the scenario ended and keeps it for the page.
    pub(crate) async fn close(&mut self, seen: Seen<'_>, checks: Vec<Check>) {
        let figures = seen.figures().await;
        let (invocation, names) = (&seen.invocation, Names::of(&seen.scene.before));
        let scenario = Scenario {
            event: invocation.event.clone(),
            did: steps::of(invocation, seen.since, &names),
            log: logs::worth_reading(invocation).iter().map(|line| names.put_in(line)).collect(),
            outcome: answer::outcome(&invocation.result, &names),
            title: seen.scene.title,
            happened: seen.scene.happened,
            before: Figure::Network(seen.scene.before),
            after: Figure::Network(seen.after),
            checks,
            figures,
        };
        self.narrator.told(&scenario);
        if let Some(chapter) = self.report.chapters.last_mut() {
            chapter.scenarios.push(scenario);
        }
    }

    /// The narrator for the last lines, and the whole report.
    pub(crate) fn finish(self) -> (Narrator, Report) {
        (self.narrator, self.report)
    }
}

impl<'n> Scene<'n> {
    /// The sample event `name` about the group of a letter comes to the function.
    pub(crate) async fn send(self, name: &str, letter: &str) -> Result<Seen<'n>> {
        let event = self.nat.event(name, letter)?;
        let since = Instant::now();
        let invocation = self.nat.function.invoke(&event).await?;
        self.seen(since, invocation).await
    }

    /// `happens` sends something through the deployed stack, at whose end the function is invoked.
    pub(crate) async fn through_the_stack(self, happens: impl Future<Output = Result<()>>) -> Result<Seen<'n>> {
        self.nat.account.clear_calls();
        let since = Instant::now();
        happens.await?;
        let by_event = |invocation: &Invocation| invocation.trigger == Trigger::Event;
        let wait = self.nat.account.wait_for_invocation("the function's invocation by the event", PATIENCE, by_event);
        let invocation = wait.await?;
        self.seen(since, invocation).await
    }

    async fn seen(self, since: Instant, invocation: Invocation) -> Result<Seen<'n>> {
        let mut after = network::read(self.nat).await?;
        after.mark_changes(&self.before);
        Ok(Seen { scene: self, since, invocation, after, more: Vec::new() })
    }
}
