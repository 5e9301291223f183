//! Child processes that cannot outlive this one.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use crate::error::{Error, Result};
use crate::lock;

/// Lines kept of each process's output.
const KEPT_LINES: usize = 2000;

/// Starts processes from one thread that lives as long as the spawner.
///
/// The kernel's parent-death signal (`setpriv --pdeathsig`) is sent when the *thread* that forked ends, not the
/// process, so threads of a test or of an async runtime must not fork.
#[derive(Debug, Clone)]
pub(crate) struct Spawner {
    jobs: mpsc::Sender<(Command, mpsc::Sender<std::io::Result<Child>>)>,
}

impl Spawner {
    pub(crate) fn start() -> Self {
        let (jobs, queue) = mpsc::channel::<(Command, mpsc::Sender<std::io::Result<Child>>)>();
        thread::spawn(move || {
            for (mut command, answer) in queue {
                // Nobody waits for the answer any more: then the child is killed by its guard's absence at exit.
                let _ = answer.send(command.spawn());
            }
        });
        Self { jobs }
    }

    /// Starts `command` (made by [`bound`]) and collects its output.
    pub(crate) fn spawn(&self, name: &str, mut command: Command) -> Result<Process> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.child(name, command)?;
        let output = Output::default();
        child.stdout.take().into_iter().for_each(|pipe| output.collect(pipe));
        child.stderr.take().into_iter().for_each(|pipe| output.collect(pipe));
        Ok(Process { name: name.to_owned(), child: Mutex::new(child), output })
    }

    /// Starts `command` with the streams that it has, for the caller to wait for and to end.
    pub(crate) fn child(&self, name: &str, command: Command) -> Result<Child> {
        let (answer, started) = mpsc::channel();
        self.jobs.send((command, answer)).map_err(|_| Error::Stopped)?;
        let child = started.recv().map_err(|_| Error::Stopped)?;
        child.map_err(|source| Error::Start { program: name.to_owned(), source })
    }
}

/// A command that the kernel kills when this process ends, however it ends.
pub(crate) fn bound(program: impl AsRef<OsStr>) -> Command {
    for setpriv in ["/usr/bin/setpriv", "/bin/setpriv"] {
        if Path::new(setpriv).exists() {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program.as_ref());
            return command;
        }
    }
    Command::new(program) // without util-linux a killed test leaves its emulators behind
}

/// A running child; killed on drop.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Mutex<Child>,
    pub(crate) output: Output,
}

impl Process {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn id(&self) -> u32 {
        lock(&self.child).id()
    }

    /// Whether it still runs.
    pub(crate) fn runs(&self) -> bool {
        matches!(lock(&self.child).try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = lock(&self.child);
        for grandchild in children(child.id()) {
            kill(grandchild);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// The last lines that a process wrote, to either stream.
#[derive(Debug, Clone, Default)]
pub(crate) struct Output {
    lines: Arc<Mutex<VecDeque<String>>>,
}

impl Output {
    fn collect(&self, pipe: impl Read + Send + 'static) {
        let lines = self.lines.clone();
        thread::spawn(move || {
            let mut reader = BufReader::new(pipe);
            let mut line = Vec::new();
            while matches!(reader.read_until(b'\n', &mut line), Ok(n) if n > 0) {
                let text = String::from_utf8_lossy(&line).trim_end().to_owned();
                line.clear();
                let mut lines = lock(&lines);
                if lines.len() == KEPT_LINES {
                    lines.pop_front();
                }
                lines.push_back(text);
            }
        });
    }

    /// Takes the lines written so far.
    pub(crate) fn take(&self) -> Vec<String> {
        lock(&self.lines).drain(..).collect()
    }

    /// Whether a line contains `text`.
    pub(crate) fn contains(&self, text: &str) -> bool {
        lock(&self.lines).iter().any(|line| line.contains(text))
    }

    /// The last lines, as one text.
    pub(crate) fn tail(&self) -> String {
        let lines = lock(&self.lines);
        lines.iter().skip(lines.len().saturating_sub(30)).cloned().collect::<Vec<_>>().join("\n")
    }
}

/// Below Linux's ephemeral ports, so that no outgoing connection takes one between its choice and its use.
const PORTS: std::ops::Range<u16> = 20_000..32_000;

/// A free port of 127.0.0.1; each is given out once, and each process begins elsewhere.
pub(crate) fn free_address() -> Result<SocketAddr> {
    static GIVEN: AtomicU32 = AtomicU32::new(0);
    let range = u32::from(PORTS.end - PORTS.start);
    let begin = std::process::id().wrapping_mul(7_919);
    for _ in 0..range {
        let at = begin.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % range;
        let port = PORTS.start + u16::try_from(at).unwrap_or_default();
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return listener.local_addr().map_err(Error::io("no free port"));
        }
    }
    Err(Error::malformed("the ports of this machine", "none is free between 20000 and 32000"))
}

/// The process ids of a process's children.
pub(crate) fn children(parent: u32) -> Vec<u32> {
    if let Ok(threads) = std::fs::read_dir(format!("/proc/{parent}/task")) {
        let listed = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("children")).ok();
        let lists: Option<Vec<String>> = threads.map(|thread| listed(thread.ok()?)).collect();
        if let Some(lists) = lists {
            return lists.iter().flat_map(|list| list.split_whitespace()).filter_map(|pid| pid.parse().ok()).collect();
        }
    }
    // A kernel without these lists, or a thread that ended meanwhile.
    let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
    processes
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| parent_of(*pid) == Some(parent))
        .collect()
}

fn parent_of(pid: u32) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses, which may hold anything.
    stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse().ok()
}

/// SIGKILL.
pub(crate) fn kill(pid: u32) {
    let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(pid) = pid {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// SIGKILL to a process group.
pub(crate) fn kill_group(leader: u32) {
    let leader = i32::try_from(leader).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(leader) = leader {
        let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
    }
}
