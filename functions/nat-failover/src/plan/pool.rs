//! The pool as decisions see it: who watches whom, who is healthy, who owns which table and which route.

use std::collections::BTreeMap;

use crate::cloud::{Alarm, AlarmState, Group, Instance, Lifecycle, Member, Millis, Route, RouteTable, Snapshot};

/// A snapshot, with the questions that a decision asks of it.
pub(super) struct Pool<'a> {
    pub(super) snapshot: &'a Snapshot,
    homes: BTreeMap<&'a str, &'a str>,
}

impl<'a> Pool<'a> {
    pub(super) fn new(snapshot: &'a Snapshot) -> Self {
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
        Self { snapshot, homes }
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
        let mut states =
            self.snapshot.alarms.iter().filter(|alarm| self.watches(alarm, group)).map(|alarm| alarm.state);
        let (mut any_ok, mut any_alarm) = (false, false);
        states.by_ref().for_each(|state| match state {
            AlarmState::Ok => any_ok = true,
            AlarmState::Alarm => any_alarm = true,
            AlarmState::InsufficientData => (),
        });
        any_ok && !any_alarm
    }

    fn watches(&self, alarm: &Alarm, group: &Group) -> bool {
        match (&alarm.group, &alarm.instance) {
            (Some(name), _) => *name == group.name,
            (None, Some(id)) => group.members.iter().any(|member| member.instance == *id),
            (None, None) => false,
        }
    }

    /// The EC2 side of an instance.
    pub(super) fn instance(&self, id: &str) -> Option<&'a Instance> {
        self.snapshot.instances.iter().find(|instance| instance.id == id)
    }

    /// The group that `table` is home to.
    pub(super) fn home_of(&self, table: &RouteTable) -> Option<&'a str> {
        self.homes.get(table.id.as_str()).copied()
    }

    /// A default route of a home table whose interface is nobody's any more. AWS leaves the dangling interface of a
    /// dead NAT instance behind and no trace of the instance. Other destinations may have been anybody's, so they are
    /// not counted.
    pub(super) fn is_orphan(&self, table: &RouteTable, route: &Route) -> bool {
        let crate::cloud::Target::Nat { instance, interface } = &route.target else { return false };
        let known = |id: &String| self.snapshot.instances.iter().any(|i| i.interfaces.iter().any(|eni| eni.id == *id));
        self.home_of(table).is_some()
            && route.blackhole
            && route.destination.is_default()
            && instance.is_none()
            && !interface.as_ref().is_some_and(known)
    }

    /// Whether `route` points at an instance of `group`.
    pub(super) fn carries(&self, group: &str, route: &Route) -> bool {
        self.snapshot.instances.iter().any(|instance| instance.group == group && route.target.is(instance))
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
