use super::*;
use crate::cloud::{Lifecycle, NatGateway};
use crate::config::{Config, Failback};
use crate::testing::{dangling, gateway, instance, route, table, to};

fn failback(snapshot: &Snapshot) -> Plan {
    act(&event("a", AlarmState::Ok), snapshot)
}

/// a was replaced by i-new, which waits in the launch hook; b carries a's default route.
fn recovered() -> Snapshot {
    let mut snapshot = pool(2);
    snapshot.instance_mut("i-a").running = false;
    snapshot.instance_mut("i-a").interfaces.clear();
    let mut fresh = instance("a", "i-new", "zone-0");
    fresh.launched = Some(SINCE - 1);
    snapshot.instances.push(fresh);
    let group = snapshot.group_mut("a");
    group.members = vec![member("i-new", Lifecycle::PendingWait)];
    group.launch_hooks = vec!["launch".to_owned()];
    snapshot.table_mut("rtb-a").routes = vec![route("0.0.0.0/0", to("i-b"))];
    snapshot
}

#[test]
fn the_waiting_instance_goes_into_service_and_its_routes_come_home() {
    let plan = failback(&recovered());
    let completion = Completion { group: "a".to_owned(), hook: "launch".to_owned(), instance: "i-new".to_owned() };
    assert_eq!((plan.completions.as_slice(), plan.changes_first), ([completion].as_slice(), false));
    assert_eq!(changes(&plan), ["rtb-a 0.0.0.0/0: i-b -> i-new of a"]);
}

#[test]
fn only_what_the_pool_carried_elsewhere_comes_home() {
    let mut snapshot = recovered();
    snapshot.group_mut("a").fallback_nat_gateway = Some("nat-1".to_owned());
    snapshot.nat_gateways = vec![gateway("nat-1")];
    let mut dead = route("::/0", dangling("eni-gone"));
    dead.blackhole = true;
    snapshot.table_mut("rtb-a").routes.extend([
        dead,
        route("10.1.0.0/16", Target::NatGateway("nat-1".to_owned())),
        route("10.2.0.0/16", Target::NatGateway("nat-of-somebody".to_owned())),
        route("10.3.0.0/16", Target::Other("tgw-1".to_owned())),
        route("10.4.0.0/16", to("i-appliance")),
        route("10.5.0.0/16", to("i-new")),
    ]);
    snapshot.route_tables.push(table("rtb-other", vec![route("10.6.0.0/16", to("i-b"))]));
    assert_eq!(
        changes(&failback(&snapshot)),
        [
            "rtb-a 0.0.0.0/0: i-b -> i-new of a",
            "rtb-a ::/0: eni-gone -> i-new of a",
            "rtb-a 10.1.0.0/16: nat-1 -> i-new of a",
        ],
        "b's own table and everybody else's routes stay"
    );
}

#[test]
fn a_home_table_without_a_default_route_gets_one_but_not_an_edge_table() {
    let mut snapshot = recovered();
    snapshot.table_mut("rtb-a").routes = vec![route("10.0.0.0/16", Target::Other("local".to_owned()))];
    let mut edge = table("rtb-edge", vec![]);
    (edge.edge, edge.home_of) = (true, Some("a".to_owned()));
    let mut igw = table("rtb-igw", vec![route("0.0.0.0/0", Target::Other("igw-1".to_owned()))]);
    igw.home_of = Some("a".to_owned());
    snapshot.route_tables.extend([edge, igw]);
    let plan = failback(&snapshot);
    assert_eq!(changes(&plan), ["rtb-a 0.0.0.0/0: new route -> i-new of a"]);
    assert_eq!(plan.changes[0].from, None);
}

#[test]
fn a_table_says_whose_home_it_is_by_its_own_tag_or_by_the_groups() {
    let mut snapshot = recovered();
    snapshot.group_mut("a").home_tables = vec!["rtb-b".to_owned()];
    snapshot.table_mut("rtb-a").home_of = Some("a".to_owned());
    snapshot.table_mut("rtb-b").home_of = Some("b".to_owned());
    assert_eq!(changes(&failback(&snapshot)), ["rtb-a 0.0.0.0/0: i-b -> i-new of a"], "its own tag counts more");
}

#[test]
fn manual_failback_completes_the_launch_and_leaves_the_routes() {
    let manual = Config { failback: Failback::Manual, ..config() };
    let Decision::Act(plan) = decide(&event("a", AlarmState::Ok), &recovered(), &manual) else { panic!() };
    assert_eq!((plan.completions.len(), plan.changes.len()), (1, 0));
}

#[test]
fn manual_failback_still_mends_what_nothing_carries() {
    let manual = Config { failback: Failback::Manual, ..config() };
    let mut dead = route("::/0", dangling("eni-gone"));
    dead.blackhole = true;
    for (routes, mended) in [
        (vec![], "rtb-a 0.0.0.0/0: new route -> i-new of a"),
        (vec![route("0.0.0.0/0", to("i-b")), dead], "rtb-a ::/0: eni-gone -> i-new of a"),
    ] {
        let mut snapshot = recovered();
        snapshot.table_mut("rtb-a").routes = routes;
        let Decision::Act(plan) = decide(&event("a", AlarmState::Ok), &snapshot, &manual) else { panic!() };
        assert_eq!(changes(&plan), [mended]);
    }
}

#[test]
fn a_group_that_comes_back_takes_the_routes_of_groups_that_are_failed_still() {
    let mut snapshot = recovered().fail("b");
    snapshot.table_mut("rtb-a").routes = vec![route("0.0.0.0/0", to("i-b"))];
    assert_eq!(
        changes(&failback(&snapshot)),
        ["rtb-a 0.0.0.0/0: i-b -> i-new of a", "rtb-b 0.0.0.0/0: i-b -> i-new of a"],
        "b failed when nobody was healthy, and its alarm will not come again"
    );
}

#[test]
fn the_alarm_of_an_instance_that_is_leaving_does_not_hold_its_replacement_back() {
    let mut snapshot = recovered();
    let mut old = crate::testing::alarm("a", AlarmState::Alarm);
    (old.name, old.instance) = ("old".to_owned(), Some("i-a".to_owned()));
    snapshot.alarms.push(old);
    snapshot.group_mut("a").members.push(member("i-a", Lifecycle::TerminatingWait));
    assert_eq!(failback(&snapshot).completions.len(), 1);
}

#[test]
fn a_group_without_a_home_table_is_pointed_out() {
    let mut snapshot = recovered();
    assert!(failback(&snapshot).warnings.is_empty());
    snapshot.group_mut("a").home_tables.clear();
    assert!(failback(&snapshot).warnings[0].contains("no home table"));
}

#[test]
fn an_ok_by_instance_id_proves_its_own_instance_only() {
    let mut snapshot = recovered();
    let alarm = snapshot.alarm_mut("a");
    (alarm.group, alarm.instance) = (None, Some("i-a".to_owned()));
    snapshot.group_mut("a").members.push(member("i-a", Lifecycle::TerminatingWait));
    assert!(nothing(&event("a", AlarmState::Ok), &snapshot).contains("not healthy by all"), "it is leaving");

    let still_there = snapshot.group_mut("a").members.last_mut().unwrap();
    (still_there.lifecycle, still_there.healthy) = (Lifecycle::InService, false);
    let plan = failback(&snapshot);
    assert_eq!((plan.completions.len(), plan.changes.len()), (0, 0));
}

#[test]
fn a_replay_finds_nothing_to_do() {
    let mut snapshot = recovered();
    snapshot.group_mut("a").members = vec![member("i-new", Lifecycle::InService)];
    snapshot.table_mut("rtb-a").routes = vec![route("0.0.0.0/0", to("i-new"))];
    assert!(is_empty(&failback(&snapshot)));
}

#[test]
fn nothing_while_another_health_alarm_of_the_group_is_in_alarm() {
    let mut snapshot = recovered();
    let mut second = crate::testing::alarm("a", AlarmState::Alarm);
    second.name = "disk".to_owned();
    snapshot.alarms.push(second);
    assert!(nothing(&event("a", AlarmState::Ok), &snapshot).contains("not healthy by all"));
}

#[test]
fn an_instance_that_came_after_the_ok_is_not_proven_by_it() {
    let mut snapshot = recovered();
    snapshot.instance_mut("i-new").launched = Some(SINCE + 1);
    let plan = failback(&snapshot);
    assert_eq!((plan.completions.len(), plan.changes.len()), (0, 0));
    assert!(plan.not_ready.is_some());
}

#[test]
fn an_instance_that_cannot_forward_yet_is_held_and_the_event_retried() {
    type Spoil = fn(&mut Snapshot);
    let cases: [(&str, Spoil); 3] = [
        ("check on", |s| s.instance_mut("i-new").interfaces[0].source_dest_check = true),
        ("not running", |s| s.instance_mut("i-new").running = false),
        ("unhealthy", |s| s.group_mut("a").members = vec![]),
    ];
    for (what, spoil) in cases {
        let mut snapshot = recovered();
        spoil(&mut snapshot);
        let plan = failback(&snapshot);
        assert_eq!((plan.completions.len(), plan.changes.len()), (0, 0), "{what}");
        assert!(plan.not_ready.as_deref().is_some_and(|why| why.contains("\"a\" is OK but")), "{what}");
    }
}

#[test]
fn routes_do_not_flap_between_two_good_instances_of_the_group() {
    let mut snapshot = recovered();
    snapshot.group_mut("a").members.insert(0, member("i-a2", Lifecycle::InService));
    snapshot.instances.push(instance("a", "i-a2", "zone-0"));
    snapshot.table_mut("rtb-a").routes = vec![route("0.0.0.0/0", to("i-new"))];
    assert_eq!(changes(&failback(&snapshot)), Vec::<String>::new());
}

#[test]
fn the_nat_gateway_of_the_fallback_need_not_exist_any_more_for_routes_to_come_home() {
    let mut snapshot = recovered();
    snapshot.group_mut("a").fallback_nat_gateway = Some("nat-1".to_owned());
    snapshot.nat_gateways = Vec::<NatGateway>::new();
    snapshot.table_mut("rtb-a").routes = vec![route("0.0.0.0/0", Target::NatGateway("nat-1".to_owned()))];
    assert_eq!(changes(&failback(&snapshot)), ["rtb-a 0.0.0.0/0: nat-1 -> i-new of a"]);
}
