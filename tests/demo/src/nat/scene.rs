//! A scenario of NAT failover: a network, an event that comes to it, and what is kept of that.

use std::time::{Duration, Instant};

use e2e::Result;
use e2e::nat::Nat;
use local_aws::{Invocation, Trigger};
use report::{Check, Figure, Network, Scenario};

use super::seen::Seen;
use super::{answer, names, network, world};
use crate::stage::Stage;
use crate::{logs, steps};

/// How long an event may take through the stack before the demo gives up on it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A scenario whose event has not come yet.
pub(crate) struct Scene<'n> {
    pub(crate) nat: &'n Nat,
    pub(crate) title: String,
    pub(crate) happened: String,
    pub(crate) before: Network,
}

impl Stage {
    /// A network of its own for some scenarios. With every route table in the function's reach, and with a topic that
    /// tells its operators what it did.
    pub(crate) async fn network(&mut self, zones: usize, parameters: &[(&str, &str)]) -> Result<Nat> {
        let text = format!("making a VPC of {zones} zones and deploying the function's template into its account");
        let aws = self.aws.clone();
        self.pause();
        let making = async {
            let usual = [("VpcId", "VPC"), ("NotificationTopicArn", "TOPIC")];
            let nat = Nat::new(&aws, zones, &[&usual, parameters].concat()).await?;
            world::name_tables(&nat).await?;
            Ok(nat)
        };
        self.prepare(&text, Box::pin(making)).await
    }

    /// Announces a scenario and reads the state that the event will find.
    pub(crate) async fn open<'n>(&mut self, nat: &'n Nat, title: &str, happened: &str) -> Result<Scene<'n>> {
        let before = network::read(nat).await?;
        self.announce(title, happened, &Figure::Network(before.clone()));
        Ok(Scene { nat, title: title.to_owned(), happened: happened.to_owned(), before })
    }

    /// Tells how the scenario ended and keeps it for the page.
    pub(crate) async fn close(&mut self, seen: Seen<'_>, checks: Vec<Check>) {
        let figures = seen.figures().await;
        let (invocation, names) = (&seen.invocation, names(&seen.scene.before));
        self.tell(Scenario {
            event: invocation.event.clone(),
            did: steps::of(invocation, seen.since, &names),
            log: logs::worth_reading(&invocation.json_logs()).iter().map(|line| names.put_in(line)).collect(),
            outcome: answer::outcome(&invocation.result, &names),
            title: seen.scene.title,
            happened: seen.scene.happened,
            before: Figure::Network(seen.scene.before),
            after: Figure::Network(seen.after),
            checks,
            figures,
        });
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
