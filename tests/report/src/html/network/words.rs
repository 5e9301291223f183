//! The network in words: the pictures' text alternative, and tables with every id at full length.

use maud::{Markup, html};

use crate::network::{Change, Network, Route};
use crate::text::count;

/// A few sentences: who is in service, and where each table's routes go.
pub(super) fn sentences(network: &Network, before: Option<&Network>) -> String {
    let mut all: Vec<String> = Vec::new();
    for group in network.groups() {
        let instances: Vec<String> =
            group.instances.iter().map(|i| format!("{} {}", i.id, group.condition(i).word())).collect();
        all.push(format!("Group {}, alarm {}: {}.", group.name, group.alarm.word(), instances.join(", ")));
    }
    all.extend(network.nat_gateways.iter().map(|gateway| format!("NAT gateway {} {}.", gateway.id, gateway.state)));
    all.extend(network.tables().map(|table| {
        let routes: Vec<String> = table.routes.iter().map(way).collect();
        format!("Table {}: {}.", table.name, routes.join(", "))
    }));
    if let Some(before) = before {
        all.push(format!("{} changed.", count(network.changes(before).len(), "route")));
    }
    all.join(" ")
}

fn way(route: &Route) -> String {
    let changed = if route.changed { ", changed" } else { "" };
    format!("{} to {}{changed}", route.destination, target(Some(route)))
}

fn target(route: Option<&Route>) -> String {
    match route {
        None => "no route".to_owned(),
        Some(route) if route.lost() => format!("{} (blackhole)", route.target),
        Some(route) => route.target.clone(),
    }
}

/// What changed, and both states whole.
pub(super) fn details(before: &Network, after: &Network) -> Markup {
    let changes = if before == after { Vec::new() } else { after.changes(before) };
    html! {
        details.words {
            summary { "The network in words" @if !changes.is_empty() { ": " (count(changes.len(), "route")) " changed" } }
            @if !changes.is_empty() { (self::changes(&changes)) }
            (state(if before == after { "Before and after" } else { "Before" }, before))
            @if before != after { (state("After", after)) }
        }
    }
}

fn changes(changes: &[Change<'_>]) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label="Routes that changed" {
            table {
                caption { "Routes that changed" }
                thead { tr { th { "table" } th { "destination" } th { "before" } th { "after" } } }
                tbody {
                    @for change in changes {
                        @let destination = change.now.or(change.was).map_or("", |route| &route.destination);
                        tr {
                            td { (change.table.name) } td.id { (destination) }
                            td.id { (target(change.was)) } td.id { b { (target(change.now)) } }
                        }
                    }
                }
            }
        }
    }
}

fn state(caption: &str, network: &Network) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label={ (caption) ", in words" } {
            table {
                caption { (caption) ": instances and gateways" }
                thead { tr { th { "zone" } th { "group" } th { "alarm" } th { "instance" } th { "condition" } th { "AWS says" } th { "falls back to" } } }
                tbody {
                    @for zone in &network.zones { @for group in &zone.groups { @for instance in &group.instances {
                        tr {
                            td { (zone.name) } td { (group.name) } td { (group.alarm.word()) } td.id { (instance.id) }
                            td { (group.condition(instance).word()) }
                            td { (instance.state) ", " (instance.health) ", " (instance.lifecycle) }
                            td.id { (group.fallback.as_deref().unwrap_or_default()) }
                        }
                    } } }
                    @for gateway in &network.nat_gateways {
                        tr {
                            td { (gateway.zone.as_deref().unwrap_or("all zones")) } td { "NAT gateway" } td {}
                            td.id { (gateway.id) } td {} td { (gateway.state) } td {}
                        }
                    }
                }
            }
            table {
                caption { (caption) ": routes" }
                thead { tr { th { "table" } th { "id" } th { "home of" } th { "destination" } th { "target" } th { "owner" } } }
                tbody {
                    @for (table, route) in network.routes() {
                        tr {
                            td { (table.name) @if table.edge { " (edge)" } } td.id { (table.id) }
                            td { (table.home_of.as_deref().unwrap_or_default()) } td.id { (route.destination) }
                            td.id { (target(Some(route))) } td { (route.owner.as_deref().unwrap_or_default()) }
                        }
                    }
                }
            }
        }
    }
}
