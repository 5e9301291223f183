use super::*;
use crate::cloud::Lifecycle;
use crate::testing::{gateway, instance, route, to};

fn terminating() -> Event {
    Event::Lifecycle(LifecycleAction {
        group: "a".to_owned(),
        hook: "terminate".to_owned(),
        instance: "i-a".to_owned(),
        transition: Transition::Terminating,
    })
}

fn leaving(groups: usize) -> Snapshot {
    let mut snapshot = pool(groups);
    snapshot.group_mut("a").members[0].lifecycle = Lifecycle::TerminatingWait;
    snapshot
}

#[test]
fn routes_move_first_and_then_the_instance_may_go() {
    let plan = act(&terminating(), &leaving(2));
    assert_eq!(changes(&plan), ["rtb-a 0.0.0.0/0: i-a -> i-b of b"]);
    assert_eq!(plan.completions.len(), 1);
    assert!(plan.changes_first);
    assert_eq!(plan.mark_unhealthy, Vec::<String>::new());
}

#[test]
fn with_no_peer_nothing_moves_and_the_instance_is_held() {
    let plan = act(&terminating(), &leaving(1));
    assert_eq!((plan.changes.len(), plan.completions.len(), plan.no_healthy_peer()), (0, 0, true));
}

#[test]
fn without_routes_it_may_go_whoever_is_there() {
    let mut snapshot = leaving(1);
    snapshot.table_mut("rtb-a").routes.clear();
    let plan = act(&terminating(), &snapshot);
    assert_eq!((plan.completions.len(), plan.no_healthy_peer()), (1, false));
}

#[test]
fn the_nat_gateway_stands_in_and_a_stranded_ipv6_route_does_not_hold_the_instance() {
    let mut snapshot = leaving(1);
    snapshot.group_mut("a").fallback_nat_gateway = Some("nat-1".to_owned());
    snapshot.nat_gateways = vec![gateway("nat-1")];
    snapshot.table_mut("rtb-a").routes.push(route("::/0", to("i-a")));
    let plan = act(&terminating(), &snapshot);
    assert_eq!((plan.changes.len(), plan.stranded.len(), plan.completions.len()), (1, 1, 1));
}

#[test]
fn its_own_replacement_takes_over_where_it_is_in_service_already() {
    let mut snapshot = leaving(2);
    snapshot.group_mut("a").members.push(member("i-new", Lifecycle::InService));
    snapshot.instances.push(instance("a", "i-new", "zone-0"));
    assert_eq!(changes(&act(&terminating(), &snapshot)), ["rtb-a 0.0.0.0/0: i-a -> i-new of a"]);
}

#[test]
fn a_dead_instance_is_not_held_though_its_routes_have_nowhere_to_go() {
    let mut snapshot = leaving(1);
    snapshot.group_mut("a").members[0].healthy = false;
    let plan = act(&terminating(), &snapshot);
    assert_eq!((plan.changes.len(), plan.completions.len(), plan.no_healthy_peer()), (0, 1, true));
}

#[test]
fn a_read_that_does_not_know_of_the_action_yet_neither_loses_it_nor_drains_a_healthy_instance() {
    for lifecycle in [Lifecycle::InService, Lifecycle::Terminating] {
        let mut snapshot = leaving(2);
        snapshot.group_mut("a").members[0].lifecycle = lifecycle;
        let decision = decide(&terminating(), &snapshot, &config());
        assert!(matches!(decision, Decision::LookAgain(_)), "{lifecycle:?}: {decision:?}");
    }
}

#[test]
fn an_action_that_is_over_does_nothing() {
    let (mut gone, mut going) = (leaving(2), leaving(2));
    gone.group_mut("a").members.clear();
    going.group_mut("a").members[0].lifecycle = Lifecycle::Other;
    for snapshot in [going, gone] {
        assert!(nothing(&terminating(), &snapshot).contains("no longer waits"));
    }
}
