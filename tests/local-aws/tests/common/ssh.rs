//! The `ssh` client of this machine.

use std::path::PathBuf;
use std::process::{Command, Output};

use local_aws::Node;

/// A key pair of the test's own, gone with it.
pub(crate) struct SshKey {
    folder: PathBuf,
    /// `ssh-ed25519 AAAA...`
    pub(crate) public: String,
}

impl SshKey {
    pub(crate) fn new() -> Result<Self, Box<dyn std::error::Error>> {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("local-aws-key-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder)?;
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", "ed25519", "-N", "", "-C", "", "-f"])
            .arg(folder.join("key"))
            .status()?;
        assert!(made.success());
        let public = std::fs::read_to_string(folder.join("key.pub"))?.trim().to_owned();
        Ok(Self { folder, public })
    }

    /// What `script` prints when it is run over SSH; nothing if the login fails.
    pub(crate) async fn run(
        &self,
        node: &Node,
        user: &str,
        script: &str,
    ) -> Result<Option<String>, Box<dyn std::error::Error>> {
        let mut ssh = Command::new("ssh");
        ssh.args(["-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no"]);
        ssh.args(["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10"]);
        ssh.arg("-i").arg(self.folder.join("key")).args(["-p", &node.port().to_string()]);
        ssh.arg(format!("{user}@{}", node.address())).arg(script);
        let output = blocking(ssh).await?;
        Ok(output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned()))
    }
}

impl Drop for SshKey {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn blocking(mut command: Command) -> Result<Output, Box<dyn std::error::Error>> {
    Ok(tokio::task::spawn_blocking(move || command.output()).await??)
}
