//! One scenario, from what happened to which promises held.

use maud::{Markup, html};
use serde_json::Value;

use super::{answer, cluster, facts, lake, mark, network, served, timeline, workflows};
use crate::model::{Check, Figure, Outcome, Scenario};

pub(super) fn section(anchor: &str, number: usize, scenario: &Scenario) -> Markup {
    html! {
        section.scenario aria-labelledby=(anchor) {
            h3 id=(anchor) { span.number { (number) } (scenario.title) }
            p.happened { (scenario.happened) }
            (figures(&scenario.before, &scenario.after))
            h4 { "What the function did" }
            (timeline::chart(&scenario.did))
            p.answer.failed[matches!(scenario.outcome, Outcome::Failed(_))] {
                b { "Its answer. " } (answer(&scenario.outcome))
            }
            @if !scenario.figures.is_empty() { (facts(&scenario.figures, "numbers small")) }
            h4 { "Promises" }
            (checks(&scenario.checks))
            (details(scenario))
        }
    }
}

fn figures(before: &Figure, after: &Figure) -> Markup {
    match (before, after) {
        (Figure::Network(before), Figure::Network(after)) => network::pair(before, after),
        (_, Figure::Network(only)) => network::pair(only, only),
        // It begins with the moment before.
        (_, Figure::Cluster(moments)) => cluster::figure(moments),
        (Figure::Lake(before), Figure::Lake(after)) => lake::figure(Some(before), after),
        (_, Figure::Lake(after)) => lake::figure(None, after),
        (Figure::Workflows(before), Figure::Workflows(after)) => workflows::figure(Some(before), after),
        (_, Figure::Workflows(after)) => workflows::figure(None, after),
        (Figure::Served(before), Figure::Served(after)) => served::figure(Some(before), after),
        (_, Figure::Served(after)) => served::figure(None, after),
    }
}

fn checks(checks: &[Check]) -> Markup {
    html! {
        ul.checks {
            @for check in checks { li.broken[!check.held] { (mark(check.held)) span { (check.promise) } } }
            @if checks.is_empty() { li.broken { (mark(false)) span { "Nothing was checked." } } }
        }
    }
}

fn details(scenario: &Scenario) -> Markup {
    html! {
        div.more {
            @if !scenario.event.is_null() {
                details {
                    summary { "The event" }
                    (json(&scenario.event))
                    @for message in messages(&scenario.event) {
                        p.note { "The message inside, unwrapped:" }
                        (json(&message))
                    }
                }
            }
            @if !scenario.log.is_empty() {
                details {
                    summary { "Log lines worth reading" }
                    pre tabindex="0" { code { @for line in &scenario.log { (line) "\n" } } }
                }
            }
            @if !scenario.did.is_empty() { (timeline::every_call(&scenario.did)) }
        }
    }
}

fn json(value: &Value) -> Markup {
    // The alternate form of a Value's Display is the pretty one and can't fail.
    html! { pre tabindex="0" { code { (format!("{value:#}")) } } }
}

/// JSON documents that the event carries as strings, as SNS does.
fn messages(event: &Value) -> Vec<Value> {
    match event {
        Value::String(text) if text.starts_with('{') => serde_json::from_str(text).into_iter().collect(),
        Value::Array(items) => items.iter().flat_map(messages).collect(),
        Value::Object(fields) => fields.values().flat_map(messages).collect(),
        _ => Vec::new(),
    }
}
