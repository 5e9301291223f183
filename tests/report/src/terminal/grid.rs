//! Columns that line up.

use super::paint::Paint;

type Brush = fn(Paint, &str) -> String;

/// A cell's text, and how it is painted once it has been padded.
#[derive(Clone)]
pub(crate) struct Cell(pub(crate) String, pub(crate) Brush);

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self(text, |_, text| super::paint::clean(text))
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// Each column as wide as its widest cell, two spaces between, nothing trailing.
pub(crate) fn grid<R: AsRef<[Cell]>>(paint: Paint, indent: &str, rows: &[R]) -> Vec<String> {
    let rows = || rows.iter().map(AsRef::as_ref);
    let width = |column: usize| {
        let cells = rows().filter_map(|row| row.get(column));
        cells.map(|Cell(text, _)| text.chars().count()).max().unwrap_or(0)
    };
    let columns = rows().map(<[Cell]>::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &[Cell]| {
        let mut line = indent.to_owned();
        let last = row.iter().rposition(|Cell(text, _)| !text.is_empty()).map_or(0, |last| last + 1);
        for (Cell(text, brush), width) in row.iter().zip(&widths).take(last) {
            let padding = " ".repeat(width - text.chars().count());
            line += &brush(paint, text);
            line += &padding;
            line += if *width > 0 { "  " } else { "" };
        }
        line.trim_end().to_owned()
    };
    rows().map(line).collect()
}
