//! A node of the cluster.

use std::fmt;
use std::net::IpAddr;

/// A running EC2 instance that has the tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// Its id.
    pub instance: String,
    /// Its private address: IPv4, or IPv6 in a subnet that has no other.
    pub address: Option<IpAddr>,
}

/// What went wrong at a node, for people: it names the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFailure {
    /// The node's instance.
    pub instance: String,
    /// Why, and what to do.
    pub why: String,
}

impl fmt::Display for NodeFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.instance, self.why)
    }
}
