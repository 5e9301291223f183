//! OK: the group works again.

use super::pool::{Pool, came_after, in_service};
use super::{Cause, Change, Completion, Decision, NewTarget, Plan, moves};
use crate::cloud::{Alarm, Destination, Group, Instance, Lifecycle, Member, Route, RouteTable, Target};
use crate::config::Failback;

/// Lets the waiting instance into service and brings the home tables' routes to it. `alarm` is OK now.
pub(super) fn decide(pool: &Pool, group: &Group, alarm: &Alarm, failback: Failback) -> Decision {
    if !pool.is_healthy(group) {
        return Decision::Nothing(format!("another health alarm of group {:?} is in ALARM", group.name));
    }
    let proven = proven_members(pool, group, alarm);
    let mut plan = Plan {
        cause: Cause::Failback,
        group: group.name.clone(),
        completions: completions(group, &proven),
        since: alarm.since,
        ..Plan::default()
    };
    let able: Vec<_> = proven.iter().filter_map(|member| able(pool, member)).collect();
    let Some(home) = able.first().and_then(|instance| moves::towards(instance, group)) else {
        plan.completions.clear(); // an instance that can't take routes is not in service in truth
        plan.not_ready = Some(no_instance(group, &proven));
        return Decision::Act(plan);
    };
    if failback == Failback::Auto {
        plan.changes = homecoming(pool, group, &able, &home);
        moves::most_urgent_first(&mut plan.changes);
    }
    Decision::Act(plan)
}

/// The members that the OK speaks of, those in service first. An instance that waits and was launched after the alarm
/// turned OK is not one of them: the OK was its predecessor's.
fn proven_members<'a>(pool: &Pool, group: &'a Group, alarm: &Alarm) -> Vec<&'a Member> {
    let coming = |member: &Member| {
        matches!(member.lifecycle, Lifecycle::PendingWait | Lifecycle::PendingProceed)
            && !came_after(pool.instance(&member.instance), alarm.since)
    };
    let serving = group.members.iter().filter(|member| in_service(member));
    serving.chain(group.members.iter().filter(|member| coming(member))).collect()
}

fn completions(group: &Group, proven: &[&Member]) -> Vec<Completion> {
    let waiting = proven.iter().filter(|member| member.lifecycle == Lifecycle::PendingWait);
    let completion = |member: &&&Member| -> Vec<_> {
        let instance = &member.instance;
        let hooks = group.launch_hooks.iter();
        hooks
            .map(|hook| Completion { group: group.name.clone(), hook: hook.clone(), instance: instance.clone() })
            .collect()
    };
    waiting.flat_map(|member| completion(&member)).collect()
}

fn able<'a>(pool: &Pool<'a>, member: &Member) -> Option<&'a Instance> {
    pool.instance(&member.instance).filter(|instance| instance.running && instance.nat_interface().is_some())
}

fn no_instance(group: &Group, proven: &[&Member]) -> String {
    let ids: Vec<_> = proven.iter().map(|member| member.instance.as_str()).collect();
    format!(
        "group {:?} is OK but none of its instances [{}] can take routes: it must run, with the source/destination \
         check of an interface off",
        group.name,
        ids.join(", ")
    )
}

fn homecoming(pool: &Pool, group: &Group, able: &[&Instance], home: &NewTarget) -> Vec<Change> {
    let vpc = able.first().map(|instance| instance.vpc.as_str());
    let tables = pool.snapshot.route_tables.iter();
    let homes =
        tables.filter(|table| pool.home_of(table) == Some(group.name.as_str()) && Some(table.vpc.as_str()) == vpc);
    homes.flat_map(|table| table_home(pool, group, table, able, home)).collect()
}

/// One home table's changes: what the pool carries elsewhere comes home, and a default route is made where there is none.
fn table_home(pool: &Pool, group: &Group, table: &RouteTable, able: &[&Instance], home: &NewTarget) -> Vec<Change> {
    let astray = table.routes.iter().filter(|route| {
        !home.is(&route.target)
            && !able.iter().any(|instance| route.target.is(instance))
            && (is_pools(pool, group, route) || pool.is_orphan(table, route))
    });
    let mut changes: Vec<_> = astray.map(|route| moves::change(table, route, home.clone())).collect();
    let default = Destination::default_ipv4();
    if !table.edge && !table.routes.iter().any(|route| route.destination == default) {
        changes.push(Change { table: table.id.clone(), destination: default, from: None, to: home.clone() });
    }
    changes
}

/// Whether the pool carries the route: by one of its instances, or by the NAT gateway that stands in for them.
fn is_pools(pool: &Pool, group: &Group, route: &Route) -> bool {
    match &route.target {
        Target::Nat { .. } => pool.snapshot.instances.iter().any(|instance| route.target.is(instance)),
        Target::NatGateway(id) => group.fallback_nat_gateway.as_deref() == Some(id),
        Target::Other(_) => false,
    }
}
