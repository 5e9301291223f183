//! Looks at the cloud: two rounds of calls, each in parallel. The second needs the groups that the first found.

use std::collections::BTreeSet;
use std::time::Duration;

use shared::aws::AwsError;
use tokio::{join, try_join};

use crate::cloud::{Group, Lifecycle, NatGateway, Snapshot};
use crate::config::Config;
use crate::event::Event;
use crate::plan;
use crate::ports::Observe;

/// The longest that the NAT gateways are waited for.
const GATEWAYS: Duration = Duration::from_secs(5);

/// Reads all that a decision about `event` needs.
pub async fn observe(cloud: &impl Observe, config: &Config, event: &Event) -> Result<Snapshot, AwsError> {
    let mut snapshot = first_round(cloud, config).await?;
    if snapshot.groups.is_empty() {
        return Ok(snapshot);
    }
    let names: Vec<_> = snapshot.groups.iter().map(|group| group.name.clone()).collect();
    let launching = plan::launching_group(event, &snapshot).cloned();
    let (instances, nat_gateways, hooks) =
        join!(cloud.instances(&names), nat_gateways(cloud, &snapshot.groups), launch_hooks(cloud, launching.as_ref()));
    snapshot.instances = instances?;
    snapshot.nat_gateways = nat_gateways;
    if let (Some(launching), Some(hooks)) = (launching, hooks?) {
        let groups = snapshot.groups.iter_mut().filter(|group| group.name == launching.name);
        groups.for_each(|group| group.launch_hooks.clone_from(&hooks));
    }
    Ok(snapshot)
}

async fn first_round(cloud: &impl Observe, config: &Config) -> Result<Snapshot, AwsError> {
    let (mut alarms, mut groups, route_tables) = try_join!(
        cloud.alarms(config.health_alarm_prefix.as_deref()),
        cloud.groups(&config.pool),
        cloud.route_tables(config.vpc.as_deref()),
    )?;
    alarms.retain(|alarm| config.is_health_alarm(&alarm.name));
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    for group in &mut groups {
        group.fallback_nat_gateway = group.fallback_nat_gateway.take().or(config.fallback_nat_gateway.clone());
    }
    Ok(Snapshot { alarms, groups, route_tables, ..Snapshot::default() })
}

/// The fallback matters only when no peer is healthy, so that a failed look at it must not stop the rest.
async fn nat_gateways(cloud: &impl Observe, groups: &[Group]) -> Vec<NatGateway> {
    let ids: BTreeSet<_> = groups.iter().filter_map(|group| group.fallback_nat_gateway.clone()).collect();
    if ids.is_empty() {
        return Vec::new();
    }
    let ids: Vec<_> = ids.into_iter().collect();
    let read = tokio::time::timeout(GATEWAYS, cloud.nat_gateways(&ids)).await;
    read.map_err(|_| "no answer in time".to_owned())
        .and_then(|answer| answer.map_err(|error| shared::error::chain(&error)))
        .unwrap_or_else(|error| {
            tracing::error!(error, "the NAT gateways can't be read: they count as unavailable");
            Vec::new()
        })
}

/// The launch hooks of the group that may be launching, if an instance waits in one.
async fn launch_hooks(cloud: &impl Observe, group: Option<&Group>) -> Result<Option<Vec<String>>, AwsError> {
    let waits = |group: &&Group| group.members.iter().any(|member| member.lifecycle == Lifecycle::PendingWait);
    match group.filter(waits) {
        Some(group) => cloud.launch_hooks(&group.name).await.map(Some),
        None => Ok(None),
    }
}
