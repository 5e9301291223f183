use super::*;
use crate::cloud::{Interface, Lifecycle};
use crate::testing::{dangling, gateway, instance, route, table, to};

fn failover(snapshot: &Snapshot) -> Plan {
    act(&event("a", AlarmState::Alarm), snapshot)
}

#[test]
fn the_failed_instance_is_marked_and_its_routes_go_to_a_healthy_peer() {
    let plan = failover(&pool(2).fail("a"));
    assert_eq!(plan.mark_unhealthy, ["i-a"]);
    assert_eq!(changes(&plan), ["rtb-a 0.0.0.0/0: i-a -> i-b of b"]);
    assert_eq!(
        plan.changes[0].to,
        NewTarget::Interface { interface: "eni-b".to_owned(), instance: "i-b".to_owned(), group: "b".to_owned() }
    );
}

#[test]
fn every_route_that_really_points_at_it_moves_and_nothing_else() {
    let mut snapshot = pool(2).fail("a");
    let second = Interface { id: "eni-a2".to_owned(), source_dest_check: true };
    snapshot.instance_mut("i-a").interfaces.push(second);
    let by_id_only = Target::Nat { instance: Some("i-a".to_owned()), interface: None };
    snapshot.table_mut("rtb-a").routes = vec![
        route("0.0.0.0/0", by_id_only),
        route("::/0", dangling("eni-a2")),
        route("pl-1", to("i-a")),
        route("10.0.0.0/16", Target::Other("local".to_owned())),
        route("10.7.0.0/16", Target::Other("tgw-1".to_owned())),
        route("10.8.0.0/16", to("i-web")),
        route("10.9.0.0/16", Target::NatGateway("nat-9".to_owned())),
    ];
    let mut edge = table("rtb-edge", vec![route("10.0.1.0/24", to("i-a"))]);
    edge.edge = true;
    snapshot.route_tables.extend([edge, table("rtb-of-nobody", vec![route("198.51.100.0/24", to("i-a"))])]);
    assert_eq!(
        changes(&failover(&snapshot)),
        [
            "rtb-a 0.0.0.0/0: i-a -> i-b of b",
            "rtb-a ::/0: eni-a2 -> i-b of b",
            "rtb-a pl-1: i-a -> i-b of b",
            "rtb-edge 10.0.1.0/24: i-a -> i-b of b",
            "rtb-of-nobody 198.51.100.0/24: i-a -> i-b of b",
        ]
    );
}

#[test]
fn a_fresh_replacement_is_neither_marked_nor_robbed_of_its_routes() {
    for lifecycle in [Lifecycle::InService, Lifecycle::PendingWait, Lifecycle::Pending] {
        let mut snapshot = pool(2).fail("a");
        snapshot.instance_mut("i-a").running = false;
        snapshot.group_mut("a").members = vec![member("i-new", lifecycle)];
        let mut fresh = instance("a", "i-new", "zone-0");
        fresh.launched = Some(SINCE + 1);
        snapshot.instances.push(fresh);
        snapshot.table_mut("rtb-a").routes.push(route("10.1.0.0/16", to("i-new")));
        let plan = failover(&snapshot);
        assert_eq!(plan.mark_unhealthy, Vec::<String>::new(), "{lifecycle:?}");
        assert_eq!(changes(&plan), ["rtb-a 0.0.0.0/0: i-a -> i-b of b"], "{lifecycle:?}");
    }
}

#[test]
fn an_instance_that_took_routes_and_died_before_its_launch_was_complete_loses_them_and_is_not_marked() {
    let mut snapshot = pool(2).fail("a");
    snapshot.group_mut("a").members = vec![member("i-a", Lifecycle::PendingWait)];
    let plan = failover(&snapshot);
    assert_eq!(plan.mark_unhealthy, Vec::<String>::new(), "its launch hook replaces it");
    assert_eq!(changes(&plan), ["rtb-a 0.0.0.0/0: i-a -> i-b of b"]);
}

#[test]
fn an_alarm_by_instance_id_speaks_of_its_own_instance_only() {
    let mut snapshot = pool(2).fail("a");
    snapshot.group_mut("a").members.push(member("i-a2", Lifecycle::InService));
    snapshot.instances.push(instance("a", "i-a2", "zone-0"));
    snapshot.table_mut("rtb-a").routes.push(route("10.1.0.0/16", to("i-a2")));
    let alarm = snapshot.alarm_mut("a");
    (alarm.group, alarm.instance) = (None, Some("i-a".to_owned()));
    let plan = failover(&snapshot);
    assert_eq!((plan.mark_unhealthy, plan.changes.len()), (vec!["i-a".to_owned()], 1));
}

#[test]
fn an_instance_as_old_as_the_alarm_did_not_come_after_it() {
    let mut snapshot = pool(2).fail("a");
    snapshot.instance_mut("i-a").launched = Some(SINCE);
    assert_eq!(failover(&snapshot).mark_unhealthy, ["i-a"]);
}

#[test]
fn a_replay_finds_nothing_to_do() {
    let mut snapshot = pool(2).fail("a");
    snapshot.group_mut("a").members[0].healthy = false;
    snapshot.table_mut("rtb-a").routes = vec![route("0.0.0.0/0", to("i-b"))];
    assert!(is_empty(&failover(&snapshot)));
}

#[test]
fn a_peer_must_be_healthy_in_service_running_and_forwarding() {
    type Spoil = fn(&mut Snapshot);
    let cases: [(&str, Spoil); 8] = [
        ("its alarm", |s| s.alarm_mut("b").state = AlarmState::Alarm),
        ("its alarm unknown", |s| s.alarm_mut("b").state = AlarmState::InsufficientData),
        ("in service", |s| s.group_mut("b").members[0].lifecycle = Lifecycle::PendingWait),
        ("thought healthy", |s| s.group_mut("b").members[0].healthy = false),
        ("running", |s| s.instance_mut("i-b").running = false),
        ("source/dest check off", |s| s.instance_mut("i-b").interfaces[0].source_dest_check = true),
        ("in the table's VPC", |s| s.instance_mut("i-b").vpc = "vpc-2".to_owned()),
        ("known to EC2", |s| s.instances.retain(|i| i.id != "i-b")),
    ];
    for (what, spoil) in cases {
        let mut snapshot = pool(3).fail("a");
        spoil(&mut snapshot);
        assert_eq!(changes(&failover(&snapshot)), ["rtb-a 0.0.0.0/0: i-a -> i-c of c"], "{what}");
    }
}

#[test]
fn routes_go_through_the_interface_that_forwards() {
    let mut snapshot = pool(2).fail("a");
    let inner = Interface { id: "eni-b0".to_owned(), source_dest_check: true };
    snapshot.instance_mut("i-b").interfaces.insert(0, inner);
    assert!(
        matches!(&failover(&snapshot).changes[0].to, NewTarget::Interface { interface, .. } if interface == "eni-b")
    );
}

#[test]
fn the_same_zone_comes_first_then_the_fewest_routes_then_the_name() {
    let by_name = pool(3).fail("a");
    assert_eq!(changes(&failover(&by_name)), ["rtb-a 0.0.0.0/0: i-a -> i-b of b"]);

    let mut by_load = pool(3).fail("a");
    by_load.table_mut("rtb-b").routes.push(route("10.5.0.0/16", to("i-b")));
    assert_eq!(changes(&failover(&by_load)), ["rtb-a 0.0.0.0/0: i-a -> i-c of c"]);

    let mut by_zone = by_load.clone();
    by_zone.instance_mut("i-b").zone = "zone-0".to_owned();
    assert_eq!(changes(&failover(&by_zone)), ["rtb-a 0.0.0.0/0: i-a -> i-b of b"]);
}

#[test]
fn a_retry_half_way_chooses_the_same_peer() {
    let mut snapshot = pool(3).fail("a");
    let routes = ["0.0.0.0/0", "10.5.0.0/16", "10.6.0.0/16"];
    snapshot.table_mut("rtb-a").routes = vec![
        route(routes[0], to("i-b")), // moved already
        route(routes[1], to("i-b")),
        route(routes[2], to("i-a")),
    ];
    assert_eq!(changes(&failover(&snapshot)), ["rtb-a 10.6.0.0/16: i-a -> i-b of b"]);
}

#[test]
fn chained_failures_take_the_first_groups_routes_along() {
    let mut snapshot = pool(3).fail("a").fail("b");
    snapshot.table_mut("rtb-a").routes = vec![route("0.0.0.0/0", to("i-b"))];
    let plan = act(&event("b", AlarmState::Alarm), &snapshot);
    assert_eq!(changes(&plan), ["rtb-a 0.0.0.0/0: i-b -> i-c of c", "rtb-b 0.0.0.0/0: i-b -> i-c of c"]);
}

#[test]
fn the_dangling_interface_of_a_default_route_tells_which_other_routes_were_the_pools() {
    let mut snapshot = pool(2).fail("a");
    crate::testing::memory::terminate(&mut snapshot, "i-a");
    let blackhole = |destination: &str, interface: &str| {
        let mut route = route(destination, dangling(interface));
        route.blackhole = true;
        route
    };
    snapshot.table_mut("rtb-a").routes.extend([blackhole("pl-1", "eni-a"), blackhole("10.1.0.0/16", "eni-vpn")]);
    snapshot.route_tables.push(table("rtb-of-nobody", vec![blackhole("10.2.0.0/16", "eni-a")]));
    snapshot.route_tables.push(table("rtb-foreign", vec![blackhole("0.0.0.0/0", "eni-firewall")]));
    assert_eq!(
        changes(&failover(&snapshot)),
        [
            "rtb-a 0.0.0.0/0: eni-a -> i-b of b",
            "rtb-a pl-1: eni-a -> i-b of b",
            "rtb-of-nobody 10.2.0.0/16: eni-a -> i-b of b"
        ]
    );
}

#[test]
fn an_edge_table_takes_no_nat_gateway() {
    let mut snapshot = pool(1).fail("a");
    snapshot.group_mut("a").fallback_nat_gateway = Some("nat-1".to_owned());
    snapshot.nat_gateways = vec![gateway("nat-1")];
    snapshot.table_mut("rtb-a").edge = true;
    let plan = failover(&snapshot);
    assert_eq!((plan.changes.len(), plan.stranded[0].why), (0, Obstacle::EdgeNeedsPeer));
}

#[test]
fn with_no_healthy_peer_routes_go_to_the_nat_gateway_and_ipv6_stays() {
    let mut snapshot = pool(2).fail("a").fail("b");
    snapshot.table_mut("rtb-a").routes.extend([route("::/0", to("i-a")), route("pl-1", to("i-a"))]);
    snapshot.group_mut("a").fallback_nat_gateway = Some("nat-1".to_owned());
    snapshot.nat_gateways = vec![gateway("nat-1")];
    let plan = failover(&snapshot);
    assert_eq!(changes(&plan), ["rtb-a 0.0.0.0/0: i-a -> nat-1", "rtb-a pl-1: i-a -> nat-1"]);
    assert_eq!(plan.stranded.len(), 1);
    assert_eq!((plan.stranded[0].why, plan.no_healthy_peer()), (Obstacle::Ipv6NeedsPeer, false));
}

#[test]
fn with_nowhere_to_go_nothing_moves_and_the_instance_is_still_marked() {
    type Spoil = fn(&mut Snapshot);
    let cases: [(&str, Spoil); 4] = [
        ("no gateway", |_| ()),
        ("unknown gateway", |s| s.group_mut("a").fallback_nat_gateway = Some("nat-2".to_owned())),
        ("gateway not available", |s| {
            s.group_mut("a").fallback_nat_gateway = Some("nat-1".to_owned());
            s.nat_gateways[0].available = false;
        }),
        ("gateway of another VPC", |s| {
            s.group_mut("a").fallback_nat_gateway = Some("nat-1".to_owned());
            s.nat_gateways[0].vpc = "vpc-2".to_owned();
        }),
    ];
    for (what, spoil) in cases {
        let mut snapshot = pool(2).fail("a").fail("b");
        snapshot.nat_gateways = vec![gateway("nat-1")];
        spoil(&mut snapshot);
        let plan = failover(&snapshot);
        assert_eq!((plan.changes.len(), plan.no_healthy_peer()), (0, true), "{what}");
        assert_eq!(plan.mark_unhealthy, ["i-a"], "{what}");
    }
}
