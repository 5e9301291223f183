//! The example client, `copy_file`: the same command before, during and after a rotation.

use std::path::PathBuf;
use std::process::Output;

use e2e::ssh::Ssh;
use local_aws::{Node, RotationStep};

use super::{answer, within};

/// The example's binary, beside the tests: `make unit` builds it.
fn program() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    let program = tests.ancestors().nth(2).unwrap().join("examples/copy_file");
    assert!(program.exists(), "{} is missing: make unit, or cargo build --example copy_file", program.display());
    program
}

async fn copy_file(ssh: &Ssh, node: &Node, file: &str) -> Output {
    let mut program = tokio::process::Command::new(program());
    let account = &ssh.account;
    program.env_clear().env("AWS_ENDPOINT_URL", account.sdk_endpoint()).env("AWS_REGION", account.region());
    program.env("AWS_ACCESS_KEY_ID", account.access_key_id()).env("AWS_SECRET_ACCESS_KEY", account.secret_access_key());
    program.args(["ec2-user", &node.address().to_string(), file, "--secret-id", e2e::ssh::SECRET, "--port"]);
    program.arg(node.port().to_string()).output().await.unwrap()
}

fn said(output: &Output) -> String {
    format!("{}\n{}", output.status, String::from_utf8_lossy(&output.stderr))
}

#[test]
fn the_same_command_copies_before_during_and_after_a_rotation() {
    within(2, &[], async |ssh| {
        ssh.rotated().await?;
        let folder = tempfile::tempdir()?;
        let mut rotation = ssh.begin().await?;
        for round in 0..=RotationStep::ALL.len() {
            let (name, content) = (format!("report-{round}"), format!("round {round}\n").repeat(10_000));
            let file = folder.path().join(&name);
            std::fs::write(&file, &content)?;
            for node in &ssh.nodes {
                let output = copy_file(ssh, node, file.to_str().unwrap()).await;
                assert!(output.status.success(), "round {round}: {}", said(&output));
                assert_eq!(node.read(&format!("/home/ec2-user/{name}")).await?, content);
            }
            rotation.next_step().await?;
        }
        Ok(())
    });
}

#[test]
fn a_host_with_another_key_or_without_one_on_record_is_refused() {
    within(1, &[], async |ssh| {
        ssh.rotated().await?;
        let node = ssh.nodes[0].clone();
        node.stop_sshd();
        node.run("rm -f /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key").await?;
        node.start_sshd().await?;
        let impostor = copy_file(ssh, &node, "/etc/hostname").await;
        assert_eq!(impostor.status.code(), Some(1), "{}", said(&impostor));
        let joined = ssh.join().await?;
        joined.wait_for_associations(1, std::time::Duration::from_secs(20)).await?;
        let unknown = copy_file(ssh, &joined, "/etc/hostname").await;
        assert_eq!(unknown.status.code(), Some(1), "{}", said(&unknown));
        let rotation = ssh.begin().await?;
        answer(&rotation.run_step(RotationStep::Create).await?);
        answer(&rotation.run_step(RotationStep::Set).await?);
        let known = copy_file(ssh, &joined, "/etc/hostname").await;
        assert!(known.status.success(), "{}", said(&known));
        Ok(())
    });
}

#[test]
fn nothing_that_it_says_quotes_a_secret() {
    within(1, &[], async |ssh| {
        ssh.rotated().await?;
        let key = ssh.private_key("AWSCURRENT").await?;
        ssh.nodes[0].run("rm /home/ec2-user/.ssh/authorized_keys").await?;
        let refused = copy_file(ssh, &ssh.nodes[0], "/etc/hostname").await;
        assert_eq!(refused.status.code(), Some(1));
        for line in key.lines() {
            assert!(!said(&refused).contains(line), "{}", said(&refused));
        }
        ssh.secrets("PutSecretValue", serde_json::json!({"SecretString": "no JSON: hunter2"})).await?;
        let broken = copy_file(ssh, &ssh.nodes[0], "/etc/hostname").await;
        assert!(broken.status.code() == Some(1) && !said(&broken).contains("hunter2"), "{}", said(&broken));
        Ok(())
    });
}
