//! Each user, and below the name how the execution went: a line for each branch, with its tries along the time.

use super::paint::Paint;
use super::story::wrapped;
use crate::text::{fit, visible};
use crate::workflows::way::{Axis, End, Way, brief};
use crate::workflows::{Decision, Execution, Status, User, Workflows};

const INDENT: &str = "    ";
/// Users that a reader still takes in.
const MOST: usize = 24;
/// Characters of the columns; with the indent and the gaps between them, 96.
const WHO: usize = 19;
const SERVICE: usize = 10;
const ACROSS: usize = 19;
const TIME: usize = 6;
const WORDS: usize = 32;

type Brush = fn(Paint, &str) -> String;

pub(crate) fn before(paint: Paint, workflows: &Workflows) -> Vec<String> {
    wrapped(&visible(&workflows.sentence()), INDENT).iter().map(|line| paint.dim(line)).collect()
}

pub(crate) fn state(paint: Paint, workflows: &Workflows) -> Vec<String> {
    let axis = Axis::of(workflows);
    let mut lines: Vec<String> =
        workflows.users.iter().take(MOST).flat_map(|user| self::user(paint, user, axis)).collect();
    lines.extend(axis.map(|axis| paint.dim(&format!("{:1$}{2}", "", INDENT.len() + WHO + SERVICE + 4, times(axis)))));
    let rest = workflows.users.len().saturating_sub(MOST);
    if rest > 0 {
        lines.push(format!("{INDENT}{}", paint.dim(&format!("and {rest} more"))));
    }
    lines.push(String::new());
    lines.extend(wrapped(&workflows.totals().sentence(), INDENT));
    for stock in workflows.stocks(None) {
        let (created, there, failed) = (stock.created, stock.already_there, stock.failed);
        let now = stock.now.map(|now| format!("; {now} there now")).unwrap_or_default();
        let told =
            format!("{}: {created} created, {there} already there, {failed} failed{now}", visible(stock.service));
        lines.extend(wrapped(&told, INDENT));
    }
    lines
}

fn user(paint: Paint, user: &User, axis: Option<Axis>) -> Vec<String> {
    let who = fit(&visible(&user.who), WHO);
    let (word, why) = user.decision.words();
    if let (Some(axis), [_, ..]) = (axis, user.executions.as_slice()) {
        let told = user.executions.iter().map(|execution| (execution, ended(&user.decision, execution)));
        return told.flat_map(|(execution, end)| self::execution(paint, execution, [&who, &end], axis)).collect();
    }
    let (sign, brush): (_, Brush) = match &user.decision {
        Decision::Skipped(_) => ('–', Paint::dim),
        Decision::Malformed(_) => ('×', Paint::warn),
        Decision::NotStarted(_) => ('✗', Paint::bad),
        Decision::Started | Decision::AlreadyStarted => ('→', Paint::dim),
    };
    let why = if why.is_empty() { String::new() } else { format!(": {}", visible(why)) };
    let room = SERVICE + ACROSS + TIME + WORDS + 4;
    vec![format!("{INDENT}{who:WHO$}  {}", brush(paint, &fit(&format!("{sign} {word}{why}"), room)))]
}

/// Such as "✓ succeeded, 7.3 s".
fn ended(decision: &Decision, execution: &Execution) -> String {
    let status = execution.status;
    let took = if status == Status::Running { String::new() } else { format!(", {}", brief(execution.took_ms)) };
    let before = if *decision == Decision::AlreadyStarted { "already " } else { "" };
    format!("{} {before}{}{took}", status.end().sign(), status.word())
}

/// The first lines have the name and the end to the left of them.
fn execution(paint: Paint, execution: &Execution, left: [&str; 2], axis: Axis) -> Vec<String> {
    let ways = execution.ways();
    let left = |n: usize| match (n, left) {
        (0, [who, _]) => format!("{who:WHO$}"),
        (1, [_, end]) => brush(execution.status.end())(paint, &format!("{:WHO$}", fit(end, WHO))),
        _ => " ".repeat(WHO),
    };
    let right = |way: &Way<'_>| self::way(paint, way, axis);
    let rows = (0..ways.len().max(2)).map(|n| (left(n), ways.get(n).map(right).unwrap_or_default()));
    rows.map(|(left, right)| format!("{INDENT}{left}  {right}").trim_end().to_owned()).collect()
}

fn way(paint: Paint, way: &Way<'_>, axis: Axis) -> String {
    let brush = brush(way.end);
    let name = fit(&visible(way.name), SERVICE);
    let time = way.end_ms().map(brief).unwrap_or_default();
    let track = brush(paint, &track(way, axis).into_iter().collect::<String>());
    let words = brush(paint, &fit(&format!("{} {}", way.end.sign(), visible(&words(way))), WORDS));
    format!("{name:SERVICE$}  {track}{}  {words}", paint.dim(&format!("{time:>TIME$}")))
}

/// The end; where it was tried again, the errors say more than that it was created.
fn words(way: &Way<'_>) -> String {
    let errors = way.errors();
    match (way.end, way.tries) {
        // It is mostly the same error that it failed with in the end.
        (End::Failed, [_, _, ..]) => format!("{}, {} tries", way.why.unwrap_or(way.words), way.tries.len()),
        (End::Failed, _) => way.why.unwrap_or(way.words).to_owned(),
        _ if errors.is_empty() => way.words.to_owned(),
        (End::There, _) => format!("{} after {errors}", way.words),
        (End::Made | End::Running, _) => format!("after {errors}"),
    }
}

/// A try is a stroke, one that failed a cross, a wait dots.
fn track(way: &Way<'_>, axis: Axis) -> Vec<char> {
    let mut cells = vec![' '; ACROSS];
    let mut fill = |from_ms: f64, to_ms: f64, sign: char| {
        let (from, to) = (cell(axis.share(from_ms)), cell(axis.share(to_ms)));
        cells.iter_mut().take(to.max(from + 1)).skip(from).for_each(|cell| *cell = sign);
    };
    if let Some(end) = way.end_ms() {
        fill(way.from_ms, end, '·');
    }
    for one in way.tries {
        fill(one.at_ms, one.end_ms(), '━');
    }
    for one in way.retried() {
        fill(one.at_ms, one.at_ms, '×');
    }
    cells
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to the columns")]
fn cell(share: f64) -> usize {
    const LAST: u8 = 18;
    ((share * f64::from(LAST)).round() as usize).min(ACROSS - 1)
}

/// Labels that begin at their moments, as many as have room.
fn times(axis: Axis) -> String {
    let mut line = String::new();
    for tick in axis.ticks(3) {
        let (at, length) = (cell(tick.at), line.chars().count());
        if at > length || line.is_empty() {
            line += &" ".repeat(at.saturating_sub(length));
            line += "╵";
            line += &tick.label;
        }
    }
    line
}

fn brush(end: End) -> Brush {
    match end {
        End::Made => Paint::good,
        End::There => Paint::accent,
        End::Failed => Paint::bad,
        End::Running => Paint::warn,
    }
}
