//! Nodes: each an OpenSSH server with a system of its own.

#[path = "common/ssh.rs"]
mod ssh;

use std::time::{Duration, Instant};

use local_aws::{LocalAws, Node, NodeOptions};
use ssh::SshKey;

type TestResult = Result<(), Box<dyn std::error::Error>>;

const KEYS: &str = "/home/ec2-user/.ssh/authorized_keys";

#[tokio::test]
async fn a_key_in_authorized_keys_lets_in_and_no_other() -> TestResult {
    let account = LocalAws::shared().await?.account();
    let node = account.start_node(NodeOptions::new().user("ec2-user").user("ubuntu")).await?;
    let (right, wrong) = (SshKey::new()?, SshKey::new()?);
    node.write(KEYS, &format!("{}\n", right.public)).await?;
    assert_eq!(node.read(KEYS).await?.trim(), right.public);
    assert_eq!(right.run(&node, "ec2-user", "id -un; pwd").await?.as_deref(), Some("ec2-user\n/home/ec2-user\n"));
    assert_eq!(wrong.run(&node, "ec2-user", "true").await?, None);
    assert_eq!(right.run(&node, "ubuntu", "true").await?, None);
    Ok(())
}

#[tokio::test]
async fn wrong_modes_are_refused_as_sshd_refuses_them() -> TestResult {
    let account = LocalAws::shared().await?.account();
    let node = account.start_node(NodeOptions::new().user("ec2-user")).await?;
    let key = SshKey::new()?;
    node.write(KEYS, &format!("{}\n", key.public)).await?;
    assert!(key.run(&node, "ec2-user", "true").await?.is_some());
    node.run("chmod 0777 /home/ec2-user/.ssh").await?;
    assert_eq!(key.run(&node, "ec2-user", "true").await?, None);
    Ok(())
}

#[tokio::test]
async fn users_files_and_processes_are_the_nodes_own() -> TestResult {
    let account = LocalAws::shared().await?.account();
    let one = account.start_node(NodeOptions::new().user("only-here")).await?;
    let two = account.start_node(NodeOptions::new()).await?;
    one.run("echo x > /root/mine; echo x > /tmp/mine; echo x > /run/mine; echo x > /home/mine").await?;
    for path in ["/root/mine", "/tmp/mine", "/run/mine", "/home/mine", "/home/only-here"] {
        assert_eq!(one.run(&format!("test -e {path}")).await?.exit_code, Some(0), "{path}");
        assert_eq!(two.run(&format!("test -e {path}")).await?.exit_code, Some(1), "{path}");
        assert!(!std::path::Path::new(path).exists(), "{path} on this machine");
    }
    assert_ne!(one.run("touch /usr/lib/mine").await?.exit_code, Some(0), "the rest cannot be written");
    assert_eq!(one.run("getent passwd only-here").await?.exit_code, Some(0));
    assert_eq!(two.run("getent passwd only-here").await?.exit_code, Some(2));
    assert_eq!(one.run("getent shadow only-here | cut -d: -f2").await?.stdout, "*\n");
    let processes = one.run("ls /proc | grep -c '^[0-9]'").await?.stdout;
    assert!(processes.trim().parse::<u32>()? < 20, "{processes} processes");
    Ok(())
}

#[tokio::test]
async fn sshd_tells_its_configuration_and_host_keys() -> TestResult {
    let account = LocalAws::shared().await?.account();
    let options = NodeOptions::new().user("ec2-user").sshd_option("AuthorizedKeysFile .ssh/authorized_keys");
    let node = account.start_node(options).await?;
    let settings = node.run("/usr/sbin/sshd -T").await?;
    assert_eq!(settings.exit_code, Some(0), "{}", settings.stderr);
    for line in ["usepam no", "strictmodes yes", "passwordauthentication no", "authorizedkeysfile .ssh/authorized_keys"]
    {
        assert!(settings.stdout.lines().any(|is| is == line), "{line}: {}", settings.stdout);
    }
    let scanned = keyscan(&node).await?;
    assert_eq!(node.host_keys().len(), 2);
    assert!(node.host_keys().iter().all(|key| scanned.contains(key)), "{scanned}");
    let other = account.start_node(NodeOptions::new()).await?;
    assert_ne!(other.host_keys(), node.host_keys());
    Ok(())
}

#[tokio::test]
async fn scripts_run_as_the_agent_runs_them() -> TestResult {
    let account = LocalAws::shared().await?.account();
    let node = account.start_node(NodeOptions::new()).await?;
    let ran = node.run("id -u; pwd; echo \"home=${HOME-unset}\"; echo oops >&2; exit 3").await?;
    assert_eq!(
        (ran.exit_code, ran.stdout.as_str(), ran.stderr.as_str()),
        (Some(3), "0\n/usr/bin\nhome=unset\n", "oops\n")
    );
    let with_bash = node.run("#!/bin/bash\necho ${BASH_VERSION:+bash}").await?;
    assert_eq!(with_bash.stdout, "bash\n", "the first line counts");
    let begun = Instant::now();
    let left = node.run("sleep 30 & echo started").await?;
    assert_eq!(left.stdout, "started\n");
    assert!(begun.elapsed() < Duration::from_secs(10), "what runs in the background holds nobody up");
    Ok(())
}

#[tokio::test]
async fn sshd_stops_and_starts_with_the_same_keys() -> TestResult {
    let account = LocalAws::shared().await?.account();
    let node = account.start_node(NodeOptions::new().user("ec2-user")).await?;
    let key = SshKey::new()?;
    node.write(KEYS, &format!("{}\n", key.public)).await?;
    node.stop_sshd();
    assert_eq!(key.run(&node, "ec2-user", "true").await?, None);
    assert_eq!(node.run("true").await?.exit_code, Some(0), "the agent runs on");
    node.start_sshd().await?;
    assert!(key.run(&node, "ec2-user", "true").await?.is_some());
    Ok(())
}

#[tokio::test]
async fn a_node_is_an_instance_with_its_address_and_tags() -> TestResult {
    let account = LocalAws::shared().await?.account();
    let node = account.start_node(NodeOptions::new().tag("role", "worker")).await?;
    let filter = [("Filter.1.Name", "tag:role"), ("Filter.1.Value.1", "worker")];
    let answer = account.control("ec2", "DescribeInstances", &filter).await?;
    assert_eq!(answer.text("instanceId")?, node.instance_id());
    assert_eq!(answer.text("privateIpAddress")?, node.address().to_string());
    Ok(())
}

#[tokio::test]
async fn fifty_nodes_start_together_and_are_gone_with_their_handles() -> TestResult {
    let account = LocalAws::shared().await?.account();
    let begun = Instant::now();
    let nodes = account.start_nodes(50, &NodeOptions::new().user("ec2-user")).await?;
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}, on a busy machine", begun.elapsed());
    let mut addresses: Vec<_> = nodes.iter().map(|node| (node.address(), node.port())).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 50);
    drop(nodes);
    let answer = |address: &(std::net::Ipv4Addr, u16)| std::net::TcpStream::connect(address).is_ok();
    let begun = Instant::now();
    while addresses.iter().any(answer) {
        assert!(begun.elapsed() < Duration::from_secs(10), "nodes outlive their handles");
    }
    Ok(())
}

#[tokio::test]
async fn names_that_are_no_users_are_refused() -> TestResult {
    let account = LocalAws::shared().await?.account();
    for name in ["root", "Upper", "a b", "a:b", "../x", ""] {
        assert!(account.start_node(NodeOptions::new().user(name)).await.is_err(), "{name:?}");
    }
    Ok(())
}

/// What `ssh-keyscan` finds.
async fn keyscan(node: &Node) -> Result<String, Box<dyn std::error::Error>> {
    let mut command = std::process::Command::new("ssh-keyscan");
    command.args(["-T", "10", "-p", &node.port().to_string(), &node.address().to_string()]);
    let output = tokio::task::spawn_blocking(move || command.output()).await??;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
