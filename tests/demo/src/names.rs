//! Route tables by their names. The function writes ids, but a reader knows the tables from the picture.

use std::collections::BTreeMap;

use report::Network;

use crate::network::routes;

/// From a route table's id to its name.
pub(crate) struct Names(BTreeMap<String, String>);

impl Names {
    /// The names in a network.
    pub(crate) fn of(network: &Network) -> Self {
        let tables = routes(network).map(|(table, _)| table).filter(|table| !table.name.is_empty());
        Self(tables.map(|table| (table.id.clone(), table.name.clone())).collect())
    }

    /// A text with names for ids.
    pub(crate) fn put_in(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (id, name)| text.replace(id, name))
    }
}
