//! The plot as SVG. Across, everything is placed in percent: so it fills any width, and no sign or letter is stretched.

use maud::{Markup, html};

use super::super::icons;
use super::class;
use crate::lake::Message;
use crate::plot::{Dot, Place, Plot, Row, What};
use crate::scale::clock;
use crate::text::{fit, visible};

/// The height of the readings.
const HEIGHT: usize = 210;
/// Between the readings and the first row of those that are missing.
const GAP: usize = 30;
const ROW: usize = 22;
const AXIS: usize = 26;
/// More lines down from the rows would hide the readings.
const DROPS: usize = 60;

pub(super) fn picture(plot: &Plot<'_>, words: &str) -> Markup {
    let ground = HEIGHT + GAP + ROW * plot.rows.len();
    let height = ground + AXIS;
    html! {
        svg.readings height=(height) role="img" aria-label={ "The readings over time. " (words) "." } {
            @for tick in plot.values.values(4) {
                @let y = up(tick.at);
                line.grid x1="0" x2="100%" y1=(y) y2=(y) {}
                text.value x="-10" y=(y) dy=".35em" { (tick.label) }
            }
            @for (n, row) in plot.rows.iter().enumerate() { (drops(row, HEIGHT + GAP + n * ROW)) }
            (published(&plot.published))
            @for dot in &plot.dots { (self::dot(dot)) }
            @for hole in &plot.holes { circle.hole cx=(across(hole.x)) cy=(up(hole.y)) r="6" {} }
            @for (n, row) in plot.rows.iter().enumerate() { (self::row(row, HEIGHT + GAP + n * ROW)) }
            line.axis x1="0" x2="100%" y1=(ground) y2=(ground) {}
            @for (n, tick) in plot.times.times(6).iter().enumerate() {
                line.axis x1=(across(tick.at)) x2=(across(tick.at)) y1=(ground) y2=(ground + 5) {}
                text.time.odd[n % 2 == 1] x=(across(tick.at)) y=(ground + 18) { (tick.label) }
            }
            text.value x="-10" y="-12" { "sensor value" }
            text.value x="-10" y=(ground + 18) { "UTC" }
        }
    }
}

fn across(share: f64) -> String {
    format!("{:.2}%", share * 100.0)
}

/// From the top, in pixels.
fn up(share: f64) -> String {
    format!("{:.1}", px(HEIGHT) * (1.0 - share))
}

#[expect(clippy::cast_precision_loss, reason = "some hundred pixels")]
fn px(count: usize) -> f64 {
    count as f64
}

/// A road that the readings lie upon: where it is bare, one is missing.
fn published(runs: &[Vec<Place>]) -> Markup {
    let point = |place: &Place| format!("{:.2} {:.2}", place.x * 1000.0, (1.0 - place.y) * 1000.0);
    // A line of no length is still a dot, for its round caps.
    let run = |run: &Vec<Place>| format!("M{}h0", run.iter().map(point).collect::<Vec<_>>().join("L"));
    html! {
        svg x="0" y="0" width="100%" height=(HEIGHT) viewBox="0 0 1000 1000" preserveAspectRatio="none" overflow="visible" {
            path.road d=(runs.iter().map(run).collect::<String>()) vector-effect="non-scaling-stroke" {}
        }
    }
}

fn dot(dot: &Dot<'_>) -> Markup {
    let (x, y) = (across(dot.place.x), up(dot.place.y));
    let title = html! { title { (dot.reading.words()) } };
    match dot.what {
        What::First => html! { circle.dot cx=(x) cy=(y) r="2.2" { (title) } },
        What::Again => html! { circle.twice cx=(x) cy=(y) r="5" { (title) } },
        What::Stray => html! { svg.stray x=(x) y=(y) overflow="visible" { (icons::changed()) (title) } },
    }
}

/// From each sign in a row up through the readings, where it leaves a gap.
fn drops(row: &Row<'_>, y: usize) -> Markup {
    html! {
        @if row.messages.len() <= DROPS {
            g class={ "drops " (class(row.kind)) } {
                @for (x, _) in &row.messages { line x1=(across(*x)) x2=(across(*x)) y1="0" y2=(y - 8) {} }
            }
        }
    }
}

fn row(row: &Row<'_>, y: usize) -> Markup {
    html! {
        g class={ "row " (class(row.kind)) } {
            text.value x="-10" y=(y) dy=".35em" { (row.kind.word()) }
            @for (x, message) in &row.messages {
                svg.sign x=(across(*x)) y=(y) overflow="visible" { (icons::fate(row.kind)) title { (told(message)) } }
            }
        }
    }
}

fn told(message: &Message) -> String {
    let said = [clock(message.at_ms), message.detail(), fit(&visible(&message.text), 60)];
    said.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" · ")
}
