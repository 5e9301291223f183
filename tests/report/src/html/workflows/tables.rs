//! The numbers, and what the picture has no room for.

use maud::{Markup, html};

use super::super::icons;
use crate::text::visible;
use crate::workflows::way::{End, Way, brief};
use crate::workflows::{Decision, Try, User, Workflows};

pub(super) fn totals(workflows: &Workflows) -> Markup {
    let totals = workflows.totals();
    let some = |class: &str, icon: Option<Markup>, n: usize, what: &str| {
        html! { div class={ (class) @if n == 0 { " zero" } } { dt { (what) } dd { @if let Some(icon) = icon { (icons::alone(&icon)) } (n) } } }
    };
    let rare = |class: &str, icon: Markup, n: usize, what: &str| {
        html! { @if n > 0 { (some(class, Some(icon), n, what)) } }
    };
    let of = |decision: &Decision| icons::decision(decision);
    html! {
        dl.numbers.small.totals {
            (some("events", None, totals.events, "log events"))
            (some("users", None, totals.users, "users"))
            (some("started", None, totals.started, "executions started"))
            (rare("again", of(&Decision::AlreadyStarted), totals.already_started, "already started"))
            (rare("ill", of(&Decision::NotStarted(String::new())), totals.not_started, "not started"))
            (some("made", Some(icons::end(End::Made)), totals.succeeded, "succeeded"))
            (some("failed", Some(icons::end(End::Failed)), totals.failed, "failed"))
            (rare("running", icons::end(End::Running), totals.running, "running"))
            (some("skipped", Some(of(&Decision::Skipped(String::new()))), totals.skipped, "skipped"))
            (rare("odd", of(&Decision::Malformed(String::new())), totals.malformed, "malformed"))
        }
    }
}

/// What each service held before, what the executions say of it, and what it holds now.
pub(super) fn stocks(before: Option<&Workflows>, after: &Workflows) -> Markup {
    let stocks = after.stocks(before);
    let number = |n: Option<usize>| n.map_or_else(|| "–".to_owned(), |n| n.to_string());
    if stocks.is_empty() {
        return html! {};
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="Users in each service" {
            table.stocks {
                caption { "Users in each service" }
                thead { tr {
                    th {} th.n { "before" } th.n { "created" } th.n { "now" } th.n { "already there" } th.n { "failed" }
                } }
                tbody {
                    @for stock in stocks {
                        tr {
                            th scope="row" { (visible(stock.service)) }
                            td.n { (number(stock.before)) } td.n { "+ " (stock.created) }
                            td.n { @if stock.adds_up() { "= " } @else { span.error { "≠ " } } (number(stock.now)) }
                            td.n { (stock.already_there) } td.n { (stock.failed) }
                        }
                    }
                }
            }
        }
    }
}

/// Every try in a table, for those who want the bare facts.
pub(super) fn every_try(workflows: &Workflows) -> Markup {
    html! {
        details.words {
            summary { "Every try" }
            div.scroll tabindex="0" role="region" aria-label="Every try" {
                table {
                    thead { tr { th { "user" } th { "execution" } th { "branch" } th.n { "at" } th.n { "took" } th { "outcome" } } }
                    tbody { @for user in &workflows.users { (tries(user)) } }
                }
            }
        }
    }
}

fn tries(user: &User) -> Markup {
    let row = |name: &str, way: &Way<'_>, one: &Try| {
        html! {
            tr {
                td { bdi { (visible(&user.who)) } } td.id { (visible(name)) } td { (visible(way.name)) }
                td.n { (brief(one.at_ms)) } td.n { (brief(one.took_ms)) }
                td { @match &one.error { Some(error) => (visible(error)), None => "ok" } }
            }
        }
    };
    html! {
        @for execution in &user.executions {
            @for way in execution.ways() { @for one in way.tries { (row(&execution.name, &way, one)) } }
        }
    }
}
