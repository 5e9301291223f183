//! A way as a line: strokes where it was tried, a cross where that failed, dots where it waited. Across, everything is
//! placed in percent, so that it fills any width; the words are HTML, so that they wrap where there is no room.

use maud::{Markup, html};

use super::super::icons;
use super::class;
use crate::text::visible;
use crate::workflows::Try;
use crate::workflows::way::{Axis, End, Way, brief};

/// Where the line is, from the top, and how high all is: less where there is nothing to say above it.
const LOW: (f64, f64) = (12.0, 24.0);
const HIGH: (f64, f64) = (28.0, 40.0);
/// Waits as long as this share of the axis have room for their length, on a wide page and on a narrow one.
const WIDE: f64 = 0.085;
const NARROW: f64 = 0.3;

pub(super) fn way(way: &Way<'_>, first: bool, axis: Axis) -> Markup {
    let calm = way.retried().is_empty() && way.why.is_none();
    let (y, height) = if calm { LOW } else { HIGH };
    // Through the space between the users, but not over the line of the way above.
    let top = if first { -12.0 } else { 0.0 };
    html! {
        div class={ "way " (class(way.end)) } {
            span.unseen { (visible(&way.sentence())) }
            span.name aria-hidden="true" { (visible(way.name)) }
            div.track aria-hidden="true" style=(format!("height:{height}px")) {
                svg height=(height) {
                    @for tick in axis.ticks(6) { line.grid x1=(percent(tick.at)) x2=(percent(tick.at)) y1=(top) y2=(height + 12.0) {} }
                    (strokes(way, axis, y))
                }
                @for (from, to) in way.waits() { (wait(axis.share(from), axis.share(to), from, to)) }
                @if !calm { (errors(way, axis)) }
                (end(way, axis))
            }
        }
    }
}

fn strokes(way: &Way<'_>, axis: Axis, y: f64) -> Markup {
    let at = |ms: f64| percent(axis.share(ms));
    let (end, retried) = (way.end_ms().unwrap_or(way.from_ms), way.retried());
    html! {
        line.wait x1=(at(way.from_ms)) x2=(at(end)) y1=(y) y2=(y) {}
        @for (n, one) in way.tries.iter().enumerate() {
            line.try.again[n < retried.len()] x1=(at(one.at_ms)) x2=(at(one.end_ms())) y1=(y) y2=(y) { title { (told(one)) } }
        }
        @for one in retried {
            svg.failed x=(at(one.end_ms())) y=(y) overflow="visible" { circle r="7" {} (icons::lost()) title { (told(one)) } }
        }
    }
}

fn told(one: &Try) -> String {
    let error = one.error.as_deref().map(|error| format!(": {}", visible(error))).unwrap_or_default();
    format!("{}, took {}{error}", brief(one.at_ms), brief(one.took_ms))
}

/// How long it waited, upon the dots.
fn wait(from: f64, to: f64, from_ms: f64, to_ms: f64) -> Markup {
    html! {
        @if to - from > WIDE {
            span.waited.roomy[to - from < NARROW] style=(format!("left:{}", percent(f64::midpoint(from, to)))) {
                (brief(to_ms - from_ms))
            }
        }
    }
}

/// Above the line, from the first try on or up to the last one: why it was tried again, and why it failed.
fn errors(way: &Way<'_>, axis: Axis) -> Markup {
    let failed = if way.why.is_some() { way.tries } else { way.retried() };
    let first = failed.first().map_or(0.0, |one| axis.share(one.at_ms));
    let last = failed.last().map_or(0.0, |one| axis.share(one.end_ms()));
    let again = way.errors();
    let long = again.chars().count() + way.why.map_or(0, |why| why.chars().count()) > 36;
    let place = if first < 0.5 { format!("left:{}", percent(first)) } else { format!("right:{}", percent(1.0 - last)) };
    html! {
        span.errors.long[long] style=(place) {
            (visible(&again))
            @if let Some(why) = way.why { @if !again.is_empty() { ", " } b { (visible(why)) } }
        }
    }
}

/// Right of the last try.
fn end(way: &Way<'_>, axis: Axis) -> Markup {
    let at = axis.share(way.end_ms().unwrap_or(way.from_ms));
    html! {
        span.outcome style=(format!("left:{}", percent(at))) {
            (icons::alone(&icons::end(way.end))) b { (way.words) }
            @if let Some(ms) = way.end_ms().filter(|_| way.end != End::Running) { " " span.ms { (brief(ms)) } }
        }
    }
}

pub(super) fn axis(axis: Axis) -> Markup {
    html! {
        span.name {}
        div.track { @for tick in axis.ticks(6) { span.tick style=(format!("left:{}", percent(tick.at))) { (tick.label) } } }
    }
}

fn percent(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

fn sample(picture: &Markup) -> Markup {
    html! { svg.sample viewBox="-12 -8 24 16" width="24" height="16" { (picture) } }
}

pub(super) fn sample_try() -> Markup {
    sample(&html! { line.try x1="-6" x2="6" y1="0" y2="0" {} })
}

pub(super) fn sample_failed() -> Markup {
    sample(&html! { g.failed { circle r="7" {} (icons::lost()) } })
}

pub(super) fn sample_wait() -> Markup {
    sample(&html! { line.wait x1="-12" x2="12" y1="0" y2="0" {} })
}
