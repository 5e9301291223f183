//! The calls on a time axis, by depth: what ran in parallel stands under one another, what waited stands to the right.

use maud::{Markup, html};

use crate::bursts::{Burst, bursts, end};
use crate::model::Step;
use crate::text::{count, duration};

/// Bars under one another in a row, at most: more calls than that share the lines.
const LANES: usize = 24;

pub(super) fn chart(steps: &[Step]) -> Markup {
    if steps.is_empty() {
        return html! { p.none { "It made no call." } };
    }
    let whole = end(steps).max(0.001);
    let depth = steps.iter().map(|step| step.depth).max().unwrap_or(0);
    let summary = format!("{}, {depth} one after another, {}", count(steps.len(), "call"), duration(whole));
    let (mut last, mut part) = (0, "");
    html! {
        p.summary { (summary) }
        ol.chart {
            @for burst in bursts(steps) {
                @let first = std::mem::replace(&mut last, burst.depth) != burst.depth;
                @if std::mem::replace(&mut part, burst.part) != burst.part { li.part { b { (burst.part) } } }
                (row(&burst, first, whole))
            }
        }
        (axis(whole))
    }
}

fn row(burst: &Burst<'_>, first: bool, whole: f64) -> Markup {
    let lanes = burst.calls.len().min(LANES);
    let height = if lanes == 1 { "10px".to_owned() } else { format!("{}px", (lanes * 6).min(96)) };
    let took = duration(burst.end() - burst.start());
    // Near the end of the track there is room only before the bars.
    let early = burst.end() < whole * 0.8;
    let place = if early { at("left", burst.end(), whole) } else { at("right", whole - burst.start(), whole) };
    html! {
        li.first[first].failed[burst.error.is_some()] {
            span.depth aria-label={ "step " (burst.depth) } { @if first { (burst.depth) } }
            div.call {
                b { (burst.name()) }
                @if let Some(error) = burst.error { span.error { "✗ " (error) } }
                small title=(burst.resources()) { (burst.resources()) }
            }
            div.track {
                div.bars aria-hidden="true" style={ "height:" (height) } {
                    @for (n, call) in burst.calls.iter().enumerate() { (bar(call, n % lanes, lanes, whole)) }
                }
                span.took style=(place) { (took) }
            }
        }
    }
}

fn bar(call: &Step, lane: usize, lanes: usize, whole: f64) -> Markup {
    let place = format!(
        "{};width:{};top:calc(100% * {lane} / {lanes});height:calc(100% / {lanes} - 1px)",
        at("left", call.at_ms, whole),
        percent(call.took_ms, whole),
    );
    html! { i style=(place) title={ (call.resource) ", " (duration(call.took_ms)) } {} }
}

fn at(side: &str, ms: f64, whole: f64) -> String {
    format!("{side}:{}", percent(ms, whole))
}

fn percent(ms: f64, whole: f64) -> String {
    format!("{:.2}%", ms * 100.0 / whole)
}

/// Four to eight ticks at a round distance.
fn axis(whole: f64) -> Markup {
    let mut tick = 0.01;
    for factor in [2.0, 2.5, 2.0].into_iter().cycle() {
        if whole / tick <= 8.0 {
            break;
        }
        tick *= factor;
    }
    let ticks = std::iter::successors(Some(0.0), |ms| Some(ms + tick)).take_while(|ms| *ms < whole * 0.97);
    html! {
        div.axis aria-hidden="true" {
            div { @for ms in ticks { span style=(at("left", ms, whole)) { (duration(ms).replace(".0 ", " ")) } } }
        }
    }
}

/// Every call in a table, for those who want the bare facts.
pub(super) fn every_call(steps: &[Step]) -> Markup {
    let parted = steps.iter().any(|step| !step.part.is_empty());
    html! {
        details {
            summary { "Every call" }
            div.scroll tabindex="0" role="region" aria-label="Every call" {
                table {
                    thead { tr { th.n { "at" } th.n { "took" } th.n { "step" } @if parted { th { "part" } } th { "action" } th { "resource" } th { "outcome" } } }
                    tbody {
                        @for step in steps {
                            tr {
                                td.n { (duration(step.at_ms)) } td.n { (duration(step.took_ms)) } td.n { (step.depth) }
                                @if parted { td { (step.part) } }
                                td { (step.action) } td.id { (step.resource) }
                                td { @match &step.error { Some(error) => span.error { "✗ " (error) }, None => "ok" } }
                            }
                        }
                    }
                }
            }
        }
    }
}
