//! A made-up report, for looking at the renderings and for their tests.

#[path = "cluster.rs"]
pub(crate) mod cluster;
#[path = "lake.rs"]
pub(crate) mod lake;
#[path = "served.rs"]
pub(crate) mod served;
#[path = "workflows.rs"]
pub(crate) mod workflows;

use report::{
    AlarmState, Chapter, Check, Fact, Figure, Group, Instance, NatGateway, Network, Outcome, Report, Route, RouteState,
    Scenario, Step, Table, Zone,
};
use serde_json::json;

const LETTERS: [&str; 4] = ["a", "b", "c", "d"];

/// The report.
pub(crate) fn report() -> Report {
    let lead = "Several Auto Scaling groups of one NAT instance each, one per zone, stand in for each other: when one \
                fails, its routes move to a healthy peer, and they come back when its replacement is healthy.";
    let scenarios = vec![fails(), recovers(), no_peer(), crowded(4), repeated()];
    Report {
        title: "Lambda functions for a VPC that heals itself".into(),
        started: "11 March 2026, 14:02 UTC".into(),
        machine: vec![
            Fact::new("processor", "2 × Neoverse-N1, arm64"),
            Fact::new("EC2, Auto Scaling, CloudWatch", "moto 5.1"),
            Fact::new("rustc", "1.95.0"),
        ],
        chapters: vec![
            Chapter { system: "nat-failover".into(), lead: lead.into(), scenarios },
            Chapter {
                system: "ssh-rotation".into(),
                lead: "Four steps that converge.".into(),
                scenarios: vec![cluster::scenario()],
            },
            Chapter {
                system: "iot-firehose".into(),
                lead: "Readings become lines of a data lake; what gives no line goes into quarantine.".into(),
                scenarios: lake::scenarios(),
            },
            Chapter {
                system: "onboarding".into(),
                lead: "Whoever gets an account gets a WorkSpace and a Connect user with it.".into(),
                scenarios: workflows::scenarios(),
            },
            Chapter {
                system: "fhir".into(),
                lead: "A FHIR server without a server.".into(),
                scenarios: served::scenarios(),
            },
        ],
    }
}

/// Zones with a healthy group and two home tables each, two route tables' routes per target.
pub(crate) fn network(zones: usize) -> Network {
    let zones: Vec<Zone> = LETTERS.iter().take(zones).map(|letter| zone(letter)).collect();
    let nat_gateways = vec![NatGateway {
        id: "nat-0f3c5a7d9e1b2468a".into(),
        zone: zones.last().map(|zone| zone.name.clone()),
        state: "available".into(),
    }];
    Network { zones, nat_gateways }
}

/// The same with group a's instance failed and its routes moved to b.
pub(crate) fn moved(before: &Network) -> Network {
    let mut after = before.clone();
    let to = id("b");
    for route in after.zones.iter_mut().flat_map(|z| &mut z.tables).flat_map(|t| &mut t.routes) {
        if route.owner.as_deref() == Some("nat-a") {
            route.target.clone_from(&to);
            route.owner = Some("nat-b".into());
            route.state = RouteState::Active;
        }
    }
    for instance in after.zones[0].groups[0].instances.iter_mut().take(1) {
        instance.health = "Unhealthy".into();
    }
    after.mark_changes(before);
    after
}

fn id(letter: &str) -> String {
    format!("i-0{}4d1e8f2b7c90{letter}6", letter.repeat(2))
}

fn instance(id: &str, lifecycle: &str) -> Instance {
    let state = if lifecycle == "Pending" { "pending" } else { "running" };
    Instance {
        id: id.into(),
        interfaces: vec![id.replace("i-", "eni-")],
        state: state.into(),
        health: "Healthy".into(),
        lifecycle: lifecycle.into(),
    }
}

fn route(destination: &str, target: &str, owner: Option<&str>) -> Route {
    Route {
        destination: destination.into(),
        target: target.into(),
        owner: owner.map(Into::into),
        state: RouteState::Active,
        changed: false,
    }
}

fn table(letter: &str, name: &str, routes: Vec<Route>) -> Table {
    let digits = name.len() + routes.len();
    Table {
        id: format!("rtb-0{letter}7e51c9{digits:02}d4f608"),
        name: format!("{name}-{letter}"),
        home_of: Some(format!("nat-{letter}")),
        edge: false,
        routes,
    }
}

fn zone(letter: &str) -> Zone {
    let (group, id) = (format!("nat-{letter}"), id(letter));
    let owner = Some(group.as_str());
    let local = || route("10.0.0.0/16", "local", None);
    let tables = vec![
        table(letter, "private", vec![local(), route("0.0.0.0/0", &id, owner), route("64:ff9b::/96", &id, owner)]),
        table(letter, "data", vec![local(), route("0.0.0.0/0", &id.replace("i-", "eni-"), owner)]),
    ];
    let groups = vec![Group {
        name: group,
        alarm: AlarmState::Ok,
        fallback: Some("nat-0f3c5a7d9e1b2468a".into()),
        instances: vec![instance(&id, "InService")],
    }];
    Zone { name: format!("eu-central-1{letter}"), groups, tables }
}

fn step(depth: u32, action: &str, resource: &str, at_ms: f64, took_ms: f64) -> Step {
    Step { action: action.into(), resource: resource.into(), at_ms, took_ms, depth, ..Step::default() }
}

fn steps() -> Vec<Step> {
    vec![
        step(1, "DescribeAlarms", "nat-a-squid-down", 0.4, 9.1),
        step(1, "DescribeAutoScalingGroups", "pool main", 0.5, 13.8),
        step(1, "DescribeRouteTables", "vpc-0c2f51d9e8a7b6430", 0.5, 11.2),
        step(2, "DescribeInstances", "3 instances", 14.6, 8.9),
        step(3, "SetInstanceHealth", &id("a"), 23.9, 6.2),
        step(3, "ReplaceRoute", "rtb-0a7e51c910d4f608 0.0.0.0/0", 24.0, 9.3),
        step(3, "ReplaceRoute", "rtb-0a7e51c910d4f608 64:ff9b::/96", 24.1, 11.9),
        step(3, "ReplaceRoute", "rtb-0a7e51c906d4f608 0.0.0.0/0", 24.1, 10.4),
    ]
}

fn event(state: &str) -> serde_json::Value {
    let alarm = json!({
        "AlarmName": "nat-a-squid-down", "AlarmDescription": null, "NewStateValue": state,
        "StateChangeTime": "2026-03-11T14:02:07.412+0000",
        "Trigger": { "Dimensions": [{ "name": "AutoScalingGroupName", "value": "nat-a" }] }
    });
    json!({ "Records": [{
        "EventSource": "aws:sns", "EventVersion": "1.0",
        "Sns": { "Subject": format!("{state}: \"nat-a-squid-down\""), "Message": alarm.to_string(), "Type": "Notification" }
    }]})
}

fn figures(routes: usize, depth: u32, ms: u32) -> Vec<Fact> {
    vec![
        Fact::new("calls one after another", depth),
        Fact::new("routes moved", routes),
        Fact::new("duration", format!("{ms} ms")),
    ]
}

fn fails() -> Scenario {
    let mut before = network(2);
    before.zones[0].groups[0].alarm = AlarmState::Alarm;
    let after = moved(&before);
    Scenario {
        title: "A zone's NAT instance stops answering".into(),
        happened: "Squid on the instance of nat-a died; its alarm went to ALARM and SNS brought the news.".into(),
        event: event("ALARM"),
        did: steps(),
        log: vec![
            r#"{"level":"INFO","message":"alarm confirmed","alarm":"nat-a-squid-down","group":"nat-a"}"#.into(),
            r#"{"level":"INFO","message":"routes moved","from":"nat-a","to":"nat-b","count":3,"alarm_to_last_route_ms":1204}"#.into(),
        ],
        before: Figure::Network(before),
        after: Figure::Network(after),
        outcome: Outcome::Ok("Three routes of two tables now go through nat-b; the instance is marked unhealthy, so that its group replaces it.".into()),
        checks: vec![
            Check::new("Every route that pointed at the failed instance points at a healthy peer", true),
            Check::new("No other route was touched", true),
            Check::new("At most 3 calls one after another", true),
        ],
        figures: figures(3, 3, 36),
    }
}

fn recovers() -> Scenario {
    let mut home = network(3);
    let mut before = moved(&home);
    home.zones[0].groups[0].instances = vec![instance("i-0bb81f6a2c3d4e5f7", "InService")];
    before.zones[0].groups[0].instances = vec![instance("i-0bb81f6a2c3d4e5f7", "Pending:Wait")];
    before.zones[0].groups[0].instances.insert(0, instance(&id("a"), "Terminating:Proceed"));
    before.zones.iter_mut().flat_map(|z| &mut z.tables).flat_map(|t| &mut t.routes).for_each(|r| r.changed = false);
    for route in home.zones.iter_mut().flat_map(|z| &mut z.tables).flat_map(|t| &mut t.routes) {
        if route.owner.as_deref() == Some("nat-a") {
            route.target = "i-0bb81f6a2c3d4e5f7".into();
        }
    }
    home.mark_changes(&before);
    let mut did = steps();
    did.truncate(4);
    did.push(step(3, "CompleteLifecycleAction", "nat-a launch-hook", 24.0, 5.0));
    did.extend((0..3).map(|i| step(4, "ReplaceRoute", &format!("rtb-{i}"), 30.0 + f64::from(i), 9.0)));
    Scenario {
        title: "The replacement is healthy: the routes come home".into(),
        happened: "Auto Scaling launched a replacement; its alarm went to OK while the launch hook still held it."
            .into(),
        event: event("OK"),
        did,
        before: Figure::Network(before),
        after: Figure::Network(home),
        outcome: Outcome::Ok("The launch hook is completed and nat-a's home tables point at the new instance.".into()),
        checks: vec![Check::new("The launch lifecycle action is completed once", true)],
        figures: figures(3, 4, 41),
        ..Scenario::default()
    }
}

fn no_peer() -> Scenario {
    let mut before = network(2);
    before.nat_gateways.clear();
    for group in before.zones.iter_mut().flat_map(|z| &mut z.groups) {
        (group.alarm, group.fallback) = (AlarmState::Alarm, None);
    }
    before.zones[0].groups[0].instances[0].state = "stopped".into();
    before.zones[0].groups[0].instances[0].health = "Unhealthy".into();
    for route in before.zones[0].tables.iter_mut().flat_map(|t| &mut t.routes).filter(|r| r.target != "local") {
        route.state = RouteState::Blackhole;
    }
    let mut did = steps();
    did.truncate(4);
    did.push(Step { error: Some("Throttling".into()), ..step(3, "SetInstanceHealth", &id("a"), 24.0, 6.0) });
    did.push(step(3, "Publish", "arn:aws:sns:eu-central-1:123456789012:nat-failover-notifications", 24.0, 4.0));
    Scenario {
        title: "No healthy peer and no NAT gateway".into(),
        happened: "Both instances fail within a minute, and the pool names no NAT gateway.".into(),
        event: event("ALARM"),
        did,
        log: vec![r#"{"level":"ERROR","message":"no healthy peer","group":"nat-a"}"#.into()],
        after: Figure::Network(before.clone()),
        before: Figure::Network(before),
        outcome: Outcome::Failed("NoHealthyPeer: nothing was moved; Lambda will retry.".into()),
        checks: vec![Check::new("Nothing was moved", true), Check::new("The notification was sent", false)],
        figures: figures(0, 3, 30),
    }
}

/// The picture at its fullest: long names and ids, six tables of eight routes, chains, an edge table, a blackhole.
pub(crate) fn crowded(zones: usize) -> Scenario {
    let mut before = network(zones);
    before.nat_gateways.push(NatGateway { id: "nat-0regional9e1b2468a".into(), zone: None, state: "pending".into() });
    for (i, table) in before.zones.iter_mut().flat_map(|z| &mut z.tables).enumerate() {
        let (id, owner) = (table.routes[1].target.clone(), table.routes[1].owner.clone());
        for n in table.routes.len()..8 {
            let destination = match n {
                5 => "2001:db8:1234:1a00::/56".into(),
                6 => "pl-0123456789abcdef0".into(),
                _ => format!("192.168.{}.128/25", 100 + i * 8 + n),
            };
            table.routes.push(route(&destination, &id, owner.as_deref()));
        }
        table.routes[7].target = "nat-0f3c5a7d9e1b2468a".into();
        table.routes[7].owner = None;
    }
    before.zones.iter_mut().skip(2).for_each(|zone| zone.tables.truncate(1));
    let edge = &mut before.zones[1].tables[1];
    (edge.name, edge.edge, edge.home_of) = ("internet-gateway-ingress-inspection".into(), true, None);
    edge.routes[3].state = RouteState::Blackhole;
    edge.routes[3].target = "eni-0dead567890abcdef".into();
    before.zones[0].groups[0].alarm = AlarmState::Alarm;
    before.zones[0].groups[0].name = "production-nat-eu-central-1a-blue".into();
    before.zones[1].groups[0].instances.push(instance("i-0ccc1f6a2c3d4e5f7", "Pending:Wait"));
    let after = moved(&before);
    let many = (0..200).map(|n| step(3, "ReplaceRoute", &format!("rtb-{n:03}"), 24.0 + f64::from(n), 50.0));
    Scenario {
        title: "Two hundred routes, every call 50 ms slower, a throttled one among them".into(),
        happened: "The same failure in a network of many tables, whose API is slow and throttles.".into(),
        event: event("ALARM"),
        did: steps().into_iter().take(4).chain(many).collect(),
        before: Figure::Network(before),
        after: Figure::Network(after),
        outcome: Outcome::Ok("All routes moved.".into()),
        checks: vec![Check::new("Under 3 s", true)],
        figures: figures(200, 3, 273),
        ..Scenario::default()
    }
}

fn repeated() -> Scenario {
    Scenario {
        title: "The same event again".into(),
        happened: "SNS delivers the alarm a second time.".into(),
        checks: vec![Check::new("A replay makes no mutating call", true)],
        before: Figure::Network(moved(&network(2))),
        after: Figure::Network(moved(&network(2))),
        outcome: Outcome::Ok("Nothing left to do.".into()),
        ..fails()
    }
}
