//! The calls that only read, and what their answers mean.

use aws_sdk_autoscaling::types::{AutoScalingGroup, Filter as GroupFilter, LifecycleState};
use aws_sdk_cloudwatch::types::{AlarmType, Dimension, Metric, MetricAlarm, StateValue};
use aws_sdk_ec2::types::{self as ec2, Filter};
use shared::aws::AwsError;

use super::Aws;
use crate::cloud::{
    Alarm, AlarmState, Destination, Group, Instance, Interface, Lifecycle, Member, NatGateway, Route, RouteTable,
    Target,
};
use crate::ports::Observe;

/// Values of one EC2 filter: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html>
const FILTER_VALUES: usize = 200;

impl Observe for Aws {
    async fn alarms(&self, prefix: Option<&str>) -> Result<Vec<Alarm>, AwsError> {
        let call = self.cloudwatch.describe_alarms().alarm_types(AlarmType::MetricAlarm).max_records(100);
        let mut pages = call.set_alarm_name_prefix(prefix.map(str::to_owned)).into_paginator().send();
        let mut alarms = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::new("DescribeAlarms", error))?;
            alarms.extend(page.metric_alarms().iter().filter_map(alarm));
        }
        Ok(alarms)
    }

    async fn groups(&self, pool: &str) -> Result<Vec<Group>, AwsError> {
        let filter = GroupFilter::builder().name("tag:nat-failover:pool").values(pool).build();
        let call = self.autoscaling.describe_auto_scaling_groups().filters(filter).max_records(100);
        let mut pages = call.into_paginator().send();
        let mut groups = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::new("DescribeAutoScalingGroups", error))?;
            groups.extend(page.auto_scaling_groups().iter().filter_map(group));
        }
        Ok(groups)
    }

    async fn launch_hooks(&self, group: &str) -> Result<Vec<String>, AwsError> {
        let call = self.autoscaling.describe_lifecycle_hooks().auto_scaling_group_name(group);
        let answer = call.send().await.map_err(|error| AwsError::new("DescribeLifecycleHooks", error))?;
        let launching = answer
            .lifecycle_hooks()
            .iter()
            .filter(|hook| hook.lifecycle_transition() == Some("autoscaling:EC2_INSTANCE_LAUNCHING"));
        Ok(launching.filter_map(|hook| hook.lifecycle_hook_name().map(str::to_owned)).collect())
    }

    async fn instances(&self, groups: &[String]) -> Result<Vec<Instance>, AwsError> {
        let mut instances = Vec::new();
        for names in groups.chunks(FILTER_VALUES) {
            let of_groups =
                Filter::builder().name("tag:aws:autoscaling:groupName").set_values(Some(names.to_vec())).build();
            let mut pages = self.ec2.describe_instances().filters(of_groups).into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| AwsError::new("DescribeInstances", error))?;
                let all = page.reservations().iter().flat_map(ec2::Reservation::instances);
                instances.extend(all.filter_map(instance));
            }
        }
        Ok(instances)
    }

    /// Without a page size: EC2 then answers all tables in one call, so that their number does not add to the calls
    /// that wait for one another.
    async fn route_tables(&self, vpc: Option<&str>) -> Result<Vec<RouteTable>, AwsError> {
        let of_vpc = vpc.map(|id| vec![Filter::builder().name("vpc-id").values(id).build()]);
        let mut pages = self.ec2.describe_route_tables().set_filters(of_vpc).into_paginator().send();
        let mut tables = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::new("DescribeRouteTables", error))?;
            tables.extend(page.route_tables().iter().filter_map(route_table));
        }
        Ok(tables)
    }

    /// By a filter rather than by id: an id that is gone would fail the call, here it is merely not in the answer.
    async fn nat_gateways(&self, ids: &[String]) -> Result<Vec<NatGateway>, AwsError> {
        let by_id = Filter::builder().name("nat-gateway-id").set_values(Some(ids.to_vec())).build();
        let mut pages = self.ec2.describe_nat_gateways().filter(by_id).into_paginator().send();
        let mut gateways = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::new("DescribeNatGateways", error))?;
            gateways.extend(page.nat_gateways().iter().filter_map(nat_gateway));
        }
        Ok(gateways)
    }
}

/// Whom the alarm watches is in its metric's dimensions, or in those of its metrics. A metric-math alarm over several
/// groups says of none that it is failed.
pub(super) fn alarm(alarm: &MetricAlarm) -> Option<Alarm> {
    let metrics = || alarm.metrics().iter().filter_map(|query| query.metric_stat()?.metric());
    let dimension = |name: &str| {
        let all = alarm.dimensions().iter().chain(metrics().flat_map(Metric::dimensions));
        let mut values = all.filter(|dimension| dimension.name() == Some(name)).filter_map(Dimension::value);
        let first = values.next()?;
        values.all(|other| other == first).then(|| first.to_owned())
    };
    Some(Alarm {
        name: alarm.alarm_name()?.to_owned(),
        state: match alarm.state_value()? {
            StateValue::Ok => AlarmState::Ok,
            StateValue::Alarm => AlarmState::Alarm,
            _ => AlarmState::InsufficientData,
        },
        since: alarm
            .state_transitioned_timestamp()
            .or(alarm.state_updated_timestamp())
            .and_then(|time| time.to_millis().ok()),
        group: dimension("AutoScalingGroupName"),
        instance: dimension("InstanceId"),
    })
}

fn group(group: &AutoScalingGroup) -> Option<Group> {
    let tag = |key: &str| {
        let tag = group.tags().iter().find(|tag| tag.key() == Some(key))?;
        tag.value().map(str::trim).filter(|value| !value.is_empty())
    };
    let tables = tag("nat-failover:route-tables").unwrap_or_default().split(',').map(str::trim);
    Some(Group {
        name: group.auto_scaling_group_name()?.to_owned(),
        zones: group.availability_zones().to_vec(),
        home_tables: tables.filter(|id| !id.is_empty()).map(str::to_owned).collect(),
        fallback_nat_gateway: tag("nat-failover:fallback-nat-gateway").map(str::to_owned),
        members: group.instances().iter().filter_map(member).collect(),
        launch_hooks: Vec::new(),
    })
}

fn member(instance: &aws_sdk_autoscaling::types::Instance) -> Option<Member> {
    Some(Member {
        instance: instance.instance_id()?.to_owned(),
        lifecycle: match instance.lifecycle_state()? {
            LifecycleState::Pending => Lifecycle::Pending,
            LifecycleState::PendingWait => Lifecycle::PendingWait,
            LifecycleState::PendingProceed => Lifecycle::PendingProceed,
            LifecycleState::InService => Lifecycle::InService,
            LifecycleState::Terminating => Lifecycle::Terminating,
            LifecycleState::TerminatingWait => Lifecycle::TerminatingWait,
            _ => Lifecycle::Other,
        },
        healthy: instance.health_status().is_some_and(|status| status.eq_ignore_ascii_case("healthy")),
    })
}

fn instance(instance: &ec2::Instance) -> Option<Instance> {
    let group = instance.tags().iter().find(|tag| tag.key() == Some("aws:autoscaling:groupName"))?;
    let mut interfaces: Vec<_> = instance.network_interfaces().iter().collect();
    interfaces.sort_by_key(|interface| {
        interface.attachment().and_then(ec2::InstanceNetworkInterfaceAttachment::device_index)
    });
    Some(Instance {
        id: instance.instance_id()?.to_owned(),
        group: group.value()?.to_owned(),
        vpc: instance.vpc_id().unwrap_or_default().to_owned(),
        zone: instance.placement().and_then(ec2::Placement::availability_zone).unwrap_or_default().to_owned(),
        running: instance.state().and_then(ec2::InstanceState::name) == Some(&ec2::InstanceStateName::Running),
        launched: instance.launch_time().and_then(|time| time.to_millis().ok()),
        interfaces: interfaces.into_iter().filter_map(interface).collect(),
    })
}

/// Unless EC2 says that the check is off it counts as on: a route to an interface that drops everything is worse than none.
fn interface(interface: &ec2::InstanceNetworkInterface) -> Option<Interface> {
    Some(Interface {
        id: interface.network_interface_id()?.to_owned(),
        source_dest_check: interface.source_dest_check().unwrap_or(true),
    })
}

pub(super) fn route_table(table: &ec2::RouteTable) -> Option<RouteTable> {
    let home = table.tags().iter().find(|tag| tag.key() == Some("nat-failover:group"));
    Some(RouteTable {
        id: table.route_table_id()?.to_owned(),
        vpc: table.vpc_id().unwrap_or_default().to_owned(),
        home_of: home.and_then(ec2::Tag::value).map(str::to_owned),
        edge: table.associations().iter().any(|association| association.gateway_id().is_some()),
        routes: table.routes().iter().filter_map(route).collect(),
    })
}

fn route(route: &ec2::Route) -> Option<Route> {
    let ipv4 = route.destination_cidr_block().map(|range| Destination::Ipv4(range.to_owned()));
    let ipv6 = route.destination_ipv6_cidr_block().map(|range| Destination::Ipv6(range.to_owned()));
    let prefix_list = route.destination_prefix_list_id().map(|id| Destination::PrefixList(id.to_owned()));
    Some(Route {
        destination: ipv4.or(ipv6).or(prefix_list)?,
        target: target(route),
        blackhole: route.state() == Some(&ec2::RouteState::Blackhole),
    })
}

pub(super) fn target(route: &ec2::Route) -> Target {
    if route.instance_id().is_some() || route.network_interface_id().is_some() {
        return Target::Nat {
            instance: route.instance_id().map(str::to_owned),
            interface: route.network_interface_id().map(str::to_owned),
        };
    }
    if let Some(id) = route.nat_gateway_id() {
        return Target::NatGateway(id.to_owned());
    }
    let others = [route.gateway_id(), route.transit_gateway_id(), route.vpc_peering_connection_id()];
    Target::Other(others.into_iter().flatten().next().unwrap_or("another kind of target").to_owned())
}

fn nat_gateway(gateway: &ec2::NatGateway) -> Option<NatGateway> {
    Some(NatGateway {
        id: gateway.nat_gateway_id()?.to_owned(),
        vpc: gateway.vpc_id().unwrap_or_default().to_owned(),
        available: gateway.state() == Some(&ec2::NatGatewayState::Available),
    })
}
