//! A pool for tests: small words that build a snapshot.

use crate::cloud::{
    Alarm, AlarmState, Destination, Group, Instance, Interface, Lifecycle, Member, NatGateway, Route, RouteTable,
    Snapshot, Target,
};
use crate::config::{Config, Failback};

pub(crate) mod memory;

/// When the alarm changed; instances are launched at 0 unless a test says otherwise.
pub(crate) const SINCE: i64 = 1_000;
pub(crate) const VPC: &str = "vpc-1";

/// `count` healthy groups a, b, c, ... in zones 1, 2, 3, ..., each with one instance i-a and a home table rtb-a whose
/// default route points at it.
pub(crate) fn pool(count: usize) -> Snapshot {
    let names = ["a", "b", "c", "d", "e", "f"].into_iter().take(count);
    names.enumerate().fold(Snapshot::default(), |mut pool, (index, name)| {
        let zone = format!("zone-{index}");
        pool.alarms.push(alarm(name, AlarmState::Ok));
        pool.groups.push(group(name, &zone));
        pool.instances.push(instance(name, &format!("i-{name}"), &zone));
        pool.route_tables.push(table(&format!("rtb-{name}"), vec![route("0.0.0.0/0", to(&format!("i-{name}")))]));
        pool
    })
}

pub(crate) fn config() -> Config {
    Config {
        pool: "prod".to_owned(),
        health_alarm_prefix: None,
        vpc: None,
        fallback_nat_gateway: None,
        failback: Failback::Auto,
        notification_topic: Some("arn:aws:sns:eu-west-1:111122223333:nat".to_owned()),
        dry_run: false,
    }
}

pub(crate) fn alarm(group: &str, state: AlarmState) -> Alarm {
    Alarm { name: format!("health-{group}"), state, since: Some(SINCE), group: Some(group.to_owned()), instance: None }
}

fn group(name: &str, zone: &str) -> Group {
    Group {
        name: name.to_owned(),
        zones: vec![zone.to_owned()],
        home_tables: vec![format!("rtb-{name}")],
        members: vec![member(&format!("i-{name}"), Lifecycle::InService)],
        ..Group::default()
    }
}

pub(crate) fn member(instance: &str, lifecycle: Lifecycle) -> Member {
    Member { instance: instance.to_owned(), lifecycle, healthy: true }
}

pub(crate) fn instance(group: &str, id: &str, zone: &str) -> Instance {
    Instance {
        id: id.to_owned(),
        group: group.to_owned(),
        vpc: VPC.to_owned(),
        zone: zone.to_owned(),
        running: true,
        launched: Some(0),
        interfaces: vec![Interface { id: eni(id), source_dest_check: false }],
    }
}

/// The first interface of an instance.
pub(crate) fn eni(instance: &str) -> String {
    instance.replacen("i-", "eni-", 1)
}

pub(crate) fn table(id: &str, routes: Vec<Route>) -> RouteTable {
    RouteTable { id: id.to_owned(), vpc: VPC.to_owned(), routes, ..RouteTable::default() }
}

pub(crate) fn route(destination: &str, target: Target) -> Route {
    Route { destination: destination_of(destination), target, blackhole: false }
}

pub(crate) fn destination_of(text: &str) -> Destination {
    match text {
        list if list.starts_with("pl-") => Destination::PrefixList(list.to_owned()),
        ipv6 if ipv6.contains(':') => Destination::Ipv6(ipv6.to_owned()),
        ipv4 => Destination::Ipv4(ipv4.to_owned()),
    }
}

/// Where AWS says that a route to an instance's first interface leads.
pub(crate) fn to(instance: &str) -> Target {
    Target::Nat { instance: Some(instance.to_owned()), interface: Some(eni(instance)) }
}

/// What AWS leaves of a route whose instance is terminated.
pub(crate) fn dangling(interface: &str) -> Target {
    Target::Nat { instance: None, interface: Some(interface.to_owned()) }
}

pub(crate) fn gateway(id: &str) -> NatGateway {
    NatGateway { id: id.to_owned(), vpc: VPC.to_owned(), available: true }
}

impl Snapshot {
    pub(crate) fn alarm_mut(&mut self, group: &str) -> &mut Alarm {
        self.alarms.iter_mut().find(|alarm| alarm.group.as_deref() == Some(group)).unwrap()
    }

    pub(crate) fn group_mut(&mut self, name: &str) -> &mut Group {
        self.groups.iter_mut().find(|group| group.name == name).unwrap()
    }

    pub(crate) fn instance_mut(&mut self, id: &str) -> &mut Instance {
        self.instances.iter_mut().find(|instance| instance.id == id).unwrap()
    }

    pub(crate) fn table_mut(&mut self, id: &str) -> &mut RouteTable {
        self.route_tables.iter_mut().find(|table| table.id == id).unwrap()
    }

    /// The group's alarm is in ALARM.
    pub(crate) fn fail(mut self, group: &str) -> Self {
        self.alarm_mut(group).state = AlarmState::Alarm;
        self
    }
}
