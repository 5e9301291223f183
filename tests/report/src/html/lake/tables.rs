//! What the picture has no room for.

use maud::{Markup, html};

use super::super::icons;
use super::class;
use crate::lake::{Kind, Lake, Message};
use crate::scale::{clock, number};
use crate::text::{count, fit, size, visible};

/// Rows that a reader still takes in.
const MOST: usize = 12;

/// A message as it was published, shortened, with what can't be seen made visible.
fn message_text(text: &str) -> Markup {
    let text = visible(text);
    let short = fit(&text, 72);
    let whole = (short != text).then(|| fit(&text, 400));
    html! { code title=[whole] { @if text.is_empty() { "(empty)" } @else { bdi { (short) } } } }
}

fn table(caption: &str, rows: &Markup) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) { table { caption { (caption) } (rows) } }
    }
}

/// What became of each.
pub(super) fn messages(lake: &Lake, caption: &str) -> Markup {
    // Among hundreds only what is not in the lake needs a sign.
    let signs = lake.few();
    let row = |message: &Message| {
        let kind = message.kind();
        html! {
            tr class=(class(kind)) {
                td.id { (clock(message.at_ms)) }
                td.n { (message.value.map(number).unwrap_or_default()) }
                td.text { (message_text(&message.text)) }
                td.fate { @if signs || kind != Kind::InLake { (icons::alone(&icons::fate(kind))) } b { (kind.word()) } }
                td.said { (message.detail()) }
            }
        }
    };
    let rows = html! {
        thead { tr { th { "time, UTC" } th.n { "value" } th { "message" } th { "what became of it" } th { "read back, or why not" } } }
        tbody { @for message in &lake.messages { (row(message)) } }
    };
    table(caption, &rows)
}

/// The quarantined ones by reason.
pub(super) fn reasons(lake: &Lake) -> Markup {
    let bad = lake.bad();
    if bad.is_empty() {
        return html! {};
    }
    let rows = html! {
        thead { tr { th.n { "messages" } th { "reason" } th { "for example" } } }
        tbody {
            @for bad in bad.iter().take(MOST) {
                tr { td.n { (bad.count) } td.reason { (visible(bad.reason)) } td.text { (message_text(bad.example)) } }
            }
            (more(bad.len(), "reason"))
        }
    };
    html! {
        div.quarantine {
            (table("In quarantine, and why", &rows))
        }
    }
}

pub(super) fn objects(lake: &Lake) -> Markup {
    if lake.objects.is_empty() {
        return html! { p.none { "The lake has no object yet." } };
    }
    let bytes = lake.objects.iter().fold(0, |sum: u64, object| sum.saturating_add(object.bytes));
    let records = lake.objects.iter().fold(0, |sum: usize, object| sum.saturating_add(object.records));
    let caption =
        format!("In the lake: {} in {}, {}", count(records, "line"), count(lake.objects.len(), "object"), size(bytes));
    let rows = html! {
        thead { tr { th.n { "lines" } th.n { "size" } th { "object" } } }
        tbody {
            @for object in lake.objects.iter().take(MOST) {
                @let key = visible(&object.key);
                tr { td.n { (object.records) } td.n { (size(object.bytes)) } td.id title=(key) { bdi { (middle(&key)) } } }
            }
            (more(lake.objects.len(), "object"))
        }
    };
    html! { div { (table(&caption, &rows)) } }
}

/// The start says where an object is, the end which it is.
fn middle(key: &str) -> String {
    let length = key.chars().count();
    if length <= 62 {
        return key.to_owned();
    }
    let (head, tail) = (key.chars().take(32), key.chars().skip(length - 29));
    head.chain(['…']).chain(tail).collect()
}

/// Lines that belong to no message.
pub(super) fn strays(lake: &Lake) -> Markup {
    let rows = html! {
        thead { tr { th { "id" } th { "value and time" } } }
        tbody {
            @for line in lake.strays.iter().take(MOST) {
                tr { td.id { (fit(&visible(&line.id), 60)) } td { (line.words()) } }
            }
            (more(lake.strays.len(), "line"))
        }
    };
    table("Lines of no message", &rows)
}

fn more(all: usize, noun: &str) -> Markup {
    let rest = all.saturating_sub(MOST);
    html! { @if rest > 0 { tr { td.none colspan="3" { "and " (count(rest, noun)) " more" } } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_key_keeps_both_ends() {
        let key = format!("sensor-data/{}/last.gz", "x".repeat(90));
        let short = middle(&key);
        assert_eq!(short.chars().count(), 62);
        assert!(short.starts_with("sensor-data/") && short.ends_with("/last.gz") && short.contains('…'));
        assert_eq!(middle("a/b"), "a/b");
    }
}
