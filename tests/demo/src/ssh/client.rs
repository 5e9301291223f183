//! `copy_file`, the example of a client: a program of its own, given the same command line each time.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use e2e::Result;
use e2e::ssh::{SECRET, Ssh};
use local_aws::Node;
use tempfile::TempDir;
use tokio::process::Command;

use super::look::{Key, USER};

const FILE: &str = "news.txt";

/// The client, its command line, and the node that it copies to.
pub(crate) struct CopyFile<'s> {
    ssh: &'s Ssh,
    node: &'s Node,
    program: PathBuf,
    arguments: Vec<String>,
    folder: TempDir,
}

impl<'s> CopyFile<'s> {
    /// Built beside the demo.
    pub(crate) fn to(ssh: &'s Ssh, node: &'s Node) -> Result<Self> {
        let program = std::env::current_exe()?.with_file_name("examples").join("copy_file");
        if !program.exists() {
            return Err(format!("{} is not there: make demo builds it", program.display()).into());
        }
        let (address, port) = (node.address().to_string(), node.port().to_string());
        let region = ssh.account.region();
        let line = [USER, &address, FILE, "--secret-id", SECRET, "--port", &port, "--region", region];
        let arguments = line.map(str::to_owned).to_vec();
        Ok(Self { ssh, node, program, arguments, folder: tempfile::tempdir()? })
    }

    /// As it would be typed.
    pub(crate) fn command_line(&self) -> String {
        format!("copy_file {}", self.arguments.join(" "))
    }

    /// Copies a file of this content. The name of the key that it got in with; nothing if the content did not arrive.
    pub(crate) async fn copies(&self, content: &str, keys: &[Key]) -> Result<Option<String>> {
        std::fs::write(self.folder.path().join(FILE), content)?;
        let earlier = self.node.sshd_log();
        let account = &self.ssh.account;
        let mut client = Command::new(&self.program);
        client.args(&self.arguments).current_dir(self.folder.path()).env("AWS_ENDPOINT_URL", account.sdk_endpoint());
        client.env("AWS_ACCESS_KEY_ID", account.access_key_id());
        client.env("AWS_SECRET_ACCESS_KEY", account.secret_access_key());
        let ended = client.output().await?;
        let arrived = self.node.read(&format!("/home/{USER}/{FILE}")).await.is_ok_and(|there| there == content);
        if !ended.status.success() || !arrived {
            return Ok(None);
        }
        let accepted = self.accepted_since(&earlier).await?;
        for key in keys {
            if accepted.contains(&fingerprint(&key.public).await?) {
                return Ok(Some(key.name.to_owned()));
            }
        }
        Ok(None)
    }

    /// What sshd says of a login since then: it names the key's fingerprint, so that nobody has to believe the client.
    async fn accepted_since(&self, earlier: &[String]) -> Result<String> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(5) {
            let log = self.node.sshd_log();
            let accepted = log.into_iter().find(|line| line.contains("Accepted publickey") && !earlier.contains(line));
            if let Some(line) = accepted {
                return Ok(line);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err("sshd has not told of copy_file's login".into())
    }
}

/// `SHA256:...`, by OpenSSH's own tool.
async fn fingerprint(public: &str) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("key.pub");
    std::fs::write(&file, public)?;
    let told = Command::new("ssh-keygen").args(["-l", "-E", "sha256", "-f"]).arg(&file).output().await?;
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    let word = told.split(' ').find(|word| word.starts_with("SHA256:"));
    Ok(word.ok_or_else(|| format!("no fingerprint of {public}"))?.to_owned())
}
