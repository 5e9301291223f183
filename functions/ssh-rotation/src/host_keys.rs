//! The nodes' host keys: printed by the script, recorded with the secret under the label `HOSTKEYS` in the format of
//! OpenSSH's `known_hosts` (sshd(8)), and the trust of testSecret and of clients.
//!
//! They are a version of the same secret, because who may read the private key should know whom to trust with it, and
//! because the version that is being rotated can't be changed any more when the nodes print them.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::IpAddr;

use ssh_key::{Algorithm, EcdsaCurve, PublicKey};

use crate::node::{Node, NodeFailure};

/// The label of the version that holds them.
pub const LABEL: &str = "HOSTKEYS";

/// A secret's value can't be longer: <https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html>.
const LONGEST: usize = 65_536;

/// One host key for each host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostKeys(BTreeMap<String, PublicKey>);

/// More nodes than fit into one secret.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the host keys of {0} nodes are too many for one secret (64 KiB, about 600 nodes); give each part of the cluster a secret and a tag of its own"
)]
pub struct TooManyNodes(usize);

impl HostKeys {
    /// The keys that the nodes printed. Failed are nodes that printed none, and nodes that share an address, as those of
    /// two VPCs can: a login could reach one of them only, and would prove nothing of the other.
    #[must_use]
    pub fn printed(nodes: &[(Node, String)], port: u16) -> (Self, Vec<NodeFailure>) {
        let mut keys = BTreeMap::new();
        let mut failed = Vec::new();
        let shared = |node: &Node| nodes.iter().any(|(other, _)| other.address == node.address && other != node);
        for (node, output) in nodes {
            match (node.address, best(output)) {
                (Some(_), _) if shared(node) => {
                    failed.push(failure(node, "has the same private address as another node"));
                }
                (Some(address), Some(key)) => drop(keys.insert(host(address, port), key)),
                (None, _) => failed.push(failure(node, "has no private address")),
                (_, None) => failed.push(failure(node, "printed no host key (has sshd any? ssh-keygen -A makes them)")),
            }
        }
        (Self(keys), failed)
    }

    /// Reads `known_hosts`. Lines that are of another kind (hashed names, markers, comments) don't count.
    #[must_use]
    pub fn read(known_hosts: &str) -> Self {
        let mut keys = BTreeMap::new();
        for line in known_hosts.lines() {
            let Some((hosts, key)) = line.trim().split_once([' ', '\t']) else { continue };
            let Ok(key) = PublicKey::from_openssh(key.trim()) else { continue };
            for host in hosts.split(',').filter(|host| !host.starts_with(['@', '|', '#', '!'])) {
                keys.insert(host.to_owned(), key.clone());
            }
        }
        Self(keys)
    }

    /// Writes `known_hosts`.
    pub fn write(&self) -> Result<String, TooManyNodes> {
        let line = |(host, key): (&String, &PublicKey)| key.to_openssh().ok().map(|key| format!("{host} {key}\n"));
        let text: String = self.0.iter().filter_map(line).collect();
        if text.len() > LONGEST { Err(TooManyNodes(self.0.len())) } else { Ok(text) }
    }

    /// The key of a host.
    #[must_use]
    pub fn of(&self, address: IpAddr, port: u16) -> Option<&PublicKey> {
        self.named(address, port)
    }

    /// The key of a host by the name under which it stands there.
    #[must_use]
    pub fn named(&self, name: impl Display, port: u16) -> Option<&PublicKey> {
        self.0.get(&host(name, port))
    }

    /// How many hosts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A host as `known_hosts` names it.
fn host(name: impl Display, port: u16) -> String {
    if port == 22 { name.to_string() } else { format!("[{name}]:{port}") }
}

fn failure(node: &Node, why: &str) -> NodeFailure {
    NodeFailure { instance: node.instance.clone(), why: why.to_owned() }
}

/// The best of the keys in a script's output: one is enough, and a secret holds 600 of the shortest kind.
fn best(output: &str) -> Option<PublicKey> {
    let printed = output.lines().filter_map(|line| line.trim().strip_prefix("host-key "));
    let keys = printed.filter_map(|key| PublicKey::from_openssh(key).ok());
    let mut keys: Vec<_> = keys.filter_map(|key| Some((rank(&key.algorithm())?, without_comment(key)))).collect();
    keys.sort_by_key(|(rank, _)| *rank);
    keys.into_iter().next().map(|(_, key)| key)
}

fn rank(algorithm: &Algorithm) -> Option<u8> {
    match algorithm {
        Algorithm::Ed25519 => Some(0),
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 } => Some(1),
        Algorithm::Ecdsa { .. } => Some(2),
        Algorithm::Rsa { .. } => Some(3),
        _ => None,
    }
}

fn without_comment(mut key: PublicKey) -> PublicKey {
    key.set_comment("");
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const ECDSA: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBHwf2HMM5TRXvo2SQJjsNkiDD5KqiiNjrGVv3UUh+mMT5RHxiRtOnlqvjhQtBq0VpmpCV/PwUdhOig4vkbqAcEc=";

    fn node(id: &str, address: &str) -> Node {
        Node { instance: id.into(), address: address.parse().ok() }
    }

    #[test]
    fn the_best_key_that_a_node_printed_is_written_as_known_hosts_and_found_again() {
        let output = format!("host-key {ECDSA}\nhost-key {ED25519} root@node\nuser ec2-user added\n");
        let nodes = [(node("i-1", "10.0.0.1"), output.clone()), (node("i-2", "fd00::1"), format!("host-key {ECDSA}"))];
        for (port, first, second) in [(22, "10.0.0.1", "fd00::1"), (2222, "[10.0.0.1]:2222", "[fd00::1]:2222")] {
            let (keys, failed) = HostKeys::printed(&nodes, port);
            assert_eq!(failed, []);
            let text = keys.write().unwrap();
            let mut lines: Vec<_> = text.lines().collect();
            lines.sort_unstable();
            let mut expected = [format!("{first} {ED25519}"), format!("{second} {ECDSA}")];
            expected.sort_unstable();
            assert_eq!(lines, expected);
            assert_eq!(HostKeys::read(&text), keys);
            assert_eq!(keys.of("10.0.0.1".parse().unwrap(), port).unwrap().to_openssh().unwrap(), ED25519);
            assert_eq!(keys.of("10.0.0.1".parse().unwrap(), 7), None);
        }
    }

    #[test]
    fn a_node_that_printed_no_key_or_has_no_address_is_named() {
        let nodes = [
            (node("i-1", "10.0.0.1"), "host-key ssh-dss AAAA\nhost-key rubbish".to_owned()),
            (node("i-2", "none"), format!("host-key {ED25519}")),
        ];
        let (keys, failed) = HostKeys::printed(&nodes, 22);
        assert!(keys.is_empty());
        let named: Vec<_> = failed.iter().map(|failure| failure.instance.as_str()).collect();
        assert_eq!(named, ["i-1", "i-2"]);
    }

    #[test]
    fn nodes_that_share_an_address_are_both_named() {
        let key = || format!("host-key {ED25519}");
        let nodes =
            [(node("i-1", "10.0.0.1"), key()), (node("i-2", "10.0.0.2"), key()), (node("i-3", "10.0.0.1"), key())];
        let (keys, failed) = HostKeys::printed(&nodes, 22);
        assert_eq!(keys.len(), 1);
        assert_eq!(failed.iter().map(|failure| failure.instance.as_str()).collect::<Vec<_>>(), ["i-1", "i-3"]);
    }

    #[test]
    fn more_nodes_than_fit_are_refused_and_six_hundred_fit() {
        let fleet = |count: u32| {
            let nodes = (0..count).map(|n| {
                (node("i", &format!("10.100.{}.{}", 100 + n / 100, 100 + n % 100)), format!("host-key {ED25519}"))
            });
            HostKeys::printed(&nodes.collect::<Vec<_>>(), 22).0.write()
        };
        assert!(fleet(600).is_ok());
        assert_eq!(fleet(1000), Err(TooManyNodes(1000)));
    }

    #[test]
    fn lines_of_another_kind_do_not_count() {
        let text = format!(
            "# comment\n\n|1|abc= {ED25519}\n@revoked 10.0.0.1 {ED25519}\na,10.0.0.2\t{ED25519} me\n10.0.0.3 junk\n"
        );
        let keys = HostKeys::read(&text);
        assert_eq!(keys.len(), 2, "{keys:?}");
        assert!(keys.of("10.0.0.2".parse().unwrap(), 22).is_some());
        assert!(keys.named("a", 22).is_some() && keys.named("a", 23).is_none() && keys.named("comment", 22).is_none());
    }

    proptest! {
        #[test]
        fn no_output_makes_it_panic(output in "\\PC*|(host-key [a-z0-9-]* [A-Za-z0-9+/=]*\n)*") {
            let _ = HostKeys::printed(&[(node("i", "10.0.0.1"), output.clone())], 22);
            let _ = HostKeys::read(&output);
        }
    }
}
