//! The lake in the terminal: its numbers, the readings over time in braille, and what went into quarantine. A small
//! batch is told message by message instead.

use super::braille;
use super::grid::{Cell, grid};
use super::paint::{Paint, clean};
use super::story::wrapped;
use crate::lake::{Kind, Lake, Message};
use crate::plot::Plot;
use crate::scale::clock;
use crate::tally::Counts;
use crate::text::{count, fit, size, visible};

pub(super) const INDENT: &str = "    ";
/// Rows of a table that a reader still takes in.
const MOST: usize = 8;

/// The state in words alone, as it is told of what was before.
pub(crate) fn before(paint: Paint, lake: &Lake) -> Vec<String> {
    if lake.is_empty() {
        return vec![format!("{INDENT}{}", paint.dim("Nothing yet."))];
    }
    tally(paint, lake.counts())
}

pub(crate) fn state(paint: Paint, lake: &Lake) -> Vec<String> {
    if lake.is_empty() {
        return before(paint, lake);
    }
    let mut lines = tally(paint, lake.counts());
    lines.push(String::new());
    if lake.few() {
        lines.extend(grid(paint, INDENT, &lake.messages.iter().map(message).collect::<Vec<_>>()));
    } else if let Some(plot) = Plot::of(lake) {
        lines.extend(braille::picture(paint, &plot));
        lines.extend(reasons(paint, lake));
    }
    lines.extend(objects(paint, lake));
    lines
}

/// What is lost has a line of its own.
fn tally(paint: Paint, counts: Counts) -> Vec<String> {
    let mut lines = wrapped(&counts.sentence(), INDENT);
    if counts.lost > 0 {
        let lost = format!("{} {} lost: neither in the lake nor in quarantine", Kind::Lost.sign(), counts.lost);
        lines.push(format!("{INDENT}{}", paint.bad(&lost)));
    }
    lines
}

pub(super) fn brush(kind: Kind) -> fn(Paint, &str) -> String {
    match kind {
        Kind::InLake => Paint::good,
        Kind::Quarantined => Paint::warn,
        Kind::GivenBack => Paint::dim,
        Kind::DeadLetter | Kind::Lost => Paint::bad,
    }
}

fn plain(_: Paint, text: &str) -> String {
    clean(text)
}

fn message(message: &Message) -> [Cell; 4] {
    let kind = message.kind();
    [
        Cell(clock(message.at_ms), Paint::dim),
        Cell(fit(&visible(&message.text), 22), plain),
        Cell(format!("{} {}", kind.sign(), kind.word()), brush(kind)),
        Cell(fit(&message.detail(), 23), plain),
    ]
}

fn reasons(paint: Paint, lake: &Lake) -> Vec<String> {
    let bad = lake.bad();
    if bad.is_empty() {
        return Vec::new();
    }
    let rows = bad.iter().take(MOST).map(|bad| {
        let (reason, example) = (fit(&visible(bad.reason), 34), fit(&visible(bad.example), 34));
        [Cell(format!("× {:>3}", bad.count), Paint::warn), Cell(reason, plain), Cell(example, Paint::dim)]
    });
    let mut lines = vec![String::new(), format!("{INDENT}{}", paint.dim("In quarantine, and why"))];
    lines.extend(grid(paint, INDENT, &rows.collect::<Vec<_>>()));
    lines.extend(more(paint, bad.len(), "reason"));
    lines
}

fn objects(paint: Paint, lake: &Lake) -> Vec<String> {
    let rows = lake.objects.iter().take(MOST).map(|object| {
        let records = format!("{:>5}", object.records);
        let size = format!("{:>8}", size(object.bytes));
        [Cell(records, plain), Cell(size, plain), Cell(ends(&visible(&object.key)), Paint::dim)]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![String::new(), format!("{INDENT}{}", paint.dim("lines      size  object in the lake"))];
    lines.extend(grid(paint, INDENT, &rows));
    lines.extend(more(paint, lake.objects.len(), "object"));
    lines
}

/// The start says where an object is, the end which it is.
fn ends(key: &str) -> String {
    let length = key.chars().count();
    if length <= 58 {
        return key.to_owned();
    }
    key.chars().take(36).chain(['…']).chain(key.chars().skip(length - 21)).collect()
}

fn more(paint: Paint, all: usize, noun: &str) -> Option<String> {
    let rest = all.checked_sub(MOST + 1)? + 1;
    Some(format!("{INDENT}{}", paint.dim(&format!("and {} more", count(rest, noun)))))
}
