//! OpenSSH's client: what tries the keys should not be the code that is tried.

use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::Stdio;

use local_aws::Node;
use tokio::process::Command;

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

/// Tries a key at all nodes.
pub(super) async fn everywhere(nodes: &[Node], user: &str, private_key: &str) -> Result<LoggedIn> {
    let folder = tempfile::tempdir()?;
    let key = folder.path().join("key");
    let file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&key);
    file?.write_all(private_key.as_bytes())?;
    let mut open = Vec::new();
    for node in nodes {
        if logs_in(node, user, &key, folder.path()).await? {
            open.push(node.address().to_string());
        }
    }
    Ok(match open.len() {
        0 => LoggedIn::Nowhere,
        all if all == nodes.len() => LoggedIn::Everywhere,
        _ => LoggedIn::Somewhere(open),
    })
}

async fn logs_in(node: &Node, user: &str, key: &Path, folder: &Path) -> Result<bool> {
    let known_hosts = folder.join("known_hosts");
    let host = format!("[{}]:{}", node.address(), node.port());
    let trusted: String = node.host_keys().iter().map(|key| format!("{host} {key}\n")).collect();
    std::fs::write(&known_hosts, trusted)?;
    let mut ssh = Command::new("ssh");
    ssh.args([
        "-F",
        "none",
        "-T",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=yes",
        "-o",
        "IdentitiesOnly=yes",
    ]);
    ssh.args(["-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"]);
    ssh.arg("-o").arg(format!("UserKnownHostsFile={}", known_hosts.display())).arg("-i").arg(key);
    ssh.args(["-p", &node.port().to_string(), &format!("{user}@{}", node.address()), "id -un"]);
    let output = ssh.stdin(Stdio::null()).output().await?;
    let said = String::from_utf8_lossy(&output.stderr);
    match output.status.code() {
        Some(0) if output.stdout == format!("{user}\n").as_bytes() => Ok(true),
        Some(255) if said.contains("Permission denied") => Ok(false),
        _ => Err(format!("ssh to {host}: {}: {said}", output.status).into()),
    }
}
