//! Looks at the cloud: two rounds of calls, each in parallel. The second needs the groups that the first found.

use std::collections::BTreeSet;

use shared::aws::AwsError;
use tokio::try_join;

use crate::cloud::{Group, Lifecycle, NatGateway, Snapshot};
use crate::config::Config;
use crate::ports::Observe;

/// Reads all that a decision needs.
pub async fn observe(cloud: &impl Observe, config: &Config) -> Result<Snapshot, AwsError> {
    let (alarms, mut groups, route_tables) = try_join!(
        cloud.alarms(config.health_alarm_prefix.as_deref()),
        cloud.groups(&config.pool),
        cloud.route_tables(config.vpc.as_deref()),
    )?;
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    for group in &mut groups {
        group.fallback_nat_gateway = group.fallback_nat_gateway.take().or(config.fallback_nat_gateway.clone());
    }
    let names: Vec<_> = groups.iter().map(|group| group.name.clone()).collect();
    let (instances, nat_gateways, groups) =
        try_join!(cloud.instances(&names), nat_gateways(cloud, &groups), with_launch_hooks(cloud, groups.clone()))?;
    let alarms = alarms.into_iter().filter(|alarm| config.is_health_alarm(&alarm.name)).collect();
    Ok(Snapshot { alarms, groups, instances, route_tables, nat_gateways })
}

async fn nat_gateways(cloud: &impl Observe, groups: &[Group]) -> Result<Vec<NatGateway>, AwsError> {
    let ids: BTreeSet<_> = groups.iter().filter_map(|group| group.fallback_nat_gateway.clone()).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    cloud.nat_gateways(&ids.into_iter().collect::<Vec<_>>()).await
}

/// Adds the launch hooks to the groups in which an instance waits, the only ones where they matter.
async fn with_launch_hooks(cloud: &impl Observe, groups: Vec<Group>) -> Result<Vec<Group>, AwsError> {
    let added = groups.into_iter().map(async |mut group| {
        if group.members.iter().any(|member| member.lifecycle == Lifecycle::PendingWait) {
            group.launch_hooks = cloud.launch_hooks(&group.name).await?;
        }
        Ok(group)
    });
    futures_util::future::try_join_all(added).await
}
