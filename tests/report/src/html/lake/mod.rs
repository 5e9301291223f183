//! The readings over time, as they were read back from the lake; what became of the others; and the lake's objects.

mod draw;
mod tables;

use maud::{Markup, html};

use super::icons;
use crate::lake::{Kind, Lake};
use crate::plot::Plot;

pub(super) fn figure(before: Option<&Lake>, after: &Lake) -> Markup {
    html! {
        figure.lake {
            figcaption { "What was published, and what became of it" }
            @if let Some(before) = before { p.then { (then(before, after)) } }
            @if after.is_empty() { p.none { "Nothing yet." } } @else { (held(after)) }
        }
    }
}

/// The state before, in a sentence.
fn then(before: &Lake, after: &Lake) -> Markup {
    html! {
        b { "Before: " }
        @if before.is_empty() { "nothing yet." }
        @else if before == after { "the same; nothing changed." }
        @else { (before.counts().sentence()) "." }
    }
}

fn held(lake: &Lake) -> Markup {
    html! {
        (tally(lake))
        @if lake.few() {
            (tables::messages(lake, "What became of each message"))
        } @else if let Some(plot) = Plot::of(lake) {
            (draw::picture(&plot, &lake.counts().sentence()))
            p.reads {
                "Each dot is a line read back from the lake, upon the band of what was published: where the band is bare, a "
                "reading is not in the lake."
            }
        }
        div.below {
            @if !lake.few() { (tables::reasons(lake)) }
            (tables::objects(lake))
        }
        @if !lake.strays.is_empty() { (tables::strays(lake)) }
        @if !lake.few() {
            details.words {
                summary { "Every message" }
                (tables::messages(lake, "Every message"))
            }
        }
    }
}

/// The numbers, each with the sign that it has in the picture: they are its key.
fn tally(lake: &Lake) -> Markup {
    let counts = lake.counts();
    let entry = |class: &str, icon: &Markup, n: usize, what: &str| {
        html! { div class={ (class) @if n == 0 { " zero" } } { dt { (what) } dd { (icons::alone(icon)) (n) } } }
    };
    let kind = |kind: Kind, n: usize, what: &str| entry(class(kind), &icons::fate(kind), n, what);
    html! {
        dl.numbers.small.tally {
            (entry("published", &icons::published(), counts.published, "published"))
            (kind(Kind::InLake, counts.in_lake, "in the lake, by id"))
            (entry("again", &icons::again(), counts.duplicates, "duplicates by id"))
            (kind(Kind::Quarantined, counts.quarantined, "in quarantine"))
            (kind(Kind::GivenBack, counts.given_back, "given back"))
            (kind(Kind::DeadLetter, counts.dead_letters, "dead letters"))
            @if counts.strays > 0 { (entry("stray", &icons::changed(), counts.strays, "lines of no message")) }
            @if counts.lost > 0 { (kind(Kind::Lost, counts.lost, "lost")) }
            @else { (entry("none-lost", &icons::held(), 0, "lost")) }
        }
    }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::InLake => "in-lake",
        Kind::Quarantined => "quarantined",
        Kind::GivenBack => "given-back",
        Kind::DeadLetter => "dead-letter",
        Kind::Lost => "lost",
    }
}
