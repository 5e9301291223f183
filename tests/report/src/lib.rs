//! The story of a demo: what happened, what the function did, the state before and after, and which promises held.
//!
//! The model ([`Report`] down to [`Step`]) knows no function in particular. What differs from system to system is the
//! picture of its state, a [`Figure`]: a new system adds a variant there and a module under `terminal/` and `html/`.
//! Two renderings: [`Narrator`] tells each scenario in the terminal as it runs, [`Report::html`] makes one
//! self-contained page of them all.

mod bursts;
mod cluster;
mod html;
mod lake;
mod model;
mod network;
mod plot;
mod scale;
mod served;
mod tally;
mod terminal;
mod text;
mod workflows;

pub use cluster::{Cluster, Line, Login, Moment};
pub use lake::{Fate, Lake, Message, Object, Reading};
pub use model::{Chapter, Check, Fact, Figure, Outcome, Report, Scenario, Step};
pub use network::{
    AlarmState, Change, Condition, Group, Instance, NatGateway, Network, Route, RouteState, Table, Zone,
};
pub use served::{Held, Request, Served};
pub use tally::Counts;
pub use terminal::{Narrator, Task};
pub use workflows::{Decision, Execution, Lane, LaneOutcome, Service, Status, Totals, Try, User, Workflows};

#[cfg(test)]
extern crate self as report;

#[cfg(test)]
#[path = "../examples/sample/data.rs"]
mod sample;
