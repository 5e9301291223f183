//! A scenario of iot-firehose: what devices published, the function's invocations, and what was read back.

use std::time::{Duration, Instant};

use e2e::Result;
use e2e::iot::Iot;
use local_aws::{Fault, Invocation};
use report::{Check, Fact, Fate, Figure, Lake, Scenario};
use serde_json::Value;

use super::answer;
use super::lake::{self, Back, Sent};
use super::shown::{names, shown};
use crate::stage::Stage;
use crate::{logs, measure, steps};

/// How long anything may take before the demo gives up on it.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A scenario, as far as it has been played.
pub(crate) struct Scene<'i> {
    pub(crate) iot: &'i Iot,
    title: &'static str,
    happened: String,
    pub(crate) sent: Vec<Sent>,
    before: Lake,
    /// The invocations, each with a name if there are several.
    pub(crate) ran: Vec<(&'static str, Invocation)>,
    pub(crate) back: Back,
    /// Key numbers beside the usual ones.
    pub(crate) more: Vec<Fact>,
}

impl Stage {
    /// Announces a scenario with the state that its events find.
    pub(crate) fn announce_lake(&mut self, scene: &Scene<'_>) {
        self.announce(scene.title, &scene.happened, &Figure::Lake(scene.before.clone()));
    }

    /// Tells how it ended and keeps it for the page.
    pub(crate) async fn close_lake(&mut self, scene: Scene<'_>, checks: Vec<Check>) {
        let names = names(scene.iot);
        let ran: Vec<_> = scene.ran.iter().map(|(part, invocation)| (*part, invocation)).collect();
        let log: Vec<Value> = ran.iter().flat_map(|(_, invocation)| invocation.json_logs()).collect();
        self.tell(Scenario {
            event: ran.first().map(|(_, invocation)| shown(&invocation.event)).unwrap_or_default(),
            did: steps::of_parts(&ran, &names),
            log: logs::worth_reading(&log).iter().map(|line| names.put_in(line)).collect(),
            outcome: answer::outcome(&ran),
            figures: scene.figures().await,
            title: scene.title.to_owned(),
            happened: scene.happened,
            before: Figure::Lake(scene.before),
            after: Figure::Lake(scene.back.lake),
            checks,
        });
    }
}

impl<'i> Scene<'i> {
    /// With an empty lake.
    pub(crate) fn new(iot: &'i Iot, title: &'static str, happened: impl Into<String>) -> Self {
        let (sent, before, back) = (Vec::new(), Lake::default(), Back::default());
        Self { iot, title, happened: happened.into(), sent, before, ran: Vec::new(), back, more: Vec::new() }
    }

    /// What follows upon this one, of which nothing has been told yet.
    pub(crate) fn then(&self, title: &'static str, happened: impl Into<String>) -> Self {
        let (sent, before) = (self.sent.clone(), self.back.lake.clone());
        Self { sent, before, ..Self::new(self.iot, title, happened) }
    }

    /// A device connects with its certificate and publishes, until the broker has acknowledged every message.
    pub(crate) async fn publish(&mut self, device: &str, messages: Vec<report::Message>) -> Result<()> {
        let device = self.iot.device(device).await?;
        let payloads: Vec<String> = messages.iter().map(|message| message.text.clone()).collect();
        self.sent.extend(messages.into_iter().map(Sent::from));
        Ok(device.publish_all(e2e::iot::TOPIC, payloads).await?)
    }

    /// Waits until the next invocation by the queue has ended.
    pub(crate) async fn next_batch(&mut self, part: &'static str) -> Result<()> {
        let last = self.ran.iter().map(|(_, invocation)| invocation.id).max().unwrap_or_default();
        let later = |invocation: &Invocation| invocation.id > last;
        let batch = self.iot.account.wait_for_invocation("the next batch of the queue", PATIENCE, later).await?;
        self.ran.push((part, batch));
        Ok(())
    }

    /// Waits until the queue has no message more, in work neither.
    pub(crate) async fn queue_is_done(&self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while self.iot.waiting("Queue").await? > 0 {
            pause_until(end).await?;
        }
        Ok(())
    }

    /// The same, after the function has had all that was sent, in however many batches.
    pub(crate) async fn all_batches(&mut self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        let had = |ran: &Invocation| ran.event.get("Records").and_then(Value::as_array).map_or(0, Vec::len);
        while self.iot.account.invocations().iter().map(had).sum::<usize>() < self.sent.len() {
            pause_until(end).await?;
        }
        self.queue_is_done().await?;
        let ran = self.iot.account.invocations();
        let names = ["1st batch", "2nd batch", "3rd batch"].into_iter().chain(std::iter::repeat("later"));
        let one = ran.len() == 1;
        self.ran = names.map(|name| if one { "" } else { name }).zip(ran).collect();
        Ok(())
    }

    /// Hands the function an event, as Lambda would.
    pub(crate) async fn invoke(&mut self, event: &Value) -> Result<&Invocation> {
        let invocation = self.iot.function.invoke(event).await?;
        self.ran.push(("", invocation));
        Ok(self.ran.last().map(|(_, invocation)| invocation).ok_or("it was pushed")?)
    }

    /// Reads the lake and the quarantine.
    pub(crate) async fn look(&mut self) -> Result<&Back> {
        self.back = lake::read(self.iot, &self.sent).await?;
        Ok(&self.back)
    }

    /// The names of what is neither in the lake nor in quarantine, in the order in which it was sent.
    pub(crate) fn missing(&self) -> Vec<String> {
        let lost = self.lost().into_iter().filter_map(|at| self.sent.get(at)?.name.clone());
        lost.collect()
    }

    /// What is nowhere will come again, if it is what has this name or comes after it.
    pub(crate) fn mark_given_back(&mut self, from: Option<&str>) {
        let first = self.sent.iter().position(|sent| from.is_some() && sent.name.as_deref() == from);
        let lost = self.lost();
        for (at, message) in self.back.lake.messages.iter_mut().enumerate() {
            if lost.contains(&at) && first.is_some_and(|first| at >= first) {
                message.fate = Fate::GivenBack;
            }
        }
    }

    fn lost(&self) -> Vec<usize> {
        let fates = self.back.lake.messages.iter().enumerate();
        fates.filter(|(_, message)| message.fate == Fate::Lost).map(|(at, _)| at).collect()
    }

    /// Until [`Scene::heal`].
    pub(crate) fn inject(&self, fault: Fault) {
        self.iot.account.inject(fault);
    }

    pub(crate) fn heal(&self) {
        self.iot.account.clear_faults();
    }

    /// How many calls of one action there were in all.
    pub(crate) fn calls(&self, action: &str) -> usize {
        self.ran.iter().map(|(_, invocation)| invocation.calls.count(action)).sum()
    }

    /// Whether no message is left anywhere on the way: in the queue, with the dead letters, with the rule's errors.
    pub(crate) async fn queues_are_empty(&self) -> Result<bool> {
        let mut left = 0;
        for queue in ["Queue", "DeadLetters", "RuleErrors"] {
            left += self.iot.waiting(queue).await?;
        }
        Ok(left == 0)
    }

    async fn figures(&self) -> Vec<Fact> {
        let own: Duration = self.ran.iter().map(|(_, invocation)| measure::own_time(invocation)).sum();
        let mut facts = vec![Fact::new("duration", format!("{} ms", own.as_millis()))];
        facts.extend(measure::peak_memory(&self.iot.function).await);
        let calls = self.calls("firehose:PutRecordBatch");
        facts.extend((calls > 0).then(|| Fact::new("calls to Firehose", calls)));
        facts.extend(self.more.iter().cloned());
        facts
    }
}

async fn pause_until(end: Instant) -> Result<()> {
    if Instant::now() > end {
        return Err("the queue's messages were not all taken".into());
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    Ok(())
}
