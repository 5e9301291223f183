//! Reads the figure: the network as EC2, Auto Scaling and CloudWatch describe it at this moment.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::AutoScalingGroup;
use aws_sdk_ec2::types::{self as ec2, Filter};
use e2e::Result;
use e2e::nat::Nat;
use report::{AlarmState, Group, Instance, NatGateway, Network, Route, RouteState, Table, Zone};

/// What the four services say.
struct Described {
    groups: Vec<AutoScalingGroup>,
    instances: BTreeMap<String, ec2::Instance>,
    alarms: BTreeMap<String, AlarmState>,
    /// From subnet to zone.
    zones: BTreeMap<String, String>,
}

/// The network now.
pub(crate) async fn read(nat: &Nat) -> Result<Network> {
    let described = Described::read(nat).await?;
    let mut zones: BTreeMap<String, Zone> = BTreeMap::new();
    for group in &described.groups {
        let name = group.availability_zones().first().cloned().unwrap_or_default();
        let zone = zones.entry(name.clone()).or_insert_with(|| Zone { name, ..Zone::default() });
        zone.groups.push(described.group(group));
    }
    let first = zones.keys().next().cloned().unwrap_or_default();
    for table in tables(nat).await? {
        let zone = described.zone_of(&table).unwrap_or(&first);
        let zone = zones.entry(zone.clone()).or_insert_with(|| Zone { name: zone.clone(), ..Zone::default() });
        zone.tables.push(described.table(&table));
    }
    let mut network = Network { nat_gateways: nat_gateways(nat, &described).await?, ..Network::default() };
    network.zones = zones.into_values().collect();
    Ok(network)
}

/// Every route with its table.
pub(crate) fn routes(network: &Network) -> impl Iterator<Item = (&Table, &Route)> {
    let tables = network.zones.iter().flat_map(|zone| &zone.tables);
    tables.flat_map(|table| table.routes.iter().map(move |route| (table, route)))
}

/// The instances of a group.
pub(crate) fn instances<'a>(network: &'a Network, group: &str) -> Vec<&'a Instance> {
    let groups = network.zones.iter().flat_map(|zone| &zone.groups);
    groups.filter(|candidate| candidate.name == group).flat_map(|group| &group.instances).collect()
}

impl Described {
    async fn read(nat: &Nat) -> Result<Self> {
        let groups = nat.autoscaling.describe_auto_scaling_groups().send().await?;
        let instances = nat.ec2.describe_instances().send().await?;
        let instances = instances.reservations().iter().flat_map(ec2::Reservation::instances);
        let subnets = nat.ec2.describe_subnets().filters(in_vpc(nat)).send().await?;
        let zone =
            |subnet: &ec2::Subnet| Some((subnet.subnet_id()?.to_owned(), subnet.availability_zone()?.to_owned()));
        Ok(Self {
            groups: groups.auto_scaling_groups().to_vec(),
            instances: instances.filter_map(|i| Some((i.instance_id()?.to_owned(), i.clone()))).collect(),
            alarms: alarms(nat).await?,
            zones: subnets.subnets().iter().filter_map(zone).collect(),
        })
    }

    fn group(&self, group: &AutoScalingGroup) -> Group {
        let name = group.auto_scaling_group_name().unwrap_or_default();
        Group {
            name: name.to_owned(),
            alarm: self.alarms.get(name).copied().unwrap_or_default(),
            fallback: tag(group, "nat-failover:fallback-nat-gateway").map(str::to_owned),
            instances: group.instances().iter().map(|member| self.instance(member)).collect(),
        }
    }

    fn instance(&self, member: &aws_sdk_autoscaling::types::Instance) -> Instance {
        let id = member.instance_id().unwrap_or_default();
        let instance = self.instances.get(id);
        let state = instance.and_then(|instance| instance.state()?.name());
        let interfaces = instance.map(ec2::Instance::network_interfaces).unwrap_or_default().iter();
        Instance {
            id: id.to_owned(),
            interfaces: interfaces.filter_map(|i| i.network_interface_id().map(str::to_owned)).collect(),
            state: state.map(ToString::to_string).unwrap_or_default(),
            health: member.health_status().unwrap_or_default().to_owned(),
            lifecycle: member.lifecycle_state().map(ToString::to_string).unwrap_or_default(),
        }
    }

    fn home_of(&self, table: &ec2::RouteTable) -> Option<&AutoScalingGroup> {
        let tagged = tags(table).get("nat-failover:group").copied();
        let lists = |group: &&AutoScalingGroup| {
            let mut listed = tag(group, "nat-failover:route-tables").unwrap_or_default().split(',');
            listed.any(|id| Some(id.trim()) == table.route_table_id())
        };
        let named = |group: &&AutoScalingGroup| tagged.is_some() && group.auto_scaling_group_name() == tagged;
        self.groups.iter().find(named).or_else(|| self.groups.iter().find(lists))
    }

    /// The zone beside which the table is drawn: its home group's, or that of its subnet. An edge table has neither.
    fn zone_of(&self, table: &ec2::RouteTable) -> Option<&String> {
        let home = self.home_of(table).and_then(|group| group.availability_zones().first());
        let mut subnets = table.associations().iter().filter_map(ec2::RouteTableAssociation::subnet_id);
        home.or_else(|| subnets.find_map(|subnet| self.zones.get(subnet)))
    }

    fn table(&self, table: &ec2::RouteTable) -> Table {
        let home = self.home_of(table).and_then(AutoScalingGroup::auto_scaling_group_name);
        Table {
            id: table.route_table_id().unwrap_or_default().to_owned(),
            name: tags(table).get("Name").copied().unwrap_or_default().to_owned(),
            home_of: home.map(str::to_owned),
            edge: table.associations().iter().any(|association| association.gateway_id().is_some()),
            routes: table.routes().iter().map(|route| self.route(route)).collect(),
        }
    }

    fn route(&self, route: &ec2::Route) -> Route {
        let destination = route.destination_cidr_block().or(route.destination_ipv6_cidr_block());
        Route {
            destination: destination.or(route.destination_prefix_list_id()).unwrap_or_default().to_owned(),
            target: target(route).to_owned(),
            owner: self.owner(route),
            state: match route.state() {
                Some(ec2::RouteState::Blackhole) => RouteState::Blackhole,
                _ => RouteState::Active,
            },
            changed: false,
        }
    }

    /// The group whose instance carries the route, by EC2's tag: an instance that left its group is still its own.
    fn owner(&self, route: &ec2::Route) -> Option<String> {
        let carries = |instance: &&ec2::Instance| {
            let mut interfaces = instance.network_interfaces().iter().filter_map(|i| i.network_interface_id());
            let by_id = route.instance_id().is_some() && instance.instance_id() == route.instance_id();
            by_id || interfaces.any(|id| Some(id) == route.network_interface_id())
        };
        let instance = self.instances.values().find(carries)?;
        let group = instance.tags().iter().find(|tag| tag.key() == Some("aws:autoscaling:groupName"));
        group?.value().map(str::to_owned)
    }
}

fn in_vpc(nat: &Nat) -> Filter {
    Filter::builder().name("vpc-id").values(&nat.vpc).build()
}

/// The health alarm's state of each group.
async fn alarms(nat: &Nat) -> Result<BTreeMap<String, AlarmState>> {
    let mut alarms = BTreeMap::new();
    for group in &nat.groups {
        let letter = group.name.trim_start_matches("nat-");
        let state = match nat.alarm_state(letter).await?.as_str() {
            "OK" => AlarmState::Ok,
            "ALARM" => AlarmState::Alarm,
            _ => AlarmState::InsufficientData,
        };
        alarms.insert(group.name.clone(), state);
    }
    Ok(alarms)
}

/// The VPC's route tables but the main one, in which nothing of this happens.
async fn tables(nat: &Nat) -> Result<Vec<ec2::RouteTable>> {
    let answer = nat.ec2.describe_route_tables().filters(in_vpc(nat)).send().await?;
    let is_main = |table: &ec2::RouteTable| table.associations().iter().any(|a| a.main() == Some(true));
    let mut tables: Vec<_> = answer.route_tables().iter().filter(|table| !is_main(table)).cloned().collect();
    tables.sort_by_key(|table| tags(table).get("Name").copied().unwrap_or_default().to_owned());
    Ok(tables)
}

async fn nat_gateways(nat: &Nat, described: &Described) -> Result<Vec<NatGateway>> {
    let answer = nat.ec2.describe_nat_gateways().filter(in_vpc(nat)).send().await?;
    let read = |gateway: &ec2::NatGateway| NatGateway {
        id: gateway.nat_gateway_id().unwrap_or_default().to_owned(),
        zone: gateway.subnet_id().and_then(|subnet| described.zones.get(subnet)).cloned(),
        state: gateway.state().map(ToString::to_string).unwrap_or_default(),
    };
    Ok(answer.nat_gateways().iter().map(read).collect())
}

fn tag<'a>(group: &'a AutoScalingGroup, key: &str) -> Option<&'a str> {
    group.tags().iter().find(|tag| tag.key() == Some(key))?.value()
}

fn tags(table: &ec2::RouteTable) -> BTreeMap<&str, &str> {
    table.tags().iter().filter_map(|tag| Some((tag.key()?, tag.value()?))).collect()
}

/// The instance where there is one: readers know it from its group. Else what EC2 names.
fn target(route: &ec2::Route) -> &str {
    let ids = [
        route.instance_id(),
        route.network_interface_id(),
        route.nat_gateway_id(),
        route.vpc_peering_connection_id(),
        route.transit_gateway_id(),
        route.gateway_id(),
    ];
    ids.into_iter().flatten().next().unwrap_or_default()
}
