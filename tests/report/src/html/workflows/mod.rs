//! Each user, and the ways of each execution along a time that all share.

mod draw;
mod tables;

use maud::{Markup, html};

use super::icons;
use crate::text::{fit, visible};
use crate::workflows::way::{Axis, End, brief};
use crate::workflows::{Decision, Execution, Status, User, Workflows};

/// Users to draw, at most; the tables have all of them.
const MOST: usize = 200;

pub(super) fn figure(before: Option<&Workflows>, after: &Workflows) -> Markup {
    let axis = Axis::of(after);
    html! {
        figure.workflows {
            figcaption { "What came of each log event" }
            @if let Some(before) = before { p.then { b { "Before: " } (visible(&before.sentence())) } }
            (tables::totals(after))
            ol.people {
                @for user in after.users.iter().take(MOST) { (self::user(user, axis)) }
                @if let Some(axis) = axis { li.times aria-hidden="true" { div.ways { div.way { (draw::axis(axis)) } } } }
            }
            @if after.users.len() > MOST { p.none { "And " (after.users.len() - MOST) " more." } }
            @if axis.is_some() { (key(after)) }
            (tables::stocks(before, after))
            @if axis.is_some() { (tables::every_try(after)) }
        }
    }
}

fn user(user: &User, axis: Option<Axis>) -> Markup {
    let (word, why) = user.decision.words();
    let who = visible(&user.who);
    let drawn = axis.filter(|_| !user.executions.is_empty());
    html! {
        li.user.apart[drawn.is_none()] {
            div.who title=(who) { bdi { (fit(&who, 19)) } }
            @if let Some(axis) = drawn {
                // That it was started is plain to see.
                @if user.decision != Decision::Started { (decision(&user.decision, word, why)) }
                @for execution in &user.executions { (self::execution(execution, axis)) }
            } @else {
                (decision(&user.decision, word, why))
            }
        }
    }
}

fn decision(decision: &Decision, word: &str, why: &str) -> Markup {
    html! {
        p class={ "decision " (tone(decision)) } {
            (icons::alone(&icons::decision(decision))) b { (word) }
            @if !why.is_empty() { ": " (visible(why)) }
        }
    }
}

/// What was not started may be started yet; what can't be read is to be looked at.
fn tone(decision: &Decision) -> &'static str {
    match decision {
        Decision::NotStarted(_) => "ill",
        Decision::Malformed(_) => "odd",
        Decision::Started | Decision::AlreadyStarted | Decision::Skipped(_) => "well",
    }
}

fn execution(execution: &Execution, axis: Axis) -> Markup {
    let status = execution.status;
    html! {
        div.ways { @for (n, way) in execution.ways().iter().enumerate() { (draw::way(way, n == 0, axis)) } }
        p class={ "end " (class(status.end())) } title=(visible(&execution.name)) {
            (icons::alone(&icons::end(status.end()))) b { (status.word()) }
            @if status != Status::Running { " " span.ms { (brief(execution.took_ms)) } }
        }
    }
}

fn class(end: End) -> &'static str {
    match end {
        End::Made => "made",
        End::There => "there",
        End::Failed => "failed",
        End::Running => "running",
    }
}

/// Only what the words beside the signs don't say.
fn key(workflows: &Workflows) -> Markup {
    let ways = || workflows.users.iter().flat_map(|user| &user.executions).flat_map(Execution::ways);
    html! {
        p.key aria-hidden="true" {
            span { (draw::sample_try()) "a try" }
            @if ways().any(|way| !way.retried().is_empty()) {
                span { (draw::sample_failed()) "a try that failed" }
                span { (draw::sample_wait()) "waiting" }
            }
        }
    }
}
