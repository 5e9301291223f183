//! A scenario after its event: what the checks look at. The network decides, never what the function says of itself.

use std::time::{Duration, Instant};

use e2e::Result;
use local_aws::Invocation;
use report::{Fact, Instance, Network, Route, Table};

use super::network::{self, instances, routes};
use super::scene::Scene;
use crate::measure;

/// A scenario after its event.
pub(crate) struct Seen<'n> {
    pub(crate) scene: Scene<'n>,
    /// When the event was sent.
    pub(crate) since: Instant,
    pub(crate) invocation: Invocation,
    pub(crate) after: Network,
    /// Key numbers beside the usual ones.
    pub(crate) more: Vec<Fact>,
}

/// A route before and after.
pub(crate) struct Pair<'a> {
    pub(crate) table: &'a Table,
    pub(crate) was: &'a Route,
    /// None if it is gone.
    pub(crate) now: Option<&'a Route>,
}

impl Pair<'_> {
    /// Whether it points elsewhere now. That a target died or revived is no move.
    pub(crate) fn moved(&self) -> bool {
        self.now.is_none_or(|now| now.target != self.was.target)
    }

    pub(crate) fn now_at(&self, group: &str) -> bool {
        self.now.is_some_and(|now| now.owner.as_deref() == Some(group))
    }

    pub(crate) fn was_at(&self, group: &str) -> bool {
        self.was.owner.as_deref() == Some(group)
    }
}

impl Seen<'_> {
    /// The state once it has come to rest: calls of a killed function may outlive it.
    pub(crate) async fn settled(mut self) -> Result<Self> {
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let mut now = network::read(self.scene.nat).await?;
            now.mark_changes(&self.scene.before);
            if now == self.after {
                return Ok(self);
            }
            self.after = now;
        }
    }

    /// Every route of before, with what became of it.
    pub(crate) fn pairs(&self) -> Vec<Pair<'_>> {
        let now = |table: &Table, was: &Route| {
            let same = |(t, route): &(&Table, &Route)| t.id == table.id && route.destination == was.destination;
            routes(&self.after).find(same).map(|(_, route)| route)
        };
        routes(&self.scene.before).map(|(table, was)| Pair { table, was, now: now(table, was) }).collect()
    }

    /// How many routes point elsewhere now, or are new.
    pub(crate) fn moved(&self) -> usize {
        let new = routes(&self.after).count().saturating_sub(routes(&self.scene.before).count());
        self.pairs().iter().filter(|pair| pair.moved()).count() + new
    }

    /// Whether every route that pointed at `from` before points at `to` now, and there was one.
    pub(crate) fn all_moved(&self, from: &str, to: &str) -> bool {
        let pairs = self.pairs();
        let mut of_it = pairs.iter().filter(|pair| pair.was_at(from)).peekable();
        of_it.peek().is_some() && of_it.all(|pair| pair.now_at(to))
    }

    /// Whether no route but those that pointed at `from` was touched, and there were others.
    pub(crate) fn others_stayed(&self, from: &str) -> bool {
        let pairs = self.pairs();
        let mut others = pairs.iter().filter(|pair| !pair.was_at(from)).peekable();
        others.peek().is_some() && others.all(|pair| !pair.moved())
    }

    pub(crate) fn succeeded(&self) -> bool {
        self.invocation.result.is_ok()
    }

    /// The error's text, if the function raised one of this type.
    pub(crate) fn error(&self, error_type: &str) -> Option<&str> {
        let error = self.invocation.result.as_ref().err()?;
        (error.error_type == error_type).then_some(error.error_message.as_str())
    }

    /// Whether at most `most` calls were made one after another until the last route was on its way.
    pub(crate) fn routes_sent_within(&self, most: usize) -> bool {
        self.invocation.calls.depth_of_last("ec2:ReplaceRoute").is_some_and(|depth| depth <= most)
    }

    /// A group's instances, before and now.
    pub(crate) fn instances(&self, group: &str) -> (Vec<&Instance>, Vec<&Instance>) {
        (instances(&self.scene.before, group), instances(&self.after, group))
    }

    pub(crate) fn duration(&self) -> Duration {
        measure::own_time(&self.invocation)
    }

    /// What counts is when the last route was on its way: the message to the operators comes after that.
    fn depth(&self) -> Fact {
        let calls = &self.invocation.calls;
        match calls.depth_of_last("ec2:ReplaceRoute") {
            Some(depth) => Fact::new("calls one after another to the last route", depth),
            None => Fact::new("calls one after another", calls.depth()),
        }
    }

    pub(crate) async fn figures(&self) -> Vec<Fact> {
        let mut facts = vec![
            Fact::new("routes moved", self.moved()),
            self.depth(),
            Fact::new("duration", format!("{} ms", self.duration().as_millis())),
        ];
        facts.extend(measure::peak_memory(&self.scene.nat.function).await);
        facts.extend(self.more.iter().cloned());
        facts
    }
}
