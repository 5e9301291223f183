//! A made-up batch of log events, and the executions of its users.

use report::{
    Check, Decision, Execution, Fact, Figure, Lane, LaneOutcome, Outcome, Scenario, Service, Status, Step, Try, User,
    Workflows,
};
use serde_json::json;

pub(crate) fn scenarios() -> Vec<Scenario> {
    let again = Workflows {
        users: [("anna.mueller", 12.0), ("bruno.keller", 12.5)].map(|(who, _)| before(who)).into(),
        services: batch().services,
    };
    vec![
        scenario("Seven users at once, and what else a domain controller logs", &there(), batch()),
        scenario("The same events again", &batch(), again),
    ]
}

fn scenario(title: &str, before: &Workflows, after: Workflows) -> Scenario {
    Scenario {
        title: title.into(),
        happened: "A batch of the directory's security log comes.".into(),
        event: json!(null),
        did: (0..4).map(refused).chain([Step { depth: 5, ..start(4.0) }]).collect(),
        before: Figure::Workflows(before.clone()),
        after: Figure::Workflows(after),
        outcome: Outcome::Ok("6 started, 2 skipped, 1 malformed".into()),
        checks: vec![Check::new("each new user has exactly one execution", true)],
        figures: vec![Fact::new("executions started", 6)],
        ..Scenario::default()
    }
}

fn start(at: f64) -> Step {
    let (action, resource) = ("StartExecution".into(), "anna".into());
    Step { action, resource, at_ms: at * 90.0, took_ms: 20.0, depth: 1, ..Step::default() }
}

/// Tried again, one after another.
fn refused(n: u32) -> Step {
    Step { depth: n + 1, error: Some("ServiceUnavailableException".into()), ..start(f64::from(n)) }
}

/// Who was there before.
pub(crate) fn there() -> Workflows {
    Workflows { users: vec![], services: services(&["bruno.keller"], &[]) }
}

fn services(workspaces: &[&str], connect: &[&str]) -> Vec<Service> {
    let service = |name: &str, users: &[&str]| Service {
        name: name.into(),
        users: users.iter().map(|user| (*user).to_owned()).collect(),
    };
    vec![service("WorkSpaces", workspaces), service("Connect", connect)]
}

/// Every sort of an end.
pub(crate) fn batch() -> Workflows {
    use LaneOutcome::{AlreadyThere, Created, Failed};
    let (throttled, gone) = (Some("Throttled"), Some("ServiceUnavailable"));
    let quota = "FailedWorkSpaceCreationException";
    let skipped = |who: &str, why: &str| without(who, Decision::Skipped(why.into()));
    let users = vec![
        user("anna.mueller", &[(40.0, None)], Created, &[(52.0, None)], Created),
        user("bruno.keller", &[(48.0, Some("WorkSpaceResourceExists"))], AlreadyThere, &[(1_080.0, None)], Created),
        user(
            "carla.nowak",
            &[(61.0, Some("UserNotReplicated")), (5_120.0, Some("UserNotReplicated")), (12_700.0, None)],
            Created,
            &[(2_110.0, throttled), (3_400.0, throttled), (7_980.0, None)],
            Created,
        ),
        skipped("PC-0042$", "machine account"),
        user("dėja.žukauskaitė", &[(70.0, Some(quota))], Failed(quota.into()), &[(3_150.0, None)], Created),
        without("event 38214…0017", Decision::Malformed("Event.EventData has no TargetSid".into())),
        skipped("localadmin", "local account"),
        user(
            "S-1-5-21-3623811015-3361044348-30300820-1613",
            &[(82.0, gone), (5_100.0, gone), (15_300.0, None)],
            Created,
            &[(4_200.0, Some("DuplicateResourceException"))],
            AlreadyThere,
        ),
        user(
            "emil.oyelaran",
            &[(90.0, None)],
            Created,
            &[(5_230.0, gone), (8_000.0, gone), (13_100.0, throttled), (17_200.0, gone)],
            Failed("ServiceUnavailable".into()),
        ),
        without("fatima.haddad", Decision::NotStarted("ServiceUnavailableException".into())),
    ];
    let workspaces = ["bruno.keller", "anna.mueller", "carla.nowak", "S-1-5-21-3623811015-3361044348-30300820-1613"];
    let workspaces = [workspaces.as_slice(), &["emil.oyelaran"]].concat();
    Workflows { users, services: services(&workspaces, &["anna.mueller", "bruno.keller", "carla.nowak", "dėja"]) }
}

fn without(who: &str, decision: Decision) -> User {
    User { who: who.into(), decision, executions: vec![] }
}

fn before(who: &str) -> User {
    without(who, Decision::AlreadyStarted)
}

type Tries<'a> = &'a [(f64, Option<&'a str>)];

fn user(who: &str, workspace: Tries<'_>, made: LaneOutcome, connect: Tries<'_>, user: LaneOutcome) -> User {
    let tries = |tries: Tries<'_>| tries.iter().map(|(at_ms, error)| Try::new(*at_ms, 260.0, *error)).collect();
    let lanes = vec![
        Lane { service: "WorkSpaces".into(), tries: tries(workspace), outcome: made },
        Lane { service: "Connect".into(), tries: tries(connect), outcome: user },
    ];
    let failed = lanes.iter().any(|lane| matches!(lane.outcome, LaneOutcome::Failed(_)));
    let ends = lanes.iter().flat_map(|lane| lane.tries.iter().map(|one| one.at_ms + one.took_ms));
    let end = ends.fold(0.0, f64::max) + 5.0;
    let execution = Execution {
        name: "S-1-5-21-3623811015-3361044348-30300820-1613".into(),
        status: if failed { Status::Failed } else { Status::Succeeded },
        at_ms: 30.0,
        took_ms: end - 30.0 + if failed { 45.0 } else { 0.0 },
        lanes,
        notify: if failed { vec![Try::new(end, 40.0, None)] } else { vec![] },
    };
    User { who: who.into(), decision: Decision::Started, executions: vec![execution] }
}
