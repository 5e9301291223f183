//! The NAT network: zones, their groups of NAT instances, and the route tables that point at them.

use serde::{Deserialize, Serialize};

/// A VPC's NAT, as it stands at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// Side by side in the picture.
    pub zones: Vec<Zone>,
    /// The gateways to fall back to.
    pub nat_gateways: Vec<NatGateway>,
}

/// An availability zone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Such as `eu-central-1a`.
    pub name: String,
    /// The Auto Scaling groups whose instances are here.
    pub groups: Vec<Group>,
    /// The route tables of the zone's subnets.
    pub tables: Vec<Table>,
}

/// An Auto Scaling group of one NAT instance (two while one is being replaced).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its health alarms, taken together.
    pub alarm: AlarmState,
    /// The NAT gateway that takes over when no peer can.
    pub fallback: Option<String>,
    /// What it holds now.
    pub instances: Vec<Instance>,
}

/// A NAT instance. The three words are those that AWS uses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// The instance's id.
    pub id: String,
    /// Its network interfaces: a route may name one of them instead.
    #[serde(default)]
    pub interfaces: Vec<String>,
    /// EC2's word, such as `running`.
    pub state: String,
    /// Auto Scaling's word, `Healthy` or `Unhealthy`.
    pub health: String,
    /// Auto Scaling's word, such as `InService` or `Pending:Wait`.
    pub lifecycle: String,
}

/// A managed NAT gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGateway {
    /// Its id.
    pub id: String,
    /// The zone it is in; none for a regional one.
    pub zone: Option<String>,
    /// EC2's word, such as `available`.
    pub state: String,
}

/// A route table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Its id.
    pub id: String,
    /// Its `Name` tag.
    pub name: String,
    /// The group whose home table it is.
    pub home_of: Option<String>,
    /// Whether it is associated with a gateway and not with a subnet.
    pub edge: bool,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// An IPv4 or IPv6 block or a prefix list.
    pub destination: String,
    /// The id of an instance, interface, NAT gateway or internet gateway, or `local`.
    pub target: String,
    /// The group whose instance it points at.
    pub owner: Option<String>,
    /// Whether its target can take packets.
    pub state: RouteState,
    /// Whether it is new or differs from before; see [`Network::mark_changes`].
    #[serde(default)]
    pub changed: bool,
}

/// The state of an alarm.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "CloudWatch's own words")]
pub enum AlarmState {
    Ok,
    Alarm,
    #[default]
    InsufficientData,
}

/// A route's state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "EC2's own words")]
pub enum RouteState {
    #[default]
    Active,
    Blackhole,
}

/// An instance's condition in one word: what a reader wants to see first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// In service, and its group's alarm isn't in ALARM.
    Healthy,
    /// Unhealthy or not running, or in service while its group's alarm is in ALARM.
    Failed,
    /// Not yet in service.
    Launching,
    /// No longer in service.
    Leaving,
}

/// A route that differs between two moments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    /// Its table.
    pub table: &'a Table,
    /// The route before; none if it is new.
    pub was: Option<&'a Route>,
    /// The route now; none if it is gone.
    pub now: Option<&'a Route>,
}

impl AlarmState {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "no data",
        }
    }
}

impl Condition {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Failed => "failed",
            Self::Launching => "launching",
            Self::Leaving => "leaving",
        }
    }
}

impl Group {
    /// The instance's condition, the group's alarm considered.
    #[must_use]
    pub fn condition(&self, instance: &Instance) -> Condition {
        let failed = instance.health == "Unhealthy" || instance.state != "running" || self.alarm == AlarmState::Alarm;
        match (instance.lifecycle.as_str(), instance.state.as_str()) {
            (_, "shutting-down" | "terminated") => Condition::Leaving,
            (lifecycle, _) if lifecycle.starts_with("Pending") => Condition::Launching,
            ("InService", _) if failed => Condition::Failed,
            ("InService", _) => Condition::Healthy,
            _ => Condition::Leaving,
        }
    }
}

impl Instance {
    /// AWS's words on it, but for those that go without saying.
    pub(crate) fn words(&self) -> String {
        let health = (self.health != "Healthy").then_some(self.health.as_str());
        let state = (self.state != "running").then_some(self.state.as_str());
        let usual = self.lifecycle == "InService" && (health.is_some() || state.is_some());
        let lifecycle = (!usual).then_some(self.lifecycle.as_str());
        let words = [lifecycle, health, state].into_iter().flatten().filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" · ")
    }
}

impl Route {
    pub(crate) fn lost(&self) -> bool {
        self.state == RouteState::Blackhole
    }
}

impl Network {
    /// Marks every route that is new or whose target or state differs from before.
    pub fn mark_changes(&mut self, before: &Self) {
        for table in self.zones.iter_mut().flat_map(|zone| &mut zone.tables) {
            for route in &mut table.routes {
                let was = before.route(&table.id, &route.destination);
                route.changed = was.is_none_or(|was| was.target != route.target || was.state != route.state);
            }
        }
    }

    /// Without the marks: a state that is looked at by itself.
    pub(crate) fn unmarked(&self) -> Self {
        let mut network = self.clone();
        for route in network.zones.iter_mut().flat_map(|zone| &mut zone.tables).flat_map(|table| &mut table.routes) {
            route.changed = false;
        }
        network
    }

    /// The routes marked as changed, and those that are gone.
    #[must_use]
    pub fn changes<'a>(&'a self, before: &'a Self) -> Vec<Change<'a>> {
        let now = self.routes().filter(|(_, route)| route.changed).map(|(table, route)| Change {
            table,
            was: before.route(&table.id, &route.destination),
            now: Some(route),
        });
        let gone = before.routes().filter(|(table, route)| self.route(&table.id, &route.destination).is_none());
        now.chain(gone.map(|(table, route)| Change { table, was: Some(route), now: None })).collect()
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.zones.iter().flat_map(|zone| &zone.tables)
    }

    pub(crate) fn groups(&self) -> impl Iterator<Item = &Group> {
        self.zones.iter().flat_map(|zone| &zone.groups)
    }

    pub(crate) fn routes(&self) -> impl Iterator<Item = (&Table, &Route)> {
        self.tables().flat_map(|table| table.routes.iter().map(move |route| (table, route)))
    }

    pub(crate) fn route(&self, table: &str, destination: &str) -> Option<&Route> {
        let (_, route) = self.routes().find(|(t, route)| t.id == table && route.destination == destination)?;
        Some(route)
    }

    /// Whether the instance stood there just so, its condition and its alarm included.
    pub(crate) fn has(&self, group: &Group, instance: &Instance) -> bool {
        self.groups().any(|g| g.name == group.name && g.alarm == group.alarm && g.instances.contains(instance))
    }
}
