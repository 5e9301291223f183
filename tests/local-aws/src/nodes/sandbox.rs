//! A node's namespaces: mounts, processes and host name of its own, and running something within.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::unix::fs::FileExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::process::{Process, Spawner, bound, children, kill_group};

/// How long a node may take to start on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(30);

/// Namespaces and the process that holds them: its death is the death of all that runs within.
#[derive(Debug)]
pub(crate) struct Sandbox {
    spawner: Spawner,
    /// What the setup script printed before `ready`.
    pub(crate) said: Vec<String>,
    init: u32,
    name: String,
    /// Always there but while it is dropped.
    holder: Option<Process>,
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // The kernel takes its time to take namespaces down; nobody waits for that.
        let holder = self.holder.take();
        std::thread::spawn(move || drop(holder));
    }
}

/// How something that ran within ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// Nothing if it was killed, by the time limit or otherwise.
    pub(crate) exit_code: Option<i32>,
    pub(crate) timed_out: bool,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Sandbox {
    /// Runs `setup` as the first process of new namespaces until it says `ready`.
    pub(crate) async fn start(spawner: &Spawner, name: &str, setup: &str) -> Result<Self> {
        for tool in ["/usr/bin/unshare", "/usr/bin/nsenter", "/usr/sbin/sshd", "/usr/bin/ssh-keygen"] {
            if !Path::new(tool).exists() {
                let reason = format!("{tool} is not there: run tests/system-packages.sh");
                return Err(Error::malformed("a node", reason));
            }
        }
        let mut command = bound("/usr/bin/unshare");
        if !is_root() {
            command.args(["--user", "--map-root-user", "--map-auto"]);
        }
        command.args(["--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        command.args(["--", "/bin/sh", "-c", setup]);
        command.env_clear().env("PATH", PATH);
        let holder = spawner.spawn(name, command)?;
        let said = said(&holder).await?;
        let init = children(holder.id()).first().copied().ok_or(Error::Stopped)?;
        Ok(Self { spawner: spawner.clone(), said, init, name: name.to_owned(), holder: Some(holder) })
    }

    /// A command that enters the namespaces first, without this process's environment.
    fn within(&self, program: &[&str], environment: &[(String, String)]) -> Command {
        let mut command = bound("/usr/bin/nsenter");
        command.args(["--target", &self.init.to_string(), "--mount", "--uts", "--ipc", "--pid"]);
        if !is_root() {
            command.args(["--user", "--preserve-credentials"]);
        }
        command.arg("--").args(program);
        command.env_clear().env("PATH", PATH).envs(environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// A process that stays; killed with its handle.
    pub(crate) fn spawn(&self, program: &[&str]) -> Result<Process> {
        self.spawner.spawn(&self.name, self.within(program, &[]))
    }

    /// Runs a program to its end, with `input` on standard input; killed with all its group after `limit`, or when the
    /// caller no longer waits.
    pub(crate) async fn run(
        &self,
        program: &[&str],
        environment: &[(String, String)],
        input: &[u8],
        limit: Duration,
    ) -> Result<Ended> {
        let files = || Error::io("a node's standard streams");
        let [mut stdin, stdout, stderr] =
            [scratch().map_err(files())?, scratch().map_err(files())?, scratch().map_err(files())?];
        stdin.write_all(input).and_then(|()| stdin.rewind()).map_err(files())?;
        let mut command = self.within(program, environment);
        // Files, as the agent has them: what a script leaves running in the background holds nobody up.
        command.stdin(Stdio::from(stdin)).process_group(0);
        command.stdout(stdout.try_clone().map_err(files())?).stderr(stderr.try_clone().map_err(files())?);
        let mut group = Group { child: self.spawner.child(&self.name, command)?, ended: false };
        let (status, timed_out) = group.wait(limit).await?;
        let exit_code = status.code().filter(|_| !timed_out);
        Ok(Ended { exit_code, timed_out, stdout: whole(&stdout)?, stderr: whole(&stderr)? })
    }
}

/// The PATH of systemd's services, of which the SSM agent is one.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// The lines up to `ready`.
async fn said(holder: &Process) -> Result<Vec<String>> {
    let begun = Instant::now();
    while begun.elapsed() < READY_WITHIN {
        if holder.output.contains("ready") {
            return Ok(holder.output.take());
        }
        if !holder.runs() {
            tokio::time::sleep(Duration::from_millis(20)).await; // its last words may still be in the pipe
            let rights = "nodes need root, or user namespaces with sub-uids (uidmap, /etc/subuid)";
            return Err(Error::malformed("a node", format!("{}\n{rights}", holder.output.tail())));
        }
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    let (what, log) = (holder.name().to_owned(), holder.output.tail());
    Err(Error::NotReady { what, seconds: begun.elapsed().as_secs(), log })
}

/// A child with its process group, killed if nobody waits for it any more.
struct Group {
    child: std::process::Child,
    ended: bool,
}

impl Group {
    async fn wait(&mut self, limit: Duration) -> Result<(ExitStatus, bool)> {
        let begun = Instant::now();
        let mut timed_out = false;
        loop {
            if let Some(status) = self.child.try_wait().map_err(Error::io("a node's process"))? {
                self.ended = true;
                return Ok((status, timed_out));
            }
            if begun.elapsed() >= limit && !timed_out {
                timed_out = true;
                kill_group(self.child.id());
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.ended {
            kill_group(self.child.id());
            let _ = self.child.wait();
        }
    }
}

/// A file that has no name any more.
fn scratch() -> std::io::Result<File> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let (process, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    let path = std::env::temp_dir().join(format!("local-aws-{process}-{next}-{:x}", crate::random::number()));
    let mut options = File::options();
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.read(true).write(true).create_new(true).open(&path)?;
    std::fs::remove_file(path)?;
    Ok(file)
}

/// All of a file, wherever its offset is: it is shared with the process that wrote it.
fn whole(file: &File) -> Result<Vec<u8>> {
    let failed = || Error::io("a node's output");
    let length = usize::try_from(file.metadata().map_err(failed())?.len()).unwrap_or_default();
    let mut content = vec![0; length];
    file.read_exact_at(&mut content, 0).map_err(failed())?;
    Ok(content)
}
