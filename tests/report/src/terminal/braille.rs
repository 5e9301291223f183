//! Readings over time in braille: each character has two dots across and four down.

use super::lake::{INDENT, brush};
use super::paint::Paint;
use crate::lake::Kind;
use crate::plot::{Place, Plot, Row};
use crate::scale::{Span, number};
use crate::text::fit;

/// Characters across; with what stands to the left, 80.
const ACROSS: usize = 64;
const DOWN: usize = 8;
const LABEL: usize = 11;
/// The bits of a character's dots, by column and row.
const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// The readings, a row for each way to be missing, and the time.
pub(super) fn picture(paint: Paint, plot: &Plot<'_>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let (least, most) = plot.values.ends();
    for (n, row) in canvas(plot).iter().enumerate() {
        let label = match n {
            0 => number(most),
            n if n + 1 == DOWN => number(least),
            _ => String::new(),
        };
        lines.push(line(paint, &paint.dim(&right(&label)), row, Paint::accent));
    }
    for row in &plot.rows {
        let brush = brush(row.kind);
        lines.push(line(paint, &brush(paint, &right(row.kind.word())), &signs(row), brush));
    }
    lines.push(line(paint, &paint.dim(&right("UTC")), &times(plot.times), Paint::dim));
    lines
}

fn right(label: &str) -> String {
    format!("{:>LABEL$}", fit(label, LABEL))
}

/// A label and what is right of it, the lost in their own colour.
fn line(paint: Paint, label: &str, row: &[char], brush: fn(Paint, &str) -> String) -> String {
    let end = row.iter().rposition(|c| *c != ' ').map_or(0, |last| last + 1);
    let ring = |c: &char| *c == Kind::Lost.sign();
    let run = |run: &[char]| {
        let text: String = run.iter().collect();
        if run.first().is_some_and(ring) { paint.bad(&text) } else { brush(paint, &text) }
    };
    let row: String =
        row.iter().take(end).copied().collect::<Vec<_>>().chunk_by(|a, b| ring(a) == ring(b)).map(run).collect();
    format!("{INDENT}{label} {row}").trim_end().to_owned()
}

/// A dot for each reading, a ring where a lost one should be.
fn canvas(plot: &Plot<'_>) -> Vec<Vec<char>> {
    let mut bits = vec![vec![0u8; ACROSS]; DOWN];
    let spot = |place: &Place| (step(place.x, ACROSS * 2), step(1.0 - place.y, DOWN * 4));
    for (x, y) in plot.dots.iter().map(|dot| spot(&dot.place)) {
        let bit = BITS.get(x % 2).and_then(|column| column.get(y % 4)).copied().unwrap_or(0);
        if let Some(cell) = bits.get_mut(y / 4).and_then(|row| row.get_mut(x / 2)) {
            *cell |= bit;
        }
    }
    let sign = |bits: &u8| if *bits == 0 { ' ' } else { char::from_u32(0x2800 + u32::from(*bits)).unwrap_or(' ') };
    let mut canvas: Vec<Vec<char>> = bits.iter().map(|row| row.iter().map(sign).collect()).collect();
    for (x, y) in plot.holes.iter().map(spot) {
        if let Some(cell) = canvas.get_mut(y / 4).and_then(|row| row.get_mut(x / 2)) {
            *cell = Kind::Lost.sign();
        }
    }
    canvas
}

/// Which of so many equal steps a share falls in.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "0 to some hundred"
)]
fn step(share: f64, steps: usize) -> usize {
    ((share * (steps - 1) as f64).round() as usize).min(steps - 1)
}

fn signs(row: &Row<'_>) -> Vec<char> {
    let mut cells = vec![' '; ACROSS];
    for (x, _) in &row.messages {
        if let Some(cell) = cells.get_mut(step(*x, ACROSS)) {
            *cell = row.kind.sign();
        }
    }
    cells
}

/// Labels that begin at their moments, as many as have room.
fn times(span: Span) -> Vec<char> {
    let mut cells: Vec<char> = Vec::new();
    for tick in span.times(5) {
        let (at, label) = (step(tick.at, ACROSS), format!("╵{}", tick.label));
        let free = cells.is_empty() || at > cells.len() + 1;
        if free && at + label.chars().count() <= ACROSS {
            cells.resize(at, ' ');
            cells.extend(label.chars());
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_fits_eighty_columns() {
        for lake in crate::sample::lake::lakes() {
            let told = super::super::lake::state(Paint { on: false }, &lake);
            let wide: Vec<_> = told.iter().filter(|line| line.chars().count() > 96).collect();
            assert!(wide.is_empty(), "{wide:#?}");
            let Some(plot) = Plot::of(&lake) else { continue };
            for line in picture(Paint { on: false }, &plot) {
                assert!(line.chars().count() <= 80 && !line.ends_with(' '), "{line}");
            }
        }
    }

    #[test]
    fn the_ends_are_in_the_corners() {
        assert_eq!([0.0, 0.5, 1.0].map(|share| step(share, 9)), [0, 4, 8]);
        let lake = crate::sample::lake::stream();
        let plot = Plot::of(&lake).unwrap();
        let canvas = canvas(&plot);
        assert!([canvas.first(), canvas.last()].iter().all(|row| row.unwrap().iter().any(|c| *c != ' ')));
        assert!(canvas.iter().any(|row| row[0] != ' ') && canvas.iter().any(|row| row[ACROSS - 1] != ' '));
    }

    #[test]
    fn what_is_lost_is_a_ring_in_its_place_and_in_its_row() {
        let told = |lake: &crate::lake::Lake| picture(Paint { on: false }, &Plot::of(lake).unwrap()).join("\n");
        assert!(!told(&crate::sample::lake::stream()).contains('○'));
        let losing = told(&crate::sample::lake::losing());
        assert!(losing.lines().any(|line| line.contains("lost") && line.contains('○')), "{losing}");
        assert!(losing.lines().any(|line| !line.contains("lost") && line.contains('○')), "{losing}");
    }
}
