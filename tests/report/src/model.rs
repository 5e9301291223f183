//! What a report holds, whatever the system.

use serde::{Deserialize, Serialize};

use crate::cluster::Cluster;
use crate::lake::Lake;
use crate::network::Network;
use crate::served::Served;
use crate::workflows::Workflows;

/// One run of the demo.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The page's title.
    pub title: String,
    /// When the run started, as it is to be read.
    pub started: String,
    /// What it ran on: processor, emulators, versions.
    pub machine: Vec<Fact>,
    /// One per system.
    pub chapters: Vec<Chapter>,
}

/// The scenarios of one system.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Chapter {
    /// The function's name, such as `nat-failover`.
    pub system: String,
    /// What the system is for, in a sentence or two.
    pub lead: String,
    /// In the order in which they ran.
    pub scenarios: Vec<Scenario>,
}

/// One event and what came of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scenario {
    /// A heading, such as "A zone's NAT instance fails".
    pub title: String,
    /// What happened, in a sentence.
    pub happened: String,
    /// The event that the function was given.
    pub event: serde_json::Value,
    /// Each call that the function made.
    pub did: Vec<Step>,
    /// The log lines worth reading.
    pub log: Vec<String>,
    /// The state before the event.
    pub before: Figure,
    /// The state when the function had answered.
    pub after: Figure,
    /// What the function answered. An error can be right: the checks decide.
    pub outcome: Outcome,
    /// What was promised, and whether it held.
    pub checks: Vec<Check>,
    /// Key numbers, such as "routes moved: 4".
    pub figures: Vec<Fact>,
}

/// A call that the function made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The part of the work that it belongs to, such as a step of a rotation; empty where there is but one.
    #[serde(default)]
    pub part: String,
    /// The API action, such as `ReplaceRoute`.
    pub action: String,
    /// What it acted on: an id or an ARN; empty where it names nothing.
    pub resource: String,
    /// When it was sent, in milliseconds since the event.
    pub at_ms: f64,
    /// How long it took, in milliseconds.
    pub took_ms: f64,
    /// How many calls had to finish first, plus one: calls of equal depth run in parallel.
    pub depth: u32,
    /// The error code, if it failed.
    pub error: Option<String>,
}

/// How the invocation ended, with a sentence on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", content = "sentence", rename_all = "kebab-case")]
pub enum Outcome {
    /// The function succeeded.
    Ok(String),
    /// The function raised an error, so that the invocation is retried or dead-lettered.
    Failed(String),
}

/// A promise, and whether it held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What the function promises, such as "a replay makes no mutating call".
    pub promise: String,
    /// Whether it did so here.
    pub held: bool,
}

/// A name and its value, ready to read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Such as "routes moved".
    pub name: String,
    /// With its unit, such as "41 ms".
    pub value: String,
}

/// A picture of a system's state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Figure {
    /// Zones, their NAT instances and route tables.
    Network(Network),
    /// Keys, and the nodes that let them in.
    Cluster(Cluster),
    /// Messages, and what became of each on its way into a data lake.
    Lake(Lake),
    /// New users, and the workflow of each.
    Workflows(Workflows),
    /// What clients asked of a server, and what it holds.
    Served(Served),
}

impl Default for Outcome {
    fn default() -> Self {
        Self::Ok(String::new())
    }
}

impl Default for Figure {
    fn default() -> Self {
        Self::Network(Network::default())
    }
}

impl Fact {
    /// `Fact::new("routes moved", 4)`
    #[expect(clippy::needless_pass_by_value, reason = "reads better where it is called")]
    pub fn new(name: impl Into<String>, value: impl ToString) -> Self {
        Self { name: name.into(), value: value.to_string() }
    }
}

impl Check {
    /// `Check::new("a replay makes no mutating call", calls.is_empty())`
    pub fn new(promise: impl Into<String>, held: bool) -> Self {
        Self { promise: promise.into(), held }
    }
}

impl Outcome {
    /// The sentence on it.
    #[must_use]
    pub fn sentence(&self) -> &str {
        match self {
            Self::Ok(sentence) | Self::Failed(sentence) => sentence,
        }
    }
}

impl Scenario {
    /// Whether every promise held. A scenario that checks nothing proves nothing, so it doesn't count as held.
    #[must_use]
    pub fn held(&self) -> bool {
        !self.checks.is_empty() && self.checks.iter().all(|check| check.held)
    }

    /// The longest chain of calls that waited for one another, in any one part of the work.
    #[must_use]
    pub fn depth(&self) -> u32 {
        let chain = |part: &[Step]| {
            let depths = || part.iter().map(|step| step.depth);
            depths().max().unwrap_or(0) - depths().min().unwrap_or(0) + 1
        };
        self.did.chunk_by(|one, next| one.part == next.part).map(chain).max().unwrap_or(0)
    }
}

impl Report {
    /// Whether every scenario's promises held, and there was at least one: what the exit status says.
    #[must_use]
    pub fn all_held(&self) -> bool {
        self.scenarios().next().is_some() && self.scenarios().all(Scenario::held)
    }

    /// Every scenario of every chapter.
    pub fn scenarios(&self) -> impl Iterator<Item = &Scenario> {
        self.chapters.iter().flat_map(|chapter| &chapter.scenarios)
    }

    /// The whole report as one HTML page that needs no network and no script.
    #[must_use]
    pub fn html(&self) -> String {
        crate::html::page(self)
    }

    /// Promises that held, and all of them.
    pub(crate) fn promises(&self) -> (usize, usize) {
        let checks = || self.scenarios().flat_map(|scenario| &scenario.checks);
        (checks().filter(|check| check.held).count(), checks().count())
    }
}
