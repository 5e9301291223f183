//! Tells what was done: a message to people, metrics, and the answer or the error.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};
use shared::metrics::{Metrics, Unit};

use crate::carry_out::{Outcome, Step};
use crate::error::NatError;
use crate::plan::{Cause, Plan};

/// A message for the notification topic, if there is anything to say: a change, or a route that can't move.
#[must_use]
pub fn message(pool: &str, plan: &Plan, outcome: &Outcome) -> Option<(String, String)> {
    if outcome.done.is_empty() && outcome.failed.is_empty() && outcome.left.is_empty() && plan.stranded.is_empty() {
        return None;
    }
    let group = &plan.group;
    let subject = match (plan.no_healthy_peer(), plan.cause) {
        (true, _) => format!("NAT pool {pool}: no healthy peer for {group}"),
        (false, Cause::Failover) => format!("NAT pool {pool}: {group} failed"),
        (false, Cause::Failback) => format!("NAT pool {pool}: {group} is back"),
        (false, Cause::Drain) => format!("NAT pool {pool}: an instance of {group} leaves"),
    };
    let mut text = String::new();
    section(&mut text, "Done", outcome.done.iter());
    section(&mut text, "Failed", outcome.failed.iter().map(|(step, error)| format!("{step} ({error})")));
    section(&mut text, "Not done before the deadline", outcome.left.iter());
    section(
        &mut text,
        "Can't move",
        plan.stranded.iter().map(|route| format!("{} {}: {}", route.table, route.destination, route.why)),
    );
    Some((subject, text))
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item: std::fmt::Display>) {
    for (index, line) in lines.enumerate() {
        let heading = if index == 0 { format!("{title}:\n") } else { String::new() };
        let _ = writeln!(text, "{heading}- {line}"); // writing to a String cannot fail
    }
}

/// The invocation's metrics, under the pool.
#[must_use]
pub fn metrics(pool: &str, plan: &Plan, outcome: &Outcome) -> Metrics {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let not_done = outcome.failed.iter().map(|(step, _)| step).chain(&outcome.left);
    let routes_not_done = not_done.filter(|step| matches!(step, Step::Change(_))).count();
    let metrics = Metrics::new("NatFailover")
        .dimension("Pool", pool)
        .value("RoutesMoved", Unit::Count, count(outcome.changes().count()))
        .value("RoutesNotMoved", Unit::Count, count(routes_not_done + plan.stranded.len()))
        .value("NoHealthyPeer", Unit::Count, u64::from(plan.no_healthy_peer()));
    match (plan.since, outcome.last_change) {
        (Some(since), Some(last)) if plan.cause == Cause::Failover => {
            metrics.value("TimeToLastRoute", Unit::Milliseconds, u64::try_from(last - since).unwrap_or(0))
        }
        _ => metrics,
    }
}

/// What failed, a line for each reason: a hundred routes are mostly refused for the same one.
fn by_reason(outcome: &Outcome) -> Vec<String> {
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (step, error) in &outcome.failed {
        reasons.entry(error.to_string()).or_default().push(step.to_string());
    }
    reasons.into_iter().map(|(reason, steps)| format!("{}: {reason}", few(steps).join(", "))).collect()
}

/// The first of them, and how many more there are. The log has a line for each.
fn few(mut all: Vec<String>) -> Vec<String> {
    const NAMED: usize = 20;
    let more = all.len().saturating_sub(NAMED);
    all.truncate(NAMED);
    if more > 0 {
        all.push(format!("{more} more"));
    }
    all
}

/// The answer to the invoker.
pub fn answer(plan: &Plan, outcome: &Outcome) -> Result<Value, NatError> {
    if !outcome.failed.is_empty() || !outcome.left.is_empty() {
        return Err(NatError::Incomplete {
            done: outcome.done.len(),
            failed: by_reason(outcome),
            left: few(outcome.left.iter().map(ToString::to_string).collect()),
        });
    }
    if plan.no_healthy_peer() {
        return Err(NatError::NoHealthyPeer { group: plan.group.clone(), left: plan.stranded.len() });
    }
    if let Some(why) = &plan.not_ready {
        return Err(NatError::NotReady(why.clone()));
    }
    let did = if outcome.done.is_empty() { "nothing" } else { "changed" };
    Ok(json!({
        "did": did,
        "cause": plan.cause.to_string(),
        "group": plan.group,
        "routesMoved": outcome.changes().count(),
        "stranded": plan.stranded.len(),
    }))
}
