//! The pool as decisions see it: who watches whom, who is healthy, who owns which table and which route.

use std::collections::{BTreeMap, BTreeSet};

use crate::cloud::{
    Alarm, AlarmState, Group, Instance, Lifecycle, Member, Millis, Route, RouteTable, Snapshot, Target,
};

/// A snapshot, with the questions that a decision asks of it.
pub(super) struct Pool<'a> {
    pub(super) snapshot: &'a Snapshot,
    homes: BTreeMap<&'a str, &'a str>,
    dead_interfaces: BTreeSet<&'a str>,
    arriving: Option<&'a str>,
}

impl<'a> Pool<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
        let homes = homes(snapshot);
        let dead_interfaces = dead_interfaces(snapshot, &homes);
        Self { snapshot, homes, dead_interfaces, arriving: None }
    }

    /// The same pool, in which `instance` may take routes already: the plan lets it into service.
    pub(super) fn with_arriving(&self, instance: &'a Instance) -> Self {
        Self { arriving: Some(&instance.id), ..Self::new(self.snapshot) }
    }

    /// The group that `alarm` watches.
    pub(super) fn group_of(&self, alarm: &Alarm) -> Option<&'a Group> {
        let by_instance = || {
            let id = alarm.instance.as_deref()?;
            let member = |group: &&Group| group.members.iter().any(|member| member.instance == id);
            let instance = || self.instance(id).and_then(|instance| group_named(self.snapshot, &instance.group));
            self.snapshot.groups.iter().find(member).or_else(instance)
        };
        alarm.group.as_deref().map_or_else(by_instance, |name| group_named(self.snapshot, name))
    }

    /// Healthy: none of its health alarms is in ALARM, and at least one is OK. An alarm on an instance that has left
    /// the group says nothing of the group any more.
    pub(super) fn is_healthy(&self, group: &Group) -> bool {
        let mut of_group = self.snapshot.alarms.iter().filter(|alarm| watches(alarm, group));
        of_group.any(|alarm| alarm.state == AlarmState::Ok) && self.failing(group).is_none()
    }

    /// The alarm for which `group` is failed now.
    pub(super) fn failing(&self, group: &Group) -> Option<&'a Alarm> {
        let mut in_alarm = self.snapshot.alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm);
        in_alarm.find(|alarm| watches(alarm, group))
    }

    /// The EC2 side of an instance.
    pub(super) fn instance(&self, id: &str) -> Option<&'a Instance> {
        self.snapshot.instances.iter().find(|instance| instance.id == id)
    }

    /// The group that `table` is home to.
    pub(super) fn home_of(&self, table: &RouteTable) -> Option<&'a str> {
        self.homes.get(table.id.as_str()).copied()
    }

    /// Whether `route` is what AWS left of a route to a NAT instance that is terminated: a blackhole, without a trace of
    /// the instance, at an interface that was the pool's.
    pub(super) fn is_orphan(&self, route: &Route) -> bool {
        dangling(route).is_some_and(|interface| self.dead_interfaces.contains(interface))
    }

    /// Whether `route` points at an instance of `group`.
    pub(super) fn carries(&self, group: &str, route: &Route) -> bool {
        self.snapshot.instances.iter().any(|instance| instance.group == group && route.target.is(instance))
    }

    /// Whether the member may take routes.
    pub(super) fn serves(&self, member: &Member) -> bool {
        in_service(member) || self.arriving == Some(member.instance.as_str())
    }
}

/// Whether the instance came after `since`.
pub(super) fn came_after(instance: Option<&Instance>, since: Option<Millis>) -> bool {
    match (instance.and_then(|instance| instance.launched), since) {
        (Some(launched), Some(since)) => launched > since,
        _ => false,
    }
}

/// A member that serves.
pub(super) fn in_service(member: &Member) -> bool {
    member.lifecycle == Lifecycle::InService && member.healthy
}

fn group_named<'a>(snapshot: &'a Snapshot, name: &str) -> Option<&'a Group> {
    snapshot.groups.iter().find(|group| group.name == name)
}

/// Whether the alarm says something of the group's present state. One on an instance says it while that instance is in the
/// group; afterwards it is in ALARM for ever.
fn watches(alarm: &Alarm, group: &Group) -> bool {
    let leaves = |state| matches!(state, Lifecycle::Terminating | Lifecycle::TerminatingWait | Lifecycle::Other);
    match (&alarm.group, &alarm.instance) {
        (_, Some(id)) => group.members.iter().any(|member| member.instance == *id && !leaves(member.lifecycle)),
        (Some(name), None) => *name == group.name,
        (None, None) => false,
    }
}

/// Route tables and the groups that they are home to.
fn homes(snapshot: &Snapshot) -> BTreeMap<&str, &str> {
    let mut homes = BTreeMap::new();
    for group in &snapshot.groups {
        for table in &group.home_tables {
            homes.entry(table.as_str()).or_insert(group.name.as_str());
        }
    }
    // The table's own tag counts more than a list: it is nearer to what it speaks of.
    for table in &snapshot.route_tables {
        if let Some(home) = table.home_of.as_deref().and_then(|name| group_named(snapshot, name)) {
            homes.insert(&table.id, &home.name);
        }
    }
    homes
}

/// The interfaces of terminated NAT instances, as far as they can be told: a home table's default route is the pool's,
/// so the interface that it dangles at was too. Of other routes one could not know whose they were.
fn dead_interfaces<'a>(snapshot: &'a Snapshot, homes: &BTreeMap<&str, &str>) -> BTreeSet<&'a str> {
    let home_tables = snapshot.route_tables.iter().filter(|table| homes.contains_key(table.id.as_str()));
    let defaults = home_tables.flat_map(|table| &table.routes).filter(|route| route.destination.is_default());
    let known = |id: &str| snapshot.instances.iter().any(|i| i.interfaces.iter().any(|own| own.id == id));
    defaults.filter_map(dangling).filter(|id| !known(id)).collect()
}

/// The interface of a blackhole that names no instance.
fn dangling(route: &Route) -> Option<&str> {
    match &route.target {
        Target::Nat { instance: None, interface: Some(interface) } if route.blackhole => Some(interface),
        _ => None,
    }
}
