//! OK: the group works again.

use super::pool::{Pool, came_after, in_service};
use super::{Cause, Change, Completion, Decision, NewTarget, Plan, failover, moves};
use crate::cloud::{Alarm, AlarmState, Destination, Group, Instance, Lifecycle, Member, Route, RouteTable, Target};
use crate::config::Failback;

/// Lets the waiting instance into service, brings the home tables' routes to it, and offers it to groups that are failed
/// still: their ALARM may have come when nobody was healthy, and it won't come again. `alarm` is OK now.
pub(super) fn decide(pool: &Pool, group: &Group, alarm: &Alarm, failback: Failback) -> Decision {
    if !pool.is_healthy(group) {
        return Decision::Nothing(format!("group {:?} is not healthy by all its health alarms", group.name));
    }
    let proven = proven_members(pool, group, alarm);
    let mut plan = Plan { cause: Cause::Failback, group: group.name.clone(), since: alarm.since, ..Plan::default() };
    let able: Vec<_> = proven.iter().filter_map(|member| able(pool, member)).collect();
    let Some((first, home)) = able.first().and_then(|first| Some((*first, moves::towards(first, group)?))) else {
        plan.not_ready = Some(no_instance(group, &proven)); // it waits on: in service it would be of no use
        return Decision::Act(plan);
    };
    if !pool.snapshot.route_tables.iter().any(|table| pool.home_of(table) == Some(group.name.as_str())) {
        plan.warnings
            .push(format!("group {:?} has no home table among those read; check its tags, and VpcId", group.name));
    }
    plan.completions = completions(group, &proven);
    plan.changes = homecoming(pool, group, &able, &home, failback);
    for change in rescue(pool, group, first) {
        if !plan.changes.iter().any(|own| own.table == change.table && own.destination == change.destination) {
            plan.changes.push(change);
        }
    }
    moves::most_urgent_first(&mut plan.changes);
    Decision::Act(plan)
}

/// What still points at the dead instances of other groups.
fn rescue<'a>(pool: &Pool<'a>, group: &Group, arriving: &'a Instance) -> Vec<Change> {
    let pool = pool.with_arriving(arriving);
    let in_alarm = pool.snapshot.alarms.iter().filter(|alarm| alarm.state == AlarmState::Alarm);
    let of_others = in_alarm.filter_map(|alarm| Some((alarm, pool.group_of(alarm)?)));
    let failed = of_others.filter(|(_, other)| other.name != group.name);
    failed.flat_map(|(alarm, other)| failover::plan(&pool, other, alarm).changes).collect()
}

/// The members that the OK speaks of, those in service first. An instance that waits and was launched after the alarm
/// turned OK is not one of them: the OK was its predecessor's.
fn proven_members<'a>(pool: &Pool, group: &'a Group, alarm: &Alarm) -> Vec<&'a Member> {
    let coming = |member: &Member| {
        matches!(member.lifecycle, Lifecycle::PendingWait | Lifecycle::PendingProceed)
            && !came_after(pool.instance(&member.instance), alarm.since)
    };
    let named = |member: &&Member| alarm.instance.as_ref().is_none_or(|id| *id == member.instance);
    let spoken_of = || group.members.iter().filter(named);
    spoken_of().filter(|member| in_service(member)).chain(spoken_of().filter(|member| coming(member))).collect()
}

fn completions(group: &Group, proven: &[&Member]) -> Vec<Completion> {
    let waiting = proven.iter().filter(|member| member.lifecycle == Lifecycle::PendingWait);
    let held = waiting.flat_map(|member| group.launch_hooks.iter().map(|hook| (hook, &member.instance)));
    let completion = |(hook, instance): (&String, &String)| Completion {
        group: group.name.clone(),
        hook: hook.clone(),
        instance: instance.clone(),
    };
    held.map(completion).collect()
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

fn homecoming(pool: &Pool, group: &Group, able: &[&Instance], home: &NewTarget, failback: Failback) -> Vec<Change> {
    let is_home = |table: &&RouteTable| {
        pool.home_of(table) == Some(group.name.as_str()) && able.first().is_some_and(|first| first.vpc == table.vpc)
    };
    let homes = pool.snapshot.route_tables.iter().filter(is_home);
    homes.flat_map(|table| table_home(pool, group, table, able, home, failback)).collect()
}

/// One home table's changes: what the pool carries elsewhere comes home, and a default route is made where there is none.
/// Manual failback leaves what something alive carries.
fn table_home(
    pool: &Pool,
    group: &Group,
    table: &RouteTable,
    able: &[&Instance],
    home: &NewTarget,
    failback: Failback,
) -> Vec<Change> {
    let astray = table.routes.iter().filter(|route| {
        !home.is(&route.target)
            && !able.iter().any(|instance| route.target.is(instance))
            && (is_pools(pool, group, route) || pool.is_orphan(route))
            && (failback == Failback::Auto || is_dead(pool, route))
    });
    let mut changes: Vec<_> = astray.map(|route| moves::change(table, route, home.clone())).collect();
    let default = Destination::default_ipv4();
    if !table.edge && !table.routes.iter().any(|route| route.destination == default) {
        changes.push(Change { table: table.id.clone(), destination: default, from: None, to: home.clone() });
    }
    changes
}

/// Whether nothing carries the route: AWS says so, or its instance does not run.
fn is_dead(pool: &Pool, route: &Route) -> bool {
    route.blackhole || pool.snapshot.instances.iter().any(|instance| !instance.running && route.target.is(instance))
}

/// Whether the pool carries the route: by one of its instances, or by the NAT gateway that stands in for them.
fn is_pools(pool: &Pool, group: &Group, route: &Route) -> bool {
    match &route.target {
        Target::Nat { .. } => pool.snapshot.instances.iter().any(|instance| route.target.is(instance)),
        Target::NatGateway(id) => group.fallback_nat_gateway.as_deref() == Some(id),
        Target::Other(_) => false,
    }
}
