//! What is to be drawn: columns, the things that routes point at, and the trunks of routes that lead to them.

use super::layout;
use crate::network::{Group, Instance, NatGateway, Network, Route, Table, Zone};

/// A zone, or what belongs to no zone.
pub(super) struct Column<'a> {
    pub(super) name: &'a str,
    pub(super) groups: &'a [Group],
    pub(super) gateways: Vec<&'a NatGateway>,
    pub(super) tables: &'a [Table],
}

/// Something that a route may point at, in the order in which it is drawn.
#[derive(Clone, Copy)]
pub(super) enum Node<'a> {
    Instance(&'a Group, &'a Instance),
    Gateway(&'a NatGateway),
}

impl Node<'_> {
    fn is(&self, target: &str) -> bool {
        match self {
            Self::Instance(_, instance) => {
                instance.id == target || instance.interfaces.iter().any(|interface| interface == target)
            }
            Self::Gateway(gateway) => gateway.id == target,
        }
    }
}

/// How a route is drawn.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Plain,
    Lost,
    Changed,
}

impl Kind {
    pub(super) fn of(route: &Route) -> Self {
        match route {
            _ if route.lost() => Self::Lost,
            _ if route.changed => Self::Changed,
            _ => Self::Plain,
        }
    }
}

/// Where a row of a table is: its column, its table, its route.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) column: usize,
    pub(super) table: usize,
    pub(super) route: usize,
}

/// Routes of one kind to one node: they share their way and arrive with one arrowhead.
pub(super) struct Trunk {
    /// The column of the node, and which of the column's nodes it is.
    pub(super) to: (usize, usize),
    pub(super) kind: Kind,
    pub(super) rows: Vec<Row>,
}

impl Trunk {
    fn touches(&self, column: usize) -> bool {
        self.to.0 == column || self.rows.iter().any(|row| row.column == column)
    }

    /// Whether it leads from one zone to another.
    fn crosses(&self) -> bool {
        self.rows.iter().any(|row| row.column != self.to.0)
    }
}

pub(super) struct Plan<'a> {
    pub(super) columns: Vec<Column<'a>>,
    pub(super) trunks: Vec<Trunk>,
}

/// The measures that both pictures of a pair share, so that nothing moves between them but the routes.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) columns: usize,
    /// Vertical lanes beside a zone's boxes.
    pub(super) lanes: usize,
    /// Horizontal tracks between instances and tables.
    pub(super) tracks: usize,
    /// The height of groups and gateways in the fullest column.
    pub(super) above: i32,
}

impl<'a> Plan<'a> {
    pub(super) fn of(network: &'a Network) -> Self {
        let mut columns: Vec<Column<'a>> = network.zones.iter().map(|zone| column(network, zone)).collect();
        let homeless =
            |gateway: &&NatGateway| !network.zones.iter().any(|zone| Some(&zone.name) == gateway.zone.as_ref());
        let gateways: Vec<_> = network.nat_gateways.iter().filter(homeless).collect();
        if !gateways.is_empty() {
            columns.push(Column { name: "all zones", groups: &[], gateways, tables: &[] });
        }
        let trunks = trunks(&columns);
        Self { columns, trunks }
    }

    /// The trunks that need a lane in this column.
    pub(super) fn lanes(&self, column: usize) -> impl Iterator<Item = usize> {
        self.trunks.iter().enumerate().filter(move |(_, trunk)| trunk.touches(column)).map(|(n, _)| n)
    }

    /// The trunks that need a track between the columns.
    pub(super) fn tracks(&self) -> impl Iterator<Item = usize> {
        self.trunks.iter().enumerate().filter(|(_, trunk)| trunk.crosses()).map(|(n, _)| n)
    }
}

impl<'a> Column<'a> {
    pub(super) fn nodes(&self) -> impl Iterator<Item = Node<'a>> {
        let groups = self.groups;
        let instances = groups.iter().flat_map(|group| group.instances.iter().map(move |i| Node::Instance(group, i)));
        instances.chain(self.gateways.clone().into_iter().map(Node::Gateway))
    }
}

impl Frame {
    pub(super) fn of(plan: &Plan<'_>) -> Self {
        Self {
            columns: plan.columns.len(),
            lanes: (0..plan.columns.len()).map(|column| plan.lanes(column).count()).max().unwrap_or(0),
            tracks: plan.tracks().count(),
            above: plan.columns.iter().map(layout::above).max().unwrap_or(0),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        Self {
            columns: self.columns.max(other.columns),
            lanes: self.lanes.max(other.lanes),
            tracks: self.tracks.max(other.tracks),
            above: self.above.max(other.above),
        }
    }
}

fn column<'a>(network: &'a Network, zone: &'a Zone) -> Column<'a> {
    let here = |gateway: &&NatGateway| gateway.zone.as_ref() == Some(&zone.name);
    let gateways = network.nat_gateways.iter().filter(here).collect();
    Column { name: &zone.name, groups: &zone.groups, gateways, tables: &zone.tables }
}

fn trunks(columns: &[Column<'_>]) -> Vec<Trunk> {
    let mut trunks: Vec<Trunk> = Vec::new();
    for (row, route) in rows(columns) {
        let Some(to) = find(columns, &route.target) else { continue };
        let kind = Kind::of(route);
        match trunks.iter_mut().find(|trunk| trunk.to == to && trunk.kind == kind) {
            Some(trunk) => trunk.rows.push(row),
            None => trunks.push(Trunk { to, kind, rows: vec![row] }),
        }
    }
    // What changed is drawn last, over the rest.
    trunks.sort_by_key(|trunk| (trunk.kind, trunk.to));
    trunks
}

fn rows<'a>(columns: &[Column<'a>]) -> Vec<(Row, &'a Route)> {
    let mut rows = Vec::new();
    for (column, c) in columns.iter().enumerate() {
        for (table, t) in c.tables.iter().enumerate() {
            rows.extend(t.routes.iter().enumerate().map(|(route, r)| (Row { column, table, route }, r)));
        }
    }
    rows
}

fn find(columns: &[Column<'_>], target: &str) -> Option<(usize, usize)> {
    let nodes = |(c, column): (usize, &Column<'_>)| Some((c, column.nodes().position(|node| node.is(target))?));
    columns.iter().enumerate().find_map(nodes)
}
