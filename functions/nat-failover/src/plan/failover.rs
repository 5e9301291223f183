//! ALARM: the group's instance died.

use super::pool::{Pool, came_after, in_service};
use super::{Cause, Plan, moves};
use crate::cloud::{Alarm, Group, Instance};

/// Marks the failed instance unhealthy and moves whatever points at it. `alarm` is in ALARM now.
pub(super) fn plan(pool: &Pool, group: &Group, alarm: &Alarm) -> Plan {
    let failed = failed_instances(pool, group, alarm);
    let moves = moves::away(pool, group, &failed, |route| {
        failed.iter().any(|instance| route.target.is(instance)) || pool.is_orphan(route)
    });
    Plan {
        cause: Cause::Failover,
        group: group.name.clone(),
        mark_unhealthy: to_mark(group, &failed),
        changes: moves.changes,
        stranded: moves.stranded,
        since: alarm.since,
        ..Plan::default()
    }
}

/// The instances that the alarm speaks of: its own, or all of the group's but a replacement, which came after it. One that
/// is still on its way in counts: routes may point at it already, from an OK that was carried out half.
fn failed_instances<'a>(pool: &Pool<'a>, group: &Group, alarm: &Alarm) -> Vec<&'a Instance> {
    let of_group = pool.snapshot.instances.iter().filter(|instance| instance.group == group.name);
    let named = |instance: &&Instance| alarm.instance.as_deref().is_none_or(|id| id == instance.id);
    of_group.filter(named).filter(|instance| !came_after(Some(instance), alarm.since)).collect()
}

/// Of the failed instances those in service that Auto Scaling still thinks well of.
fn to_mark(group: &Group, failed: &[&Instance]) -> Vec<String> {
    let members = group.members.iter().filter(|member| in_service(member));
    let marked = members.filter(|member| failed.iter().any(|instance| instance.id == member.instance));
    marked.map(|member| member.instance.clone()).collect()
}
