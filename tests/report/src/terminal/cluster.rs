//! Who logs in where: keys down, moments across, a mark for each node; and below, one node's `authorized_keys`.

use super::WIDTH;
use super::grid::{Cell, grid};
use super::paint::{Paint, clean};
use crate::cluster::{Cluster, Login, Moment};
use crate::text::fit;

const INDENT: &str = "    ";
/// What a line of `authorized_keys` is indented by.
const DEEPER: &str = "  ";

pub(crate) fn state(paint: Paint, cluster: &Cluster) -> Vec<String> {
    if cluster.keys.is_empty() {
        return vec![format!("{INDENT}There is no key yet.")];
    }
    let mut rows: Vec<Vec<Cell>> = vec![across(cluster, "", |moment| Cell(short(&moment.name), Paint::dim))];
    rows.extend(cluster.keys.iter().enumerate().map(|(at, key)| key_row(cluster, at, key)));
    rows.extend(named(cluster, "AWSCURRENT is", |moment| moment.current.as_deref()));
    rows.extend(named(cluster, "copy_file uses", |moment| moment.client.as_deref()));
    let (lines, room) = (cluster.lines(), room(&rows));
    if !lines.is_empty() {
        rows.push(vec![Cell(format!("authorized_keys of {}:", cluster.file_of), Paint::dim)]);
    }
    for line in lines {
        let mark =
            |moment: &Moment| if moment.lines.contains(line) { Cell("■".into(), Paint::accent) } else { "".into() };
        rows.push(across(cluster, &format!("{DEEPER}{}", fit(&line.text, room)), mark));
    }
    let mut all = grid(paint, INDENT, &rows);
    all.extend(legend(paint, cluster));
    all
}

/// What the moments leave to a line of `authorized_keys`.
fn room(rows: &[Vec<Cell>]) -> usize {
    let wide =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|Cell(text, _)| text.chars().count()).max();
    let moments: usize = (1..).map_while(wide).map(|wide| wide + 2).sum();
    WIDTH.saturating_sub(INDENT.len() + DEEPER.len() + moments + 2)
}

/// A row: its name, and a cell for each moment.
fn across(cluster: &Cluster, name: &str, cell: impl Fn(&Moment) -> Cell) -> Vec<Cell> {
    [Cell::from(name)].into_iter().chain(cluster.moments.iter().map(cell)).collect()
}

fn key_row(cluster: &Cluster, at: usize, key: &str) -> Vec<Cell> {
    let marks =
        |moment: &Moment| (0..cluster.nodes.len()).map(|node| moment.login(at, node).sign()).collect::<String>();
    across(cluster, key, |moment| Cell(marks(moment), painted))
}

/// The row of a key's name, where some moment has one.
fn named(cluster: &Cluster, name: &str, key: fn(&Moment) -> Option<&str>) -> Option<Vec<Cell>> {
    let word = |moment: &Moment| key(moment).unwrap_or_default().trim_end_matches(" key").into();
    cluster.any(|moment| key(moment).is_some()).then(|| across(cluster, name, word))
}

/// Each mark in its colour.
fn painted(paint: Paint, marks: &str) -> String {
    let one = |mark: char| match mark {
        '✓' => paint.good("✓"),
        '✗' => paint.bad("✗"),
        '!' => paint.warn("!"),
        other => paint.dim(&clean(&other.to_string())),
    };
    marks.chars().map(one).collect()
}

/// The steps of a rotation are all of a secret.
fn short(name: &str) -> String {
    fit(name.strip_suffix("Secret").unwrap_or(name), 14)
}

fn legend(paint: Paint, cluster: &Cluster) -> Option<String> {
    let signs =
        [Login::In, Login::Refused, Login::OtherHost, Login::Nothing].into_iter().filter(|login| cluster.has(*login));
    let signs: Vec<_> = signs.map(|login| format!("{} {}", login.sign(), login.word())).collect();
    let nodes = match cluster.nodes.as_slice() {
        [] => return None,
        [one] => one.clone(),
        [first, .., last] => format!("{first} to {last}"),
    };
    Some(format!("{INDENT}{}", paint.dim(&fit(&format!("{nodes}: {}", signs.join(", ")), 90))))
}
