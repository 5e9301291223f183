//! The layout as SVG.

use maud::{Markup, html};

use super::super::icons;
use super::layout::{GROUP_HEAD, Layout, NODE, Placed, ROW, Spot, TABLE_HEAD, Way, px};
use super::plan::{Kind, Node};
use super::wires;
use crate::network::{AlarmState, Group, Route, Table};
use crate::text::fit;

/// The picture; `words` say the same to those who don't see it.
pub(super) fn picture(layout: &Layout<'_>, words: &str) -> Markup {
    let view = format!("0 0 {} {}", layout.width + 1, layout.height + 1);
    html! {
        // Much smaller, the labels can't be read: then the picture scrolls.
        svg.network style={ "min-width:" (layout.width * if layout.zones.len() > 4 { 70 } else { 85 } / 100) "px" } viewBox=(view) width=(layout.width + 1) height=(layout.height + 1) role="img" aria-label=(words) {
            // Half a pixel, so that thin lines are sharp.
            g transform="translate(.5 .5)" {
                @for zone in &layout.zones { (self::zone(zone)) }
                @for group in &layout.groups { (self::group(group)) }
                @for spot in &layout.nodes { (node(spot)) }
                @for table in &layout.tables { (self::table(table)) }
                @for way in &layout.ways { (self::way(way)) }
                @for stub in &layout.stubs { (self::stub(*stub)) }
            }
        }
    }
}

/// Characters that fit: a mono glyph is about 0.61 of its size wide.
fn room(width: i32, size: i32) -> usize {
    usize::try_from(width * 100 / (size * 61)).unwrap_or(0)
}

fn put(x: i32, y: i32) -> String {
    format!("translate({x} {y})")
}

fn zone(zone: &Placed<&str>) -> Markup {
    html! {
        rect.zone x=(zone.x) y=(zone.y) width=(zone.width) height=(zone.height) rx="10" {}
        text.zone-name x=(zone.x + 14) y="22" { (fit(zone.what, room(zone.width - 28, 12))) }
    }
}

fn group(placed: &Placed<&Group>) -> Markup {
    let (group, x, y) = (placed.what, placed.x, placed.y);
    let class = match group.alarm {
        AlarmState::Ok => "alarm alarm-ok",
        AlarmState::Alarm => "alarm alarm-on",
        AlarmState::InsufficientData => "alarm alarm-none",
    };
    let word = group.alarm.word();
    let badge = px(word.len()) * 8 + 26;
    html! {
        rect.group x=(x) y=(y) width=(placed.width) height=(placed.height) rx="7" {}
        text.name x=(x + 10) y=(y + 20) { (fit(&group.name, room(placed.width - badge - 28, 12))) }
        g class=(class) {
            g transform=(put(x + placed.width - badge + 6, y + 16)) { (icons::alarm(group.alarm)) }
            text x=(x + placed.width - 10) y=(y + 20) text-anchor="end" { (word) }
        }
        @if group.instances.is_empty() {
            text.none x=(x + placed.width / 2) y=(y + GROUP_HEAD + NODE / 2 + 4) text-anchor="middle" { "no instance" }
        }
    }
}

fn node(placed: &Placed<Spot<'_>>) -> Markup {
    let (id, class, icon, word, rest) = match placed.what.node {
        Node::Instance(group, instance) => {
            let condition = group.condition(instance);
            (&instance.id, condition.word(), icons::condition(condition), condition.word(), instance.words())
        }
        Node::Gateway(gateway) => (&gateway.id, "gateway", icons::gateway(), "NAT gateway", gateway.state.clone()),
    };
    let (x, y, fresh) = (placed.x, placed.y, placed.what.fresh);
    html! {
        g class={ "node " (class) @if fresh { " fresh" } } {
            title { (id) ": " (word) " · " (rest) }
            rect x=(x) y=(y) width=(placed.width) height=(placed.height) rx="6" {}
            g transform=(put(x + 20, y + placed.height / 2)) { (icon) }
            text.id x=(x + 36) y=(y + 18) { (fit(id, room(placed.width - 52, 11))) }
            text.state x=(x + 36) y=(y + 33) {
                tspan.word { (word) }
                tspan.rest dx="6" { (fit(&rest, room(placed.width - 46 - px(word.len()) * 6, 9))) }
            }
            @if fresh { g.changed transform=(put(x + placed.width - 11, y + 13)) { (icons::changed()) } }
        }
    }
}

fn table(placed: &Placed<&Table>) -> Markup {
    let (table, x, y, width) = (placed.what, placed.x, placed.y, placed.width);
    let room_for_name = if table.edge { width - 66 } else { width - 20 };
    let home = table.home_of.as_deref().map(|group| format!("home of {group}"));
    html! {
        rect.table x=(x) y=(y) width=(width) height=(placed.height) rx="7" {}
        text.name x=(x + 10) y=(y + 18) { (fit(&table.name, room(room_for_name, 12))) }
        @if table.edge {
            rect.pill x=(x + width - 46) y=(y + 6) width="37" height="16" rx="8" {}
            text.pill x=(x + width - 27) y=(y + 18) text-anchor="middle" { "edge" }
        }
        text.sub x=(x + 10) y=(y + 32) { (table.id) }
        text.sub.sans x=(x + 10) y=(y + 45) { (fit(&home.unwrap_or_default(), room(width - 20, 10))) }
        path.rule d={ "M" (x) " " (y + TABLE_HEAD - 3) "h" (width) } {}
        @for (n, route) in table.routes.iter().enumerate() {
            (self::route(route, x, y + TABLE_HEAD + px(n) * ROW, width))
        }
    }
}

fn route(route: &Route, x: i32, y: i32, width: i32) -> Markup {
    let class = match Kind::of(route) {
        Kind::Plain => "route",
        Kind::Lost => "route lost",
        Kind::Changed => "route changed",
    };
    let all = room(width - 46, 10);
    // The arrow tells the target too, so the destination comes first.
    let target = fit(&route.target, all.saturating_sub(route.destination.chars().count()).clamp(11, 21));
    let destination = fit(&route.destination, all.saturating_sub(target.chars().count()));
    html! {
        g class=(class) data-changed[route.changed] {
            title { (route.destination) " → " (route.target) @if route.lost() { " (blackhole)" } }
            @if route.lost() || route.changed {
                rect.tint x=(x + 1) y=(y) width=(width - 2) height=(ROW - 1) {}
            }
            g transform=(put(x + 11, y + 9)) {
                @if route.changed { (icons::changed()) } @else if route.lost() { (icons::lost()) }
            }
            text x=(x + 20) y=(y + 13) { (destination) }
            text.target x=(x + width - 8) y=(y + 13) text-anchor="end" { (target) }
        }
    }
}

fn way(way: &Way) -> Markup {
    let class = match way.kind {
        Kind::Plain => "way",
        Kind::Lost => "way lost",
        Kind::Changed => "way changed",
    };
    let path: String = way.lines.iter().map(|line| wires::path(line)).collect();
    let end = way.lines.first().and_then(|line| line.first());
    let starts = way.lines.iter().filter_map(|line| line.last());
    html! {
        // The halo makes a bridge of every crossing.
        path.halo d=(path) {}
        g class=(class) {
            path d=(path) {}
            @for (x, y) in starts { circle cx=(x) cy=(y) r="2.5" {} }
            @if let Some((x, y)) = end {
                @if way.kind == Kind::Lost {
                    g.cross transform=(put(x - 9, *y)) { circle r="5" {} (icons::lost()) }
                } @else {
                    path.head d={ "M" (x) " " (y) "l-8 -4.5v9z" } {}
                }
            }
        }
    }
}

fn stub((x, y): (i32, i32)) -> Markup {
    html! {
        g.way.lost {
            path d={ "M" (x - 14) " " (y) "H" (x) } {}
            g.cross transform=(put(x - 11, y)) { circle r="5" {} (icons::lost()) }
        }
    }
}
