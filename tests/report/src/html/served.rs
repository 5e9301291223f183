//! A server's requests with their answers, and what it holds, before and now.

use maud::{Markup, html};

use super::icons;
use crate::network::Condition;
use crate::served::{End, Request, Served};
use crate::text::{duration, visible};

pub(super) fn figure(before: Option<&Served>, after: &Served) -> Markup {
    html! {
        figure.served {
            figcaption { "What clients asked, and what they were answered" }
            @if after.requests.is_empty() { p.none { "Nothing yet." } } @else { (requests(after)) }
            (stocks(before, after))
        }
    }
}

fn requests(served: &Served) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Requests" {
            table {
                thead { tr { th { "request" } th { "status" } th { "answer" } th.n { "calls" } th.n { "one after another" } th.n { "took" } } }
                tbody { @for request in &served.requests { (row(request)) } }
            }
        }
    }
}

fn row(request: &Request) -> Markup {
    let (class, sign) = match request.end() {
        End::Done => ("done", Condition::Healthy),
        End::Refused => ("refused", Condition::Leaving),
        End::Failed => ("failed", Condition::Failed),
    };
    html! {
        tr.request {
            td.asked { code { (visible(&request.words())) } }
            td.status.(class) { (icons::alone(&icons::condition(sign))) b { (request.status) } }
            td.answered { (visible(&request.answered)) }
            td.n { (request.calls) } td.n { (request.depth) } td.n { (duration(request.took_ms)) }
        }
    }
}

fn stocks(before: Option<&Served>, after: &Served) -> Markup {
    let stocks = after.stocks(before);
    if stocks.is_empty() {
        return html! { p.none { "Nothing is stored." } };
    }
    html! {
        div.scroll tabindex="0" role="region" aria-label="What the store holds" {
            table.stocks {
                caption { "What the store holds" }
                thead { tr { th {} th.n { "before" } th.n { "now" } } }
                tbody {
                    @for stock in stocks {
                        tr.grown[stock.now != stock.before] {
                            th scope="row" { (visible(stock.name)) } td.n { (stock.before) } td.n { (stock.now) }
                        }
                    }
                }
            }
        }
    }
}
