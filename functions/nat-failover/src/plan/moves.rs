//! Where the routes of instances that are gone, or about to go, shall point instead.

use std::collections::BTreeMap;

use super::pool::Pool;
use super::{Change, NewTarget, Obstacle, Stranded};
use crate::cloud::{Destination, Group, Instance, Route, RouteTable};

/// What becomes of the routes.
#[derive(Default)]
pub(super) struct Moves {
    pub(super) changes: Vec<Change>,
    pub(super) stranded: Vec<Stranded>,
}

/// Moves every route for which `leaves` holds away from `group`, never to one of the `gone`.
pub(super) fn away(pool: &Pool, group: &Group, gone: &[&Instance], leaves: impl Fn(&Route) -> bool) -> Moves {
    let mut moves = Moves::default();
    let mut peers = BTreeMap::new();
    for table in &pool.snapshot.route_tables {
        for route in table.routes.iter().filter(|route| leaves(route)) {
            let peer = peers.entry(&table.vpc).or_insert_with(|| best_peer(pool, group, gone, &table.vpc));
            match target(pool, group, table, &route.destination, peer.clone()) {
                Ok(to) => moves.changes.push(change(table, route, to)),
                Err(why) => moves.stranded.push(Stranded {
                    table: table.id.clone(),
                    destination: route.destination.clone(),
                    why,
                }),
            }
        }
    }
    most_urgent_first(&mut moves.changes);
    moves
}

pub(super) fn change(table: &RouteTable, route: &Route, to: NewTarget) -> Change {
    Change { table: table.id.clone(), destination: route.destination.clone(), from: Some(route.target.clone()), to }
}

/// Default routes first: EC2 lets about 50 changes through at once and then 5 a second.
pub(super) fn most_urgent_first(changes: &mut [Change]) {
    changes.sort_by_key(|change| !change.destination.is_default());
}

fn target(
    pool: &Pool,
    group: &Group,
    table: &RouteTable,
    destination: &Destination,
    peer: Option<NewTarget>,
) -> Result<NewTarget, Obstacle> {
    if let Some(peer) = peer {
        return Ok(peer);
    }
    let id = group.fallback_nat_gateway.as_deref();
    let usable = pool
        .snapshot
        .nat_gateways
        .iter()
        .find(|gateway| Some(gateway.id.as_str()) == id && gateway.available && gateway.vpc == table.vpc);
    match (usable, destination) {
        (None, _) => Err(Obstacle::NoHealthyPeer),
        (Some(_), _) if table.edge => Err(Obstacle::EdgeNeedsPeer),
        (Some(_), Destination::Ipv6(_)) => Err(Obstacle::Ipv6NeedsPeer),
        (Some(gateway), _) => Ok(NewTarget::NatGateway(gateway.id.clone())),
    }
}

/// The peer for routes of one VPC: same zone first, then the one that carries fewest routes, then by name. The routes
/// of the failed group's own tables are not counted, so that a retry half-way chooses the same peer.
fn best_peer(pool: &Pool, failed: &Group, gone: &[&Instance], vpc: &str) -> Option<NewTarget> {
    let candidates = pool.snapshot.groups.iter().filter(|group| pool.is_healthy(group)).filter_map(|group| {
        let instance = serving(pool, group, gone, vpc)?;
        let rank = (!failed.zones.contains(&instance.zone), carried(pool, failed, &group.name), &group.name);
        Some((rank, instance, group))
    });
    let (_, instance, group) = candidates.min_by(|a, b| a.0.cmp(&b.0))?;
    towards(instance, group)
}

/// The route target for an instance, if one of its interfaces has the source/destination check off.
pub(super) fn towards(instance: &Instance, group: &Group) -> Option<NewTarget> {
    Some(NewTarget::Interface {
        interface: instance.nat_interface()?.id.clone(),
        instance: instance.id.clone(),
        group: group.name.clone(),
    })
}

/// The group's instance that can take routes: `InService` and healthy (or arriving), running, forwarding.
fn serving<'a>(pool: &Pool<'a>, group: &Group, gone: &[&Instance], vpc: &str) -> Option<&'a Instance> {
    let members = group.members.iter().filter(|member| pool.serves(member));
    let able = members.filter_map(|member| pool.instance(&member.instance)).filter(|instance| {
        instance.running
            && instance.vpc == vpc
            && instance.nat_interface().is_some()
            && !gone.iter().any(|leaving| leaving.id == instance.id)
    });
    able.min_by(|a, b| a.id.cmp(&b.id))
}

fn carried(pool: &Pool, failed: &Group, peer: &str) -> usize {
    let others = pool.snapshot.route_tables.iter().filter(|table| pool.home_of(table) != Some(failed.name.as_str()));
    others.flat_map(|table| &table.routes).filter(|route| pool.carries(peer, route)).count()
}
