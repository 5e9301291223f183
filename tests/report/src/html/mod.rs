//! The page: one file, no network, no script. Maud escapes every text.

mod cluster;
mod icons;
mod lake;
mod network;
mod scenario;
mod served;
mod timeline;
mod workflows;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::model::{Chapter, Fact, Outcome, Report, Scenario};
use crate::text::count;

const STYLE: &str = concat!(
    include_str!("page.css"),
    include_str!("network.css"),
    include_str!("cluster.css"),
    include_str!("lake.css"),
    include_str!("workflows.css"),
    include_str!("served.css")
);

pub(crate) fn page(report: &Report) -> String {
    // Nothing may be loaded and nothing may run: an escape that failed would still do no harm.
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (report.title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { (head(report)) }
                nav aria-label="Contents" { (contents(report)) }
                main {
                    @for (c, chapter) in report.chapters.iter().enumerate() { (self::chapter(c, chapter)) }
                }
            }
        }
    };
    page.into_string()
}

fn head(report: &Report) -> Markup {
    let (held, all) = report.promises();
    let verdict = match all - held {
        _ if report.all_held() => "Every promise held".to_owned(),
        0 => "Something was not checked".to_owned(),
        broken => format!("{} did not hold", count(broken, "promise")),
    };
    let calls: usize = report.scenarios().map(|scenario| scenario.did.len()).sum();
    let depth = report.scenarios().map(Scenario::depth).max().unwrap_or(0);
    let numbers = [
        Fact::new("scenarios", report.scenarios().count()),
        Fact::new("promises held", format!("{held} of {all}")),
        Fact::new("calls recorded", calls),
        Fact::new("longest chain of calls", depth),
    ];
    html! {
        p.when { (report.started) }
        h1 { (report.title) }
        p.verdict { (mark(report.all_held())) " " (verdict) }
        (facts(&numbers, "numbers"))
        @if !report.machine.is_empty() { (facts(&report.machine, "machine")) }
    }
}

/// A list of names and values.
fn facts(facts: &[Fact], class: &str) -> Markup {
    html! {
        dl class=(class) {
            @for fact in facts { div { dt { (fact.name) } dd { (fact.value) } } }
        }
    }
}

/// A tick or a cross, with a word for those who don't see it.
fn mark(held: bool) -> Markup {
    let (class, word) = if held { ("mark good", "held:") } else { ("mark bad", "not held:") };
    html! { span class=(class) { (icons::mark(held)) span.unseen { (word) } } }
}

fn contents(report: &Report) -> Markup {
    html! {
        @for (c, chapter) in report.chapters.iter().enumerate() {
            h2 { a href={ "#" (anchor(c, None)) } { (chapter.system) } }
            ol {
                @for (s, scenario) in chapter.scenarios.iter().enumerate() {
                    li {
                        (mark(scenario.held()))
                        div {
                            a href={ "#" (anchor(c, Some(s))) } { (s + 1) ". " (scenario.title) }
                            p { (answer(&scenario.outcome)) }
                        }
                    }
                }
            }
        }
    }
}

/// What the function answered.
fn answer(outcome: &Outcome) -> Markup {
    match outcome {
        Outcome::Ok(sentence) => html! { (sentence) },
        Outcome::Failed(sentence) => html! { span.raised { "raised an error" } " " (sentence) },
    }
}

fn anchor(chapter: usize, scenario: Option<usize>) -> String {
    match scenario {
        Some(scenario) => format!("s{}-{}", chapter + 1, scenario + 1),
        None => format!("c{}", chapter + 1),
    }
}

fn chapter(c: usize, chapter: &Chapter) -> Markup {
    html! {
        section.chapter aria-labelledby=(anchor(c, None)) {
            h2 id=(anchor(c, None)) { (chapter.system) }
            p.lead { (chapter.lead) }
            @for (s, scenario) in chapter.scenarios.iter().enumerate() {
                (scenario::section(&anchor(c, Some(s)), s + 1, scenario))
            }
        }
    }
}
