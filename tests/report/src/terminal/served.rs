//! A server's requests and what it holds, in the terminal.

use super::grid::{Cell, grid};
use super::paint::{Paint, clean};
use super::story::wrapped;
use crate::served::{End, Request, Served, Stock};
use crate::text::{duration, fit, visible};

const INDENT: &str = "    ";

/// The state in words alone, as it is told of what was before.
pub(crate) fn before(paint: Paint, served: &Served) -> Vec<String> {
    wrapped(&visible(&served.sentence()), INDENT).iter().map(|line| paint.dim(line)).collect()
}

pub(crate) fn state(paint: Paint, before: Option<&Served>, after: &Served) -> Vec<String> {
    let mut lines = grid(paint, INDENT, &after.requests.iter().map(request).collect::<Vec<_>>());
    let grown = after.stocks(before).into_iter().filter(|stock| stock.now != stock.before);
    let grown: Vec<String> = grown.map(change).collect();
    let stored =
        if grown.is_empty() { "Stored: nothing changed".to_owned() } else { format!("Stored: {}", grown.join(", ")) };
    lines.push(String::new());
    lines.extend(wrapped(&stored, INDENT));
    lines
}

fn change(stock: Stock<'_>) -> String {
    format!("{} {} -> {}", visible(stock.name), stock.before, stock.now)
}

fn request(request: &Request) -> [Cell; 5] {
    let brush = match request.end() {
        End::Done => Paint::good,
        End::Refused => Paint::warn,
        End::Failed => Paint::bad,
    };
    [
        Cell(request.status.to_string(), brush),
        Cell(fit(&visible(&request.words()), 34), |_, text| clean(text)),
        Cell(fit(&visible(&request.answered), 26), |_, text| clean(text)),
        Cell(fit(&request.cost(), 18), Paint::dim),
        Cell(duration(request.took_ms), Paint::dim),
    ]
}
