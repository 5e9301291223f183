//! The parts of a scenario that don't depend on its figure.

use super::WIDTH;
use super::grid::{Cell, grid};
use super::paint::{Paint, clean};
use crate::bursts::{Burst, bursts, end};
use crate::model::{Check, Fact, Outcome, Step};
use crate::text::{count, duration, fit};

const BAR: u8 = 20;
const INDENT: &str = "    ";

/// A tick or a cross.
pub(crate) fn mark(paint: Paint, held: bool) -> String {
    if held { paint.good("✓") } else { paint.bad("✗") }
}

/// The calls on a small time line; parallel calls of one kind are one line.
pub(crate) fn steps(paint: Paint, steps: &[Step]) -> Vec<String> {
    if steps.is_empty() {
        return vec![format!("{INDENT}It made no call.")];
    }
    let whole = end(steps);
    let bursts = bursts(steps);
    let parted = bursts.iter().any(|burst| !burst.part.is_empty());
    let mut lines = if parted { parts(paint, &bursts, whole) } else { every_burst(paint, &bursts, whole) };
    let depth = steps.iter().map(|step| step.depth).max().unwrap_or(0);
    let summary = format!("{}, {depth} one after another, {}", count(steps.len(), "call"), duration(whole));
    lines.push(format!("{INDENT}{}", paint.dim(&summary)));
    lines
}

fn every_burst(paint: Paint, bursts: &[Burst<'_>], whole: f64) -> Vec<String> {
    let mut last = 0;
    let numbered = |burst: &Burst<'_>| {
        let depth = if burst.depth == last { String::new() } else { burst.depth.to_string() };
        last = burst.depth;
        row(burst, depth, whole)
    };
    grid(paint, INDENT, &bursts.iter().map(numbered).collect::<Vec<_>>())
}

/// A line for each part of the work, and its calls below it: the page has each on a line of its own.
fn parts(paint: Paint, bursts: &[Burst<'_>], whole: f64) -> Vec<String> {
    let mut lines = Vec::new();
    for part in bursts.chunk_by(|one, next| one.part == next.part) {
        let start = part.iter().map(Burst::start).fold(f64::INFINITY, f64::min);
        let end = part.iter().map(Burst::end).fold(0.0, f64::max);
        // An error on the way may be an answer like any other; one at the end is not.
        let failed = part.last().is_some_and(|burst| burst.error.is_some());
        let name = part.first().map_or("", |burst| burst.part);
        let head = [
            Cell(format!("{name:<12}"), Paint::bold),
            Cell(bar(start, end, whole), if failed { Paint::bad } else { Paint::good }),
            format!("{:>7}", duration(end - start)).into(),
            Cell(count(part.iter().map(|burst| burst.calls.len()).sum(), "call"), Paint::dim),
        ];
        lines.extend(grid(paint, INDENT, &[head]));
        let told = |burst: &Burst<'_>| match burst.error {
            Some(error) => format!("{} ✗ {error}", burst.name()),
            None => burst.name(),
        };
        let calls = part.iter().map(told).collect::<Vec<_>>().join(", ");
        lines.extend(wrapped(&calls, &" ".repeat(18)).iter().map(|line| paint.dim(line)));
    }
    lines
}

fn row(burst: &Burst<'_>, depth: String, whole: f64) -> [Cell; 6] {
    let note = match burst.error {
        Some(error) => Cell(format!("✗ {}", fit(error, 19)), Paint::bad),
        None => Cell(fit(&burst.resources(), 21), Paint::dim),
    };
    [
        depth.into(),
        Cell(bar(burst.start(), burst.end(), whole), if burst.error.is_some() { Paint::bad } else { Paint::good }),
        Cell(format!("{:>7}", duration(burst.start())), Paint::dim),
        format!("{:>7}", duration(burst.end() - burst.start())).into(),
        fit(&burst.name(), 29).into(),
        note,
    ]
}

fn bar(start: f64, end: f64, whole: f64) -> String {
    let share = |ms: f64| if whole > 0.0 { ms / whole } else { 0.0 };
    let (start, end) = (share(start), share(end));
    let mut from = 0.0;
    (0..BAR)
        .map(|_| {
            let to = from + 1.0 / f64::from(BAR);
            let busy = start < to && (end > from || start >= from);
            from = to;
            if busy { '━' } else { '·' }
        })
        .collect()
}

/// What the function answered.
pub(crate) fn answer(paint: Paint, outcome: &Outcome) -> Vec<String> {
    let (word, painted) = match outcome {
        Outcome::Ok(_) => ("It succeeded:", paint.good("It succeeded:")),
        Outcome::Failed(_) => ("It raised an error:", paint.warn("It raised an error:")),
    };
    let mut lines = wrapped(&format!("{word} {}", outcome.sentence()), INDENT);
    if let Some(first) = lines.first_mut() {
        *first = first.replacen(word, &painted, 1);
    }
    lines
}

/// The log lines, each cut to one line: the page has them whole.
pub(crate) fn log(paint: Paint, lines: &[String]) -> Vec<String> {
    let room = WIDTH - INDENT.len() - 2;
    lines.iter().map(|line| format!("{INDENT}{}", paint.dim(&format!("| {}", cut(line, room))))).collect()
}

fn cut(line: &str, room: usize) -> String {
    if line.chars().count() <= room {
        return line.to_owned();
    }
    line.chars().take(room - 1).chain(['…']).collect()
}

/// One promise to a line.
pub(crate) fn checks(paint: Paint, checks: &[Check]) -> Vec<String> {
    if checks.is_empty() {
        return vec![format!("{INDENT}{} Nothing was checked.", mark(paint, false))];
    }
    let told = |check: &Check| {
        let mut lines = wrapped(&check.promise, &format!("{INDENT}  "));
        if let Some(first) = lines.first_mut() {
            *first = format!("{INDENT}{} {}", mark(paint, check.held), first.trim_start());
        }
        lines
    };
    checks.iter().flat_map(told).collect()
}

/// Key numbers, in one line if they fit.
pub(crate) fn facts(paint: Paint, facts: &[Fact]) -> Vec<String> {
    let all: Vec<String> = facts.iter().map(|fact| format!("{}: {}", fact.name, fact.value)).collect();
    wrapped(&all.join("  ·  "), INDENT).iter().map(|line| paint.dim(line)).collect()
}

/// Filled to the width, by words.
pub(crate) fn wrapped(text: &str, indent: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in clean(text).split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{indent}{word}")),
        }
    }
    lines
}
