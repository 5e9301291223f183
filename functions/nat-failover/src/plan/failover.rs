//! ALARM: the group's instance died.

use super::pool::{Pool, came_after, in_service};
use super::{Cause, Plan, moves};
use crate::cloud::{Alarm, Group, Instance, Lifecycle};

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

/// The instances that the alarm speaks of: its own, or all of the group's but a replacement. A replacement is known by
/// its launch after the alarm, or because it is still on its way in: it has not sent a metric yet.
fn failed_instances<'a>(pool: &Pool<'a>, group: &Group, alarm: &Alarm) -> Vec<&'a Instance> {
    let of_group = pool.snapshot.instances.iter().filter(|instance| instance.group == group.name);
    let named = |instance: &&Instance| alarm.instance.as_deref().is_none_or(|id| id == instance.id);
    of_group.filter(named).filter(|i| !came_after(Some(i), alarm.since) && !on_its_way_in(group, i)).collect()
}

fn on_its_way_in(group: &Group, instance: &Instance) -> bool {
    group.members.iter().any(|member| {
        member.instance == instance.id
            && matches!(member.lifecycle, Lifecycle::Pending | Lifecycle::PendingWait | Lifecycle::PendingProceed)
    })
}

/// Of the failed instances those that Auto Scaling still thinks well of.
fn to_mark(group: &Group, failed: &[&Instance]) -> Vec<String> {
    let members = group.members.iter().filter(|member| in_service(member));
    let marked = members.filter(|member| failed.iter().any(|instance| instance.id == member.instance));
    marked.map(|member| member.instance.clone()).collect()
}
