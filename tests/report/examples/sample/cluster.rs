//! A made-up rotation: one node is replaced by another host on the way.

use report::{Check, Cluster, Fact, Figure, Line, Login, Moment, Outcome, Scenario, Step};

pub(crate) fn scenario() -> Scenario {
    Scenario {
        title: "An impostor answers for node-2".into(),
        happened: "After setSecret another host takes node-2's address.".into(),
        did: steps(),
        log: vec!["WARN no login  node=node-2".into()],
        before: Figure::Cluster(Cluster { moments: vec![moment("before")], ..cluster() }),
        after: Figure::Cluster(cluster()),
        outcome: Outcome::Failed("NodesFailed: testSecret: 1 of 3 node(s) failed".into()),
        checks: vec![Check::new("AWSCURRENT is the old key", true)],
        figures: vec![Fact::new("peak memory", "17.4 MB")],
        ..Scenario::default()
    }
}

pub(crate) fn cluster() -> Cluster {
    Cluster {
        nodes: ["node-1", "node-2", "node-3"].map(Into::into).into(),
        keys: vec!["old key".into(), "new key".into()],
        file_of: "node-1".into(),
        moments: ["before", "createSecret", "setSecret", "testSecret", "finishSecret"].map(moment).into(),
    }
}

fn moment(name: &str) -> Moment {
    use Login::{In, Nothing, OtherHost, Refused};
    let (old, new) = match name {
        "before" => (In, Nothing),
        "createSecret" => (In, Refused),
        "finishSecret" => (Refused, In),
        _ => (In, In),
    };
    let other = |login| if name == "testSecret" { OtherHost } else { login };
    let key =
        |key: &str| Line { text: format!("ssh-ed25519 AAAA…{} ssh-rotation:…", &key[..3]), key: Some(key.into()) };
    let mine =
        Line { text: "from=\"10.0.0.0/8\",no-agent-forwarding ssh-ed25519 AAAA…Sqti me@home".into(), key: None };
    let lines = [mine].into_iter();
    let lines = lines.chain((old == In).then(|| key("old key"))).chain((new == In).then(|| key("new key")));
    let current = if name == "finishSecret" { "new key" } else { "old key" };
    Moment {
        name: name.into(),
        logins: vec![vec![old, other(old), old], vec![new, other(new), new]],
        current: Some(current.into()),
        client: ["before", "setSecret", "finishSecret"].contains(&name).then(|| current.into()),
        lines: lines.collect(),
    }
}

fn steps() -> Vec<Step> {
    let calls = [
        ("createSecret", "DescribeSecret", 1, 0.0),
        ("createSecret", "GetSecretValue", 2, 4.0),
        ("createSecret", "PutSecretValue", 3, 9.0),
        ("setSecret", "SendCommand", 4, 14.0),
        ("setSecret", "ListCommandInvocations", 5, 214.0),
        ("setSecret", "ListCommandInvocations", 6, 514.0),
        ("testSecret", "DescribeSecret", 7, 530.0),
    ];
    let step = |(part, action, depth, at_ms): (&str, &str, u32, f64)| Step {
        part: part.into(),
        action: action.into(),
        resource: "/dev/ssh".into(),
        depth,
        at_ms,
        took_ms: 4.0,
        error: None,
    };
    calls.into_iter().map(step).collect()
}
