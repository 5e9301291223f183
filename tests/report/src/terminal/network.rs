//! The NAT network as two small tables: who is in service, and where the routes go.

use super::grid::{Cell, grid};
use super::paint::Paint;
use crate::network::{AlarmState, Condition, Group, Instance, NatGateway, Network, Route, Table, Zone};
use crate::text::{count, fit};

const INDENT: &str = " ";
/// Lines of routes that a reader still takes in.
const MOST: usize = 20;

/// The network's state; compared with an earlier one, if given, with what changed marked.
pub(crate) fn state(paint: Paint, network: &Network, before: Option<&Network>) -> Vec<String> {
    let mut rows: Vec<[Cell; 7]> = Vec::new();
    for zone in &network.zones {
        for group in &zone.groups {
            rows.extend(group_rows(zone, group, before));
        }
    }
    rows.extend(network.nat_gateways.iter().map(gateway_row));
    let mut lines = grid(paint, INDENT, &rows);
    lines.push(String::new());
    lines.extend(route_lines(paint, network, before));
    lines
}

fn group_rows(zone: &Zone, group: &Group, before: Option<&Network>) -> Vec<[Cell; 7]> {
    let alarm = Cell(
        group.alarm.word().to_owned(),
        match group.alarm {
            AlarmState::Ok => Paint::good,
            AlarmState::Alarm => Paint::bad,
            AlarmState::InsufficientData => Paint::warn,
        },
    );
    let head = [fit(&zone.name, 15).into(), fit(&group.name, 16).into(), alarm];
    if group.instances.is_empty() {
        let [zone, group, alarm] = head;
        return vec![[" ".into(), zone, group, alarm, "no instance".into(), "".into(), "".into()]];
    }
    let row = |instance: &Instance| {
        let fresh = before.is_some_and(|before| !before.has(group, instance));
        let [zone, name, alarm] = head.clone();
        let condition = group.condition(instance);
        let word = Cell(condition.word().to_owned(), brush(condition));
        let words = Cell(fit(&instance.words(), 20), Paint::dim);
        [marker(fresh), zone, name, alarm, fit(&instance.id, 19).into(), word, words]
    };
    group.instances.iter().map(row).collect()
}

fn gateway_row(gateway: &NatGateway) -> [Cell; 7] {
    let zone = gateway.zone.as_deref().unwrap_or("all zones");
    let id = fit(&gateway.id, 19).into();
    [" ".into(), fit(zone, 15).into(), "NAT gateway".into(), "".into(), id, gateway.state.as_str().into(), "".into()]
}

fn brush(condition: Condition) -> fn(Paint, &str) -> String {
    match condition {
        Condition::Healthy => Paint::good,
        Condition::Failed => Paint::bad,
        Condition::Launching => Paint::warn,
        Condition::Leaving => Paint::dim,
    }
}

fn marker(changed: bool) -> Cell {
    if changed { Cell("◆".to_owned(), Paint::accent) } else { " ".into() }
}

fn route_lines(paint: Paint, network: &Network, before: Option<&Network>) -> Vec<String> {
    let mut rows: Vec<[Cell; 5]> = Vec::new();
    for table in network.tables() {
        rows.extend(bundles(table, before).iter().map(|bundle| route_row(table, bundle)));
    }
    let gone = before.into_iter().flat_map(|before| network.changes(before)).filter(|change| change.now.is_none());
    rows.extend(gone.filter_map(|change| change.was.map(|was| gone_row(change.table, was))));
    // What changed is the story: where there is too much, the rest is only counted.
    let rest = rows.len().saturating_sub(MOST);
    if rest > 0 {
        rows.sort_by_key(|[Cell(mark, _), ..]| mark == " ");
        rows.truncate(MOST);
    }
    name_once(&mut rows);
    let mut lines = grid(paint, INDENT, &rows);
    if rest > 0 {
        lines.push(paint.dim(&format!("{INDENT}   and {} more", count(rest, "line"))));
    }
    lines
}

/// Routes of a table that go to the same target, and went to the same one before.
struct Bundle<'a> {
    routes: Vec<&'a Route>,
    was: Option<&'a Route>,
}

fn bundles<'a>(table: &'a Table, before: Option<&'a Network>) -> Vec<Bundle<'a>> {
    let mut bundles: Vec<Bundle<'a>> = Vec::new();
    let key = |route: &Route| (route.target.clone(), route.state, route.changed);
    // A local route can't be moved: it is no part of the story.
    for route in table.routes.iter().filter(|route| route.target != "local") {
        let was = before.and_then(|before| before.route(&table.id, &route.destination)).filter(|_| route.changed);
        let alike = |bundle: &&mut Bundle<'_>| {
            bundle.was.map(key) == was.map(key) && bundle.routes.first().is_some_and(|first| key(first) == key(route))
        };
        match bundles.iter_mut().find(alike) {
            Some(bundle) => bundle.routes.push(route),
            None => bundles.push(Bundle { routes: vec![route], was }),
        }
    }
    bundles
}

/// A table's name only on its first line.
fn name_once(rows: &mut [[Cell; 5]]) {
    let mut last = String::new();
    for [_, Cell(name, _), ..] in rows {
        if *name == last {
            name.clear();
        } else {
            last.clone_from(name);
        }
    }
}

fn label(table: &Table) -> String {
    let name = if table.name.is_empty() { &table.id } else { &table.name };
    fit(name, 20) + if table.edge { " (edge)" } else { "" }
}

fn route_row(table: &Table, bundle: &Bundle<'_>) -> [Cell; 5] {
    let Some(route) = bundle.routes.first() else { return ["", "", "", "", ""].map(Cell::from) };
    let target = Cell(format!("→ {}", fit(&route.target, 21)), if route.lost() { Paint::bad } else { plain });
    [marker(route.changed), label(table).into(), destinations(&bundle.routes).into(), target, remark(route, bundle.was)]
}

fn plain(_: Paint, text: &str) -> String {
    super::paint::clean(text)
}

fn destinations(routes: &[&Route]) -> String {
    let first = routes.first().map_or("", |route| route.destination.as_str());
    match routes {
        [_] => fit(first, 24),
        [_, second] if first.len() + second.destination.len() < 24 => format!("{first}, {}", second.destination),
        _ => format!("{} + {}", fit(first, 20), routes.len() - 1),
    }
}

/// Whose instance it is, and what it was before: by group where that tells them apart.
fn remark(route: &Route, was: Option<&Route>) -> Cell {
    let owner = route.owner.as_deref().unwrap_or_default();
    let was = match was {
        _ if !route.changed => String::new(),
        None => "new".to_owned(),
        Some(was) if was.target == route.target && was.lost() => "was a blackhole".to_owned(),
        Some(was) if was.target == route.target => String::new(),
        Some(was) => match was.owner.as_deref() {
            Some(group) if group != owner => format!("was {}", fit(group, 14)),
            _ => format!("was {}", fit(&was.target, 14)),
        },
    };
    let lost = if route.lost() { "✗ blackhole" } else { "" };
    let owner = fit(owner, 14);
    let parts = [lost, &owner, &was].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>();
    let brush = match route {
        _ if route.lost() => Paint::bad,
        _ if route.changed => Paint::accent,
        _ => Paint::dim,
    };
    Cell(parts.join(", "), brush)
}

fn gone_row(table: &Table, route: &Route) -> [Cell; 5] {
    let target = Cell("removed".to_owned(), Paint::accent);
    let was = format!("was {}", fit(&route.target, 21)).into();
    [marker(true), label(table).into(), destinations(&[route]).into(), target, was]
}
