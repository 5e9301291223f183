//! Whom to connect to: addresses whose host keys are on record.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use russh::keys::known_hosts::known_host_keys_path;
use ssh_key::PublicKey;
use ssh_rotation::host_keys::HostKeys;

use crate::arguments::Arguments;
use crate::error::{CopyError, Record};

/// The host keys on record.
pub(crate) enum Trusted {
    /// Those that the rotations recorded.
    Recorded(HostKeys),
    /// Those of a file of OpenSSH's, in which names may be hashed. Keys that it marks as revoked count nowhere.
    File { path: PathBuf, revoked: Vec<PublicKey> },
}

/// An address and the host keys that it may have.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) host_keys: Vec<PublicKey>,
}

/// The trusted addresses of a host, at least one.
pub(crate) struct Peers {
    pub(crate) first: Peer,
    pub(crate) others: Vec<Peer>,
    pub(crate) record: Record,
}

impl Trusted {
    pub(crate) fn file(path: &Path) -> Result<Self, CopyError> {
        let text = std::fs::read_to_string(path);
        let text = text.map_err(|source| CopyError::KnownHosts { path: path.to_owned(), source })?;
        Ok(Self::File { path: path.to_owned(), revoked: revoked(&text) })
    }

    /// The keys of a host, which is an address or a name.
    fn of(&self, host: &str, port: u16) -> Result<Vec<PublicKey>, CopyError> {
        match self {
            Self::Recorded(keys) => Ok(keys.named(host, port).into_iter().cloned().collect()),
            Self::File { path, revoked } => {
                let wrong = |error| CopyError::KnownHostsLine {
                    path: path.clone(),
                    host: host.to_owned(),
                    source: Box::new(error),
                };
                let keys = known_host_keys_path(host, port, path).map_err(wrong)?.into_iter().map(|(_, key)| key);
                Ok(keys.filter(|key| revoked.iter().all(|bad| bad.key_data() != key.key_data())).collect())
            }
        }
    }

    fn record(&self, secret: &str) -> Record {
        match self {
            Self::Recorded(_) => Record::Secret(secret.to_owned()),
            Self::File { path, .. } => Record::File(path.clone()),
        }
    }

    /// A host is on record by its name, which holds for all of its addresses, or by address.
    fn peers(&self, host: &str, addresses: Vec<SocketAddr>) -> Result<Vec<Peer>, CopyError> {
        let mut peers = Vec::new();
        for address in addresses {
            let mut host_keys = self.of(&host.to_lowercase(), address.port())?;
            if host_keys.is_empty() {
                host_keys = self.of(&address.ip().to_string(), address.port())?;
            }
            if !host_keys.is_empty() {
                peers.push(Peer { address, host_keys });
            }
        }
        Ok(peers)
    }
}

/// The addresses of HOST that are trusted.
pub(crate) async fn peers(trusted: &Trusted, arguments: &Arguments) -> Result<Peers, CopyError> {
    let (host, port) = (arguments.host.as_str(), arguments.port);
    let mut peers = trusted.peers(host, resolve(host, port).await?)?.into_iter();
    let record = trusted.record(&arguments.secret);
    match peers.next() {
        Some(first) => Ok(Peers { first, others: peers.collect(), record }),
        None => Err(CopyError::Unknown { host: host.to_owned(), port, record }),
    }
}

async fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, CopyError> {
    if let Ok(address) = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = tokio::net::lookup_host((host, port)).await;
    Ok(found.map_err(|source| CopyError::Resolve { host: host.to_owned(), source })?.collect())
}

/// The keys of the lines `@revoked hosts key`. Whichever hosts they name, such a key is in the wrong hands.
fn revoked(known_hosts: &str) -> Vec<PublicKey> {
    let lines = known_hosts.lines().filter_map(|line| {
        let (_hosts, key) = line.trim().strip_prefix("@revoked")?.trim_start().split_once([' ', '\t'])?;
        PublicKey::from_openssh(key.trim()).ok()
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
    const TWO: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    /// `ssh-keygen -H` of example.com.
    const HASHED: &str = "|1|O33ESRMWPVkMYIwJ1Uw+n877jTo=|nuuC5vEqXlEZ/8BXQR7m619W6Ak=";

    fn key(text: &str) -> PublicKey {
        PublicKey::from_openssh(text).unwrap()
    }

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn file(text: &str) -> (Trusted, tempfile::NamedTempFile) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, text).unwrap();
        (Trusted::file(file.path()).unwrap(), file)
    }

    #[test]
    fn recorded_keys_are_found_by_address_or_by_name() {
        let trusted = Trusted::Recorded(HostKeys::read(&format!("10.0.0.5 {ONE}\n[10.0.0.6]:2222 {TWO}\nweb {TWO}\n")));
        let peer = |address: &str, keys: &str| Peer { address: address.parse().unwrap(), host_keys: vec![key(keys)] };
        let of = |host, at: &[&str]| trusted.peers(host, addresses(at)).unwrap();
        assert_eq!(of("10.0.0.5", &["10.0.0.5:22"]), [peer("10.0.0.5:22", ONE)]);
        assert_eq!(of("node.internal", &["10.0.0.9:2222", "10.0.0.6:2222"]), [peer("10.0.0.6:2222", TWO)]);
        assert_eq!(of("WEB", &["10.0.0.5:22"]), [peer("10.0.0.5:22", TWO)], "the name counts first");
        assert_eq!(of("10.0.0.6", &["10.0.0.6:22"]), [], "another port is another server");
    }

    #[test]
    fn a_file_may_have_several_keys_and_hashed_names() {
        let (trusted, _file) = file(&format!("10.0.0.5,web {ONE}\n10.0.0.5 {TWO}\n{HASHED} {ONE}\n"));
        let of = |host, at: &[&str]| trusted.peers(host, addresses(at)).unwrap();
        assert_eq!(of("10.0.0.5", &["10.0.0.5:22"])[0].host_keys, [key(ONE), key(TWO)]);
        assert_eq!(of("example.com", &["10.0.0.7:22"])[0].host_keys, [key(ONE)]);
        assert_eq!(of("example.org", &["10.0.0.7:22"]), []);
    }

    #[test]
    fn a_revoked_key_counts_nowhere_and_a_missing_file_is_an_error() {
        let (trusted, _file) = file(&format!("10.0.0.5 {ONE}\n@revoked * {ONE}\n@cert-authority 10.0.0.6 {TWO}\n"));
        assert_eq!(trusted.peers("10.0.0.5", addresses(&["10.0.0.5:22"])).unwrap(), []);
        assert_eq!(trusted.peers("10.0.0.6", addresses(&["10.0.0.6:22"])).unwrap(), []);
        assert!(Trusted::file(Path::new("/nowhere/known_hosts")).is_err());
    }

    #[test]
    fn a_line_of_a_host_that_holds_no_key_is_an_error() {
        let (trusted, _file) = file("10.0.0.5 ssh-ed25519 rubbish\n");
        assert!(trusted.peers("10.0.0.5", addresses(&["10.0.0.5:22"])).is_err());
    }
}
