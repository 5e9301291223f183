//! NAT failover: its networks, read from EC2, Auto Scaling and CloudWatch, and what happens to them.

mod answer;
mod network;
mod scenarios;
mod scene;
mod seen;
mod world;

use report::Network;
pub(crate) use scenarios::play;

use crate::names::Names;

/// Route tables by their names. The function writes ids, but a reader knows the tables from the picture.
fn names(network: &Network) -> Names {
    let tables = network::routes(network).map(|(table, _)| table).filter(|table| !table.name.is_empty());
    tables.map(|table| (table.id.clone(), table.name.clone())).collect()
}
