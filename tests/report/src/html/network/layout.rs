//! Where everything goes, in whole pixels. Arrows keep to a gutter beside the boxes and a channel between them, so
//! that none crosses a label.

use std::collections::BTreeMap;

use super::plan::{Column, Frame, Kind, Node, Plan, Row};
use crate::network::{Group, Network, Table};

const GAP: i32 = 14;
const PAD: i32 = 12;
const LANE: i32 = 9;
const TITLE: i32 = 34;
/// Between the last lane and the boxes: room for an arrowhead or a cross.
const LANDING: i32 = 18;

pub(super) const GROUP_HEAD: i32 = 30;
pub(super) const NODE: i32 = 42;
const NODE_GAP: i32 = 6;
const GROUP_GAP: i32 = 10;
const GROUP_PAD: i32 = 8;
pub(super) const TABLE_HEAD: i32 = 54;
pub(super) const ROW: i32 = 19;
const TABLE_FOOT: i32 = 6;

/// A rectangle with what is in it.
pub(super) struct Placed<T> {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) what: T,
}

/// A node's label is drawn; its fresh mark says that it differs from before.
pub(super) struct Spot<'a> {
    pub(super) node: Node<'a>,
    pub(super) fresh: bool,
}

/// The way of one trunk: a polyline for each row, from the node back to the row, so that dashes on shared stretches
/// coincide.
pub(super) struct Way {
    pub(super) kind: Kind,
    pub(super) lines: Vec<Vec<(i32, i32)>>,
}

pub(super) struct Layout<'a> {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) zones: Vec<Placed<&'a str>>,
    pub(super) groups: Vec<Placed<&'a Group>>,
    pub(super) nodes: Vec<Placed<Spot<'a>>>,
    pub(super) tables: Vec<Placed<&'a Table>>,
    pub(super) ways: Vec<Way>,
    /// Ends of blackholes whose target is gone.
    pub(super) stubs: Vec<(i32, i32)>,
}

/// Places that ways lead from and to.
struct Grid<'p, 'a> {
    plan: &'p Plan<'a>,
    frame: Frame,
    /// The width of a column's boxes.
    box_width: i32,
    /// The nodes' places, by column and number.
    nodes: BTreeMap<(usize, usize), (i32, i32)>,
    /// The tables' tops, by column and number.
    tables: BTreeMap<(usize, usize), i32>,
}

/// A count as a length.
pub(super) fn px(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

fn group_height(group: &Group) -> i32 {
    GROUP_HEAD + px(group.instances.len().max(1)) * (NODE + NODE_GAP) - NODE_GAP + GROUP_PAD
}

/// The height of a column's groups and gateways, each with the gap below it.
pub(super) fn above(column: &Column<'_>) -> i32 {
    let groups: i32 = column.groups.iter().map(|group| group_height(group) + GROUP_GAP).sum();
    groups + px(column.gateways.len()) * (NODE + GROUP_GAP)
}

impl<'a> Layout<'a> {
    /// With what differs from `before` marked.
    pub(super) fn of(plan: &Plan<'a>, frame: Frame, before: Option<&Network>) -> Self {
        let box_width = if frame.columns == 3 { 288 } else { 226 };
        let mut grid = Grid { plan, frame, box_width, nodes: BTreeMap::new(), tables: BTreeMap::new() };
        let mut layout = Self {
            width: px(frame.columns) * (grid.zone_width() + GAP) - GAP,
            height: 0,
            zones: Vec::new(),
            groups: Vec::new(),
            nodes: Vec::new(),
            tables: Vec::new(),
            ways: Vec::new(),
            stubs: Vec::new(),
        };
        for (c, column) in plan.columns.iter().enumerate() {
            layout.place_above(&mut grid, c, column, before);
            layout.place_tables(&mut grid, c, column);
        }
        layout.height += PAD;
        for (c, column) in plan.columns.iter().enumerate() {
            let (width, height) = (grid.zone_width(), layout.height);
            layout.zones.push(Placed { x: grid.zone_x(c), y: 0, width, height, what: column.name });
        }
        layout.ways = (0..plan.trunks.len()).filter_map(|trunk| grid.way(trunk)).collect();
        layout.stubs = grid.stubs();
        layout
    }

    fn place_above(&mut self, grid: &mut Grid<'_, 'a>, c: usize, column: &Column<'a>, before: Option<&Network>) {
        let (x, width) = (grid.box_x(c), grid.box_width);
        let (mut y, mut number) = (TITLE, 0);
        let mut spot = |x: i32, y: i32, width: i32, node: Node<'a>, fresh: bool| {
            grid.nodes.insert((c, number), (x, y));
            number += 1;
            self.nodes.push(Placed { x, y, width, height: NODE, what: Spot { node, fresh } });
        };
        for group in column.groups {
            let height = group_height(group);
            self.groups.push(Placed { x, y, width, height, what: group });
            let mut inside = y + GROUP_HEAD;
            for instance in &group.instances {
                let fresh = before.is_some_and(|before| !before.has(group, instance));
                spot(x + GROUP_PAD, inside, width - 2 * GROUP_PAD, Node::Instance(group, instance), fresh);
                inside += NODE + NODE_GAP;
            }
            y += height + GROUP_GAP;
        }
        for gateway in &column.gateways {
            let fresh = before.is_some_and(|before| !before.nat_gateways.contains(gateway));
            spot(x, y, width, Node::Gateway(gateway), fresh);
            y += NODE + GROUP_GAP;
        }
        self.height = self.height.max(y);
    }

    fn place_tables(&mut self, grid: &mut Grid<'_, 'a>, c: usize, column: &Column<'a>) {
        let mut y = grid.tables_y();
        for (t, table) in column.tables.iter().enumerate() {
            let height = TABLE_HEAD + px(table.routes.len()) * ROW + TABLE_FOOT;
            grid.tables.insert((c, t), y);
            self.tables.push(Placed { x: grid.box_x(c), y, width: grid.box_width, height, what: table });
            y += height + GROUP_GAP;
        }
        self.height = self.height.max(y - GROUP_GAP);
    }
}

impl Grid<'_, '_> {
    fn gutter(&self) -> i32 {
        px(self.frame.lanes) * LANE + LANDING
    }

    fn zone_width(&self) -> i32 {
        PAD + self.gutter() + self.box_width + PAD
    }

    fn zone_x(&self, column: usize) -> i32 {
        px(column) * (self.zone_width() + GAP)
    }

    fn box_x(&self, column: usize) -> i32 {
        self.zone_x(column) + PAD + self.gutter()
    }

    /// Where the fullest column's boxes end and the channel begins.
    fn channel_y(&self) -> i32 {
        TITLE + self.frame.above
    }

    fn tables_y(&self) -> i32 {
        self.channel_y() + px(self.frame.tracks) * LANE + PAD + GROUP_GAP
    }

    fn lane_x(&self, column: usize, trunk: usize) -> Option<i32> {
        // Counted from the boxes outwards.
        let lane = self.plan.lanes(column).position(|t| t == trunk)?;
        Some(self.box_x(column) - LANDING - px(lane) * LANE)
    }

    fn row_y(&self, row: Row) -> Option<i32> {
        let top = self.tables.get(&(row.column, row.table))?;
        Some(top + TABLE_HEAD + px(row.route) * ROW + ROW / 2)
    }

    /// Trunks that arrive at the same node stand side by side.
    fn port(&self, trunk: usize) -> Option<(i32, i32)> {
        let to = self.plan.trunks.get(trunk)?.to;
        let (x, y) = *self.nodes.get(&to)?;
        let siblings: Vec<usize> =
            self.plan.trunks.iter().enumerate().filter(|(_, t)| t.to == to).map(|(n, _)| n).collect();
        // The inner lanes arrive below, so that the outer ones needn't cross them.
        let place = px(siblings.iter().rev().position(|n| *n == trunk)?);
        Some((x, y + NODE / 2 + 12 * place - 6 * (px(siblings.len()) - 1)))
    }

    fn way(&self, number: usize) -> Option<Way> {
        let trunk = self.plan.trunks.get(number)?;
        let (port_x, port_y) = self.port(number)?;
        let arrival = self.lane_x(trunk.to.0, number)?;
        let track = self.plan.tracks().position(|t| t == number);
        let track_y = self.channel_y() + PAD / 2 + px(track.unwrap_or(0)) * LANE;
        let line = |row: &Row| {
            let (departure, y) = (self.lane_x(row.column, number)?, self.row_y(*row)?);
            let mut line = vec![(port_x, port_y), (arrival, port_y)];
            if departure != arrival {
                line.extend([(arrival, track_y), (departure, track_y)]);
            }
            line.extend([(departure, y), (self.box_x(row.column), y)]);
            Some(line)
        };
        Some(Way { kind: trunk.kind, lines: trunk.rows.iter().filter_map(line).collect() })
    }

    /// Blackholes that no trunk leads away from: their target isn't there any more.
    fn stubs(&self) -> Vec<(i32, i32)> {
        let mut stubs = Vec::new();
        for (column, c) in self.plan.columns.iter().enumerate() {
            for (table, t) in c.tables.iter().enumerate() {
                for (route, _) in t.routes.iter().enumerate().filter(|(_, route)| route.lost()) {
                    let row = Row { column, table, route };
                    let drawn = self.plan.trunks.iter().any(|trunk| trunk.rows.contains(&row));
                    stubs.extend(self.row_y(row).filter(|_| !drawn).map(|y| (self.box_x(column), y)));
                }
            }
        }
        stubs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Figure;

    type Box = (i32, i32, i32, i32);

    fn outline<T>(placed: &Placed<T>) -> Box {
        (placed.x, placed.y, placed.x + placed.width, placed.y + placed.height)
    }

    fn overlap(a: Box, b: Box) -> bool {
        a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
    }

    /// The whole sample, and 2 to 4 zones at their fullest.
    fn each(check: impl Fn(&Layout<'_>)) {
        let sample = crate::sample::report();
        let fullest = (2..=4).map(crate::sample::crowded);
        for scenario in sample.scenarios().cloned().chain(fullest) {
            for figure in [&scenario.before, &scenario.after] {
                let Figure::Network(network) = figure else { continue };
                let plan = Plan::of(network);
                check(&Layout::of(&plan, Frame::of(&plan), None));
            }
        }
    }

    #[test]
    fn boxes_stand_apart_and_inside_the_picture() {
        each(|layout| {
            let boxes: Vec<Box> = layout.groups.iter().map(outline).chain(layout.tables.iter().map(outline)).collect();
            for (n, a) in boxes.iter().enumerate() {
                assert!(!boxes[..n].iter().any(|b| overlap(*a, *b)), "{a:?}");
                assert!(a.0 >= 0 && a.1 >= 0 && a.2 <= layout.width && a.3 <= layout.height, "{a:?}");
            }
        });
    }

    #[test]
    fn no_arrow_crosses_a_table_or_an_instance() {
        each(|layout| {
            let boxes: Vec<Box> = layout.nodes.iter().map(outline).chain(layout.tables.iter().map(outline)).collect();
            let segments = layout.ways.iter().flat_map(|way| &way.lines).flat_map(|line| line.windows(2));
            for segment in segments {
                let [(x1, y1), (x2, y2)] = *segment else { panic!("a segment has two ends") };
                assert!(x1 == x2 || y1 == y2, "neither horizontal nor vertical: {segment:?}");
                let thin = (x1.min(x2), y1.min(y2), x1.max(x2), y1.max(y2));
                assert!(!boxes.iter().any(|b| overlap(thin, *b)), "{segment:?}");
            }
        });
    }

    #[test]
    fn no_two_trunks_share_a_vertical_stretch() {
        each(|layout| {
            let mut lanes: BTreeMap<i32, usize> = BTreeMap::new();
            for (n, way) in layout.ways.iter().enumerate() {
                for pair in way.lines.iter().flat_map(|line| line.windows(2)).filter(|pair| pair[0].0 == pair[1].0) {
                    assert_eq!(*lanes.entry(pair[0].0).or_insert(n), n, "{pair:?}");
                }
            }
        });
    }
}
