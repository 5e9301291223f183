//! A server, made up.

use report::{Check, Fact, Figure, Held, Outcome, Request, Scenario, Served};

/// What clients asked of it.
pub(crate) fn scenarios() -> Vec<Scenario> {
    let before = Served { requests: vec![], held: vec![held("Patient", 1), held("index rows", 12)] };
    vec![Scenario {
        title: "A Bundle goes in whole".into(),
        happened: "A clinic posts a visit; then the network fails, and somebody asks for what is not there.".into(),
        before: Figure::Served(before),
        after: Figure::Served(served()),
        outcome: Outcome::Ok("200".into()),
        checks: vec![Check::new("All of it is there, or nothing", true)],
        figures: vec![Fact::new("peak memory", "14 MB")],
        ..Scenario::default()
    }]
}

pub(crate) fn served() -> Served {
    let request = |times, asked: &str, status, answered: &str| Request {
        times,
        asked: asked.into(),
        status,
        answered: answered.into(),
        calls: 9 * times,
        depth: 4,
        took_ms: 41.5,
    };
    Served {
        requests: vec![
            request(1, "POST a transaction of 9", 200, "9 created"),
            request(100, "POST Patient, If-None-Exist", 200, "the one that is there"),
            request(1, "GET Patient/nobody", 404, "there is no Patient/nobody"),
            request(1, "POST a transaction of 150", 502, "the function died"),
        ],
        held: vec![held("Patient", 2), held("Observation", 8), held("index rows", 130)],
    }
}

fn held(name: &str, count: usize) -> Held {
    Held { name: name.into(), count }
}
