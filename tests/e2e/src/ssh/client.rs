//! OpenSSH's client: what tries the keys should not be the code that is tried.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;

use local_aws::Node;
use tokio::process::{Child, Command};

use crate::Result;

/// Where a key logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoggedIn {
    /// At every node.
    Everywhere,
    /// At none.
    Nowhere,
    /// At these addresses.
    Somewhere(Vec<String>),
}

/// What came of a key at a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Login {
    /// It logs in.
    In,
    /// The node refuses it.
    Refused,
    /// The host that answers has another host key than the node had at its start.
    OtherHost,
}

/// Tries a key at all nodes, at once. In their order.
pub(super) async fn each(nodes: &[Node], user: &str, private_key: &str) -> Result<Vec<Login>> {
    let folder = tempfile::tempdir()?;
    let key = folder.path().join("key");
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&key);
    file?.write_all(private_key.as_bytes())?;
    let mut clients = Vec::new();
    for (at, node) in nodes.iter().enumerate() {
        clients.push(start(node, user, &key, &folder.path().join(format!("known_hosts-{at}")))?);
    }
    let mut logins = Vec::new();
    for (client, node) in clients.into_iter().zip(nodes) {
        logins.push(end(client, node, user).await?);
    }
    Ok(logins)
}

/// The same, in a word.
pub(super) async fn everywhere(nodes: &[Node], user: &str, private_key: &str) -> Result<LoggedIn> {
    let logins = each(nodes, user, private_key).await?;
    if let Some((_, node)) = logins.iter().zip(nodes).find(|(login, _)| **login == Login::OtherHost) {
        return Err(format!("{} has another host key than at its start", node.address()).into());
    }
    let open = logins.iter().zip(nodes).filter(|(login, _)| **login == Login::In);
    let open: Vec<_> = open.map(|(_, node)| node.address().to_string()).collect();
    Ok(match open.len() {
        0 => LoggedIn::Nowhere,
        all if all == nodes.len() => LoggedIn::Everywhere,
        _ => LoggedIn::Somewhere(open),
    })
}

fn start(node: &Node, user: &str, key: &Path, known_hosts: &Path) -> Result<Child> {
    let host = format!("[{}]:{}", node.address(), node.port());
    let trusted: Vec<_> = node.host_keys().iter().map(|key| format!("{host} {key}")).collect();
    std::fs::write(known_hosts, trusted.join("\n") + "\n")?;
    let mut ssh = Command::new("ssh");
    ssh.args(["-F", "none", "-T", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes"]);
    ssh.args(["-o", "IdentitiesOnly=yes", "-o", "PreferredAuthentications=publickey"]);
    ssh.args(["-o", "KexAlgorithms=curve25519-sha256"]); // the usual one, sntrup761, is most of a login's time
    ssh.args(["-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"]);
    ssh.arg("-o").arg(format!("UserKnownHostsFile={}", known_hosts.display())).arg("-i").arg(key);
    ssh.args(["-p", &node.port().to_string(), &format!("{user}@{}", node.address()), "id -un"]);
    Ok(ssh.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?)
}

async fn end(client: Child, node: &Node, user: &str) -> Result<Login> {
    let output = client.wait_with_output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) if output.stdout == format!("{user}\n").as_bytes() => Ok(Login::In),
        Some(255) if said.contains("Permission denied") => Ok(Login::Refused),
        Some(255) if said.contains("Host key verification failed") => Ok(Login::OtherHost),
        _ => Err(format!("ssh to {}: {}: {said}", node.address(), output.status).into()),
    }
}
