//! Decides: from what happened and what was seen to what is to be done. Pure, so that every case is a row in a table
//! test; nothing here waits, calls or logs.

mod drain;
mod failback;
mod failover;
mod moves;
mod pool;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::cloud::{AlarmState, Destination, Group, Snapshot, Target};
use crate::config::Config;
use crate::event::{AlarmChange, Event, LifecycleAction, Transition};
use pool::Pool;

/// What is to be done about an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing, and why.
    Nothing(String),
    /// What was seen is older than the event: look again.
    LookAgain(String),
    /// A plan.
    Act(Plan),
}

/// What is to be done. A plan made again after it was carried out has nothing in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Why.
    pub cause: Cause,
    /// The group that it is about.
    pub group: String,
    /// Instances to mark unhealthy.
    pub mark_unhealthy: Vec<String>,
    /// Routes to change, the default routes first.
    pub changes: Vec<Change>,
    /// Lifecycle actions to complete.
    pub completions: Vec<Completion>,
    /// Whether the completions wait until every change went through.
    pub changes_first: bool,
    /// Routes that ought to move and can't.
    pub stranded: Vec<Stranded>,
    /// Why the group can't take its routes yet, though its alarm is OK.
    pub not_ready: Option<String>,
    /// Oddities that an operator wants to know.
    pub warnings: Vec<String>,
    /// When the alarm changed its state, in milliseconds since the epoch.
    pub since: Option<i64>,
}

/// Why a plan was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cause {
    /// The group's alarm.
    #[default]
    Failover,
    /// The group is healthy again.
    Failback,
    /// An instance of it is about to be terminated.
    Drain,
}

/// One route's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The route table.
    pub table: String,
    /// The destination.
    pub destination: Destination,
    /// Where it points now; `None` where the route is to be created.
    pub from: Option<Target>,
    /// Where it shall point.
    pub to: NewTarget,
}

/// Where a route shall point. Only what `ReplaceRoute` takes: an interface rather than an instance, because EC2
/// refuses an instance that has two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewTarget {
    /// A NAT instance's interface.
    Interface {
        /// The interface.
        interface: String,
        /// Its instance.
        instance: String,
        /// The instance's group.
        group: String,
    },
    /// A NAT gateway.
    NatGateway(String),
}

/// A lifecycle action to complete with CONTINUE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The group.
    pub group: String,
    /// The hook.
    pub hook: String,
    /// The instance that it holds.
    pub instance: String,
}

/// A route that ought to move and can't.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranded {
    /// The route table.
    pub table: String,
    /// The destination.
    pub destination: Destination,
    /// Why it can't.
    pub why: Obstacle,
}

/// Why a route can't move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Neither a healthy peer in its VPC nor a NAT gateway.
    NoHealthyPeer,
    /// Only a NAT gateway, which takes no IPv6 route.
    Ipv6NeedsPeer,
    /// Only a NAT gateway, to which no route of an edge-associated table may point:
    /// <https://docs.aws.amazon.com/vpc/latest/userguide/gateway-route-tables.html>
    EdgeNeedsPeer,
}

impl Plan {
    /// All that it says to do, each in a few words.
    #[must_use]
    pub fn steps(&self) -> Vec<String> {
        let marks = self.mark_unhealthy.iter().map(|instance| format!("mark {instance} unhealthy"));
        let changes = self.changes.iter().map(ToString::to_string);
        let completions = self.completions.iter().map(|done| format!("complete {} for {}", done.hook, done.instance));
        marks.chain(changes).chain(completions).collect()
    }

    /// Whether some route has nowhere to go at all.
    #[must_use]
    pub fn no_healthy_peer(&self) -> bool {
        self.stranded.iter().any(|route| route.why == Obstacle::NoHealthyPeer)
    }
}

/// Why `event` asks for nothing, where that is plain without looking at the cloud.
#[must_use]
pub fn nothing_to_look_for(event: &Event, config: &Config) -> Option<String> {
    match event {
        Event::Nothing(why) => Some((*why).to_owned()),
        Event::Alarm(AlarmChange { name, state: AlarmState::InsufficientData, .. }) => {
            Some(format!("alarm {name:?} has insufficient data, which says nothing of its instance"))
        }
        Event::Alarm(AlarmChange { name, .. }) if !config.is_health_alarm(name) => {
            Some(format!("alarm {name:?} is not a health alarm"))
        }
        Event::Lifecycle(LifecycleAction { transition: Transition::Launching, instance, .. }) => {
            Some(format!("instance {instance:?} launches; the OK of its health alarm will complete the action"))
        }
        Event::Alarm(_) | Event::Lifecycle(_) => None,
    }
}

/// What to do about `event`, given what was seen.
#[must_use]
pub fn decide(event: &Event, snapshot: &Snapshot, config: &Config) -> Decision {
    if let Some(why) = nothing_to_look_for(event, config) {
        return Decision::Nothing(why);
    }
    let pool = Pool::new(snapshot);
    match event {
        Event::Alarm(change) => decide_alarm(change, &pool, config),
        Event::Lifecycle(action) => match snapshot.groups.iter().find(|group| group.name == action.group) {
            Some(group) => drain::decide(&pool, group, action),
            None => Decision::Nothing(format!("group {:?} is not of this pool", action.group)),
        },
        Event::Nothing(why) => Decision::Nothing((*why).to_owned()),
    }
}

/// The group in which an OK event may complete a launch.
#[must_use]
pub fn launching_group<'a>(event: &Event, snapshot: &'a Snapshot) -> Option<&'a Group> {
    let Event::Alarm(AlarmChange { name, state: AlarmState::Ok, .. }) = event else { return None };
    Pool::new(snapshot).group_of(snapshot.alarms.iter().find(|alarm| alarm.name == *name)?)
}

fn decide_alarm(change: &AlarmChange, pool: &Pool, config: &Config) -> Decision {
    let about = |what: &str| format!("alarm {:?} {what}", change.name);
    let Some(alarm) = pool.snapshot.alarms.iter().find(|alarm| alarm.name == change.name) else {
        return Decision::Nothing(about("is no metric alarm any more"));
    };
    if alarm.state != change.state {
        // DescribeAlarms is eventually consistent, and an ALARM that is taken for an old one comes only once.
        let seen_before_the_event = matches!((alarm.since, change.at), (Some(since), Some(at)) if since < at);
        return if seen_before_the_event {
            Decision::LookAgain(about("was read in the state that it had before this event"))
        } else {
            Decision::Nothing(about("has changed its state again since this event"))
        };
    }
    let Some(group) = pool.group_of(alarm) else {
        return Decision::Nothing(about("watches no group of this pool"));
    };
    if alarm.state == AlarmState::Alarm {
        Decision::Act(failover::plan(pool, group, alarm))
    } else {
        failback::decide(pool, group, alarm, config.failback)
    }
}

impl NewTarget {
    /// Whether `target` is this already.
    fn is(&self, target: &Target) -> bool {
        match (self, target) {
            (Self::Interface { interface, .. }, Target::Nat { interface: Some(eni), .. }) => interface == eni,
            (Self::NatGateway(id), Target::NatGateway(now)) => id == now,
            _ => false,
        }
    }
}

impl fmt::Display for NewTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Interface { instance, group, .. } => write!(f, "{instance} of {group}"),
            Self::NatGateway(id) => f.write_str(id),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoHealthyPeer => "no healthy peer in its VPC and no NAT gateway",
            Self::Ipv6NeedsPeer => "no healthy peer in its VPC, and a NAT gateway takes no IPv6 route",
            Self::EdgeNeedsPeer => "no healthy peer in its VPC, and an edge-associated table takes no NAT gateway",
        })
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failover => "failover",
            Self::Failback => "failback",
            Self::Drain => "drain",
        })
    }
}
