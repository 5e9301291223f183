//! Nodes: real OpenSSH servers that stand for EC2 instances with an SSM agent.
//!
//! Each is one `sshd` on an address of its own (127.a.b.c), in namespaces of its own: `/etc/passwd`, `/etc/group`,
//! `/etc/shadow`, `/etc/ssh`, `/home`, `/root`, `/run` and `/tmp` are the node's alone, its processes too, and all of it is
//! gone with the last handle or with the test process. What SSM's Run Command sends really runs there, as root.
//!
//! ```no_run
//! # async fn example() -> local_aws::Result<()> {
//! use local_aws::{Agent, LocalAws, NodeOptions};
//! use std::time::Duration;
//!
//! let account = LocalAws::shared().await?.account();
//! account.set_ssm_clock(30.0); // SSM's time-outs pass 30 times faster: TimeoutSeconds=30 ends after a second
//! let options = NodeOptions::new().user("ec2-user").tag("ssh-rotation", "main");
//! let node = account.start_node(options.clone()).await?; // an instance in EC2 too, with these tags and this address
//! let fifty = account.start_nodes(50, &options.agent(Agent::Online)).await?;
//! let (id, address, port) = (node.instance_id(), node.address(), node.port());
//! let ran = node.run("getent passwd ec2-user; exit 3").await?; // as the SSM agent runs a script: root, sh
//! assert_eq!((ran.exit_code, ran.stderr.as_str()), (Some(3), ""));
//! node.write("/home/ec2-user/.ssh/authorized_keys", "ssh-ed25519 AAAA... me\n").await?; // the folder's owner owns it
//! let keys = node.read("/home/ec2-user/.ssh/authorized_keys").await?;
//! let host_keys = node.host_keys(); // "ssh-ed25519 AAAA...", "ecdsa-sha2-nistp256 AAAA..."
//! node.set_agent(Agent::Offline); // SSM knows it, but it does not answer; Agent::Unknown: SSM does not know it
//! node.stop_sshd();
//! node.start_sshd().await?;
//! node.wait_for_associations(1, Duration::from_secs(5)).await?; // how the stack's AWS::SSM::Association ended here
//! account.apply_associations().await?; // as their schedule would
//! # drop((fifty, id, address, port, keys, host_keys));
//! # Ok(())
//! # }
//! ```

mod options;
mod sandbox;
mod setup;
mod start;

use std::net::{Ipv4Addr, SocketAddrV4};
use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

pub use options::{NODE_PORT, NodeOptions};
pub(crate) use sandbox::Ended;
pub(crate) use start::NodeNetwork;
pub use start::random_address;

use crate::account::Account;
use crate::error::{Error, Result};
use crate::process::Process;
use crate::ssm::{Agent, AssociationRun};
use crate::world::AccountState;
use crate::{lock, random, read, ssm};
use sandbox::Sandbox;

/// A running node. It is gone with the last handle.
#[derive(Debug, Clone)]
#[must_use = "a node is gone with its last handle"]
pub struct Node {
    pub(crate) inner: Arc<NodeInner>,
}

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptRun {
    /// Nothing if it was killed.
    pub exit_code: Option<i32>,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

#[derive(Debug)]
pub(crate) struct NodeInner {
    pub(crate) instance_id: String,
    pub(crate) address: SocketAddrV4,
    host_keys: Vec<String>,
    agent: Mutex<Agent>,
    /// Rings when the agent's state or the associations' runs change.
    pub(crate) changed: Notify,
    pub(crate) association_runs: Mutex<Vec<AssociationRun>>,
    /// Whether the agent has been online: associations are applied the first time.
    pub(crate) seen: Mutex<bool>,
    account: Account,
    // Dropped in this order: the server before the namespaces that it is in.
    sshd: Mutex<Option<Process>>,
    sandbox: Sandbox,
}

impl Node {
    /// The EC2 instance that it stands for.
    #[must_use]
    pub fn instance_id(&self) -> &str {
        &self.inner.instance_id
    }

    /// Where sshd listens, and the instance's private address.
    #[must_use]
    pub fn address(&self) -> Ipv4Addr {
        *self.inner.address.ip()
    }

    /// The port of sshd.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.inner.address.port()
    }

    /// The public host keys, each as `ssh-ed25519 AAAA...`.
    #[must_use]
    pub fn host_keys(&self) -> &[String] {
        &self.inner.host_keys
    }

    /// The SSM agent's state.
    #[must_use]
    pub fn agent(&self) -> Agent {
        *lock(&self.inner.agent)
    }

    /// Lets the SSM agent come online, lose its connection, or be unknown to SSM.
    pub fn set_agent(&self, agent: Agent) {
        *lock(&self.inner.agent) = agent;
        self.inner.changed.notify_waiters();
        if agent == Agent::Online {
            ssm::came_online(&self.inner.account, &self.inner);
        }
    }

    /// Runs a script as the SSM agent would: as root, by `sh` from a file, in the agent's environment.
    pub async fn run(&self, script: &str) -> Result<ScriptRun> {
        let ended = self.inner.run_script(&random::uuid(), script, &[], "", Duration::from_hours(1)).await?;
        Ok(ScriptRun { exit_code: ended.exit_code, stdout: text(&ended.stdout), stderr: text(&ended.stderr) })
    }

    /// A file's content.
    pub async fn read(&self, path: &str) -> Result<String> {
        let content = self.inner.successful(&["/bin/cat", "--", path], b"").await?;
        Ok(text(&content))
    }

    /// Writes a file, and makes its folder (0700) if it is not there. Both belong to the owner of the nearest folder
    /// that was there, a new file has mode 0600; a file that was there keeps its own.
    pub async fn write(&self, path: &str, content: &str) -> Result<()> {
        let program = ["/bin/sh", "-c", WRITE, "sh", path];
        self.inner.successful(&program, content.as_bytes()).await.map(drop)
    }

    /// Stops sshd; sessions end too.
    pub fn stop_sshd(&self) {
        lock(&self.inner.sshd).take();
    }

    /// Starts sshd if it does not run, and waits until it says that it listens.
    pub async fn start_sshd(&self) -> Result<()> {
        self.inner.start_sshd().await
    }

    /// The last lines that sshd wrote: `Accepted publickey for ec2-user from 127.0.0.1 port 40000 ssh2: ED25519 SHA256:...`.
    #[must_use]
    pub fn sshd_log(&self) -> Vec<String> {
        let log = lock(&self.inner.sshd).as_ref().map(|sshd| sshd.output.tail());
        log.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// How the stack's associations ended here so far.
    #[must_use]
    pub fn association_runs(&self) -> Vec<AssociationRun> {
        lock(&self.inner.association_runs).clone()
    }

    /// Waits until associations have been applied `count` times in all.
    pub async fn wait_for_associations(&self, count: usize, within: Duration) -> Result<Vec<AssociationRun>> {
        let begun = Instant::now();
        loop {
            let change = self.inner.changed.notified();
            let runs = self.association_runs();
            if runs.len() >= count {
                return Ok(runs);
            }
            if begun.elapsed() >= within {
                let what = format!("{count} associations on {}", self.instance_id());
                return Err(Error::Waited { what, seconds: within.as_secs(), seen: format!("{runs:#?}") });
            }
            let _ = tokio::time::timeout(Duration::from_millis(50), change).await; // then it looks again
        }
    }
}

/// Makes what is missing of the path, all of it the property of who owns what was there.
const WRITE: &str = r#"set -eu; umask 077; there=$1
while [ ! -e "$there" ]; do there=$(dirname -- "$there"); done
owner=$(stat -c %u:%g -- "$there")
make() { [ -e "$1" ] || { make "$(dirname -- "$1")"; mkdir -- "$1"; chown "$owner" -- "$1"; }; }
make "$(dirname -- "$1")"
if [ -e "$1" ]; then cat > "$1"; else cat > "$1"; chown "$owner" -- "$1"; fi"#;

/// What the SSM agent does with a script: writes it to a file that may be executed, and has `sh -c` run the file, so that a
/// first line with `#!` counts. <https://github.com/aws/amazon-ssm-agent/tree/mainline/agent/plugins/runscript>
const AS_THE_AGENT: &str = r#"set -eu; script=$1/_script.sh
install -D -m 0700 /dev/stdin "$script"; cd -- "${2:-/usr/bin}"; set +eu
exec /bin/sh -c "$script" </dev/null"#;

impl NodeInner {
    pub(crate) fn agent(&self) -> Agent {
        *lock(&self.agent)
    }

    /// A script in a folder of its own, named after `id`.
    pub(crate) async fn run_script(
        &self,
        id: &str,
        script: &str,
        environment: &[(String, String)],
        folder: &str,
        limit: Duration,
    ) -> Result<Ended> {
        let path = format!("/run/amazon/ssm/{id}/awsrunShellScript");
        let program = ["/bin/sh", "-c", AS_THE_AGENT, "sh", &path, folder];
        self.sandbox.run(&program, environment, script.as_bytes(), limit).await
    }

    async fn successful(&self, program: &[&str], input: &[u8]) -> Result<Vec<u8>> {
        let ended = self.sandbox.run(program, &[], input, Duration::from_mins(1)).await?;
        if ended.exit_code == Some(0) {
            return Ok(ended.stdout);
        }
        Err(Error::malformed(format!("{program:?} on {}", self.instance_id), text(&ended.stderr)))
    }

    async fn start_sshd(&self) -> Result<()> {
        {
            let mut sshd = lock(&self.sshd);
            if sshd.as_ref().is_some_and(Process::runs) {
                return Ok(());
            }
            *sshd = Some(self.sandbox.spawn(&["/usr/sbin/sshd", "-D", "-e"])?);
        }
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            // Its own word, not a connection: somebody else might answer at the address.
            let listens = lock(&self.sshd).as_ref().map(|sshd| sshd.output.contains("Server listening on"));
            if listens == Some(true) {
                return Ok(());
            }
            if !lock(&self.sshd).as_ref().is_some_and(Process::runs) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let log = lock(&self.sshd).as_ref().map(|sshd| sshd.output.tail()).unwrap_or_default();
        Err(Error::NotReady { what: format!("sshd on {}", self.address), seconds: begun.elapsed().as_secs(), log })
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl AccountState {
    /// The node of an instance, while somebody has a handle.
    pub(crate) fn node(&self, instance_id: &str) -> Option<Arc<NodeInner>> {
        read(&self.nodes).get(instance_id).and_then(Weak::upgrade)
    }

    pub(crate) fn all_nodes(&self) -> Vec<Arc<NodeInner>> {
        read(&self.nodes).values().filter_map(Weak::upgrade).collect()
    }
}
