//! ssh-rotation's figures.

use std::time::Duration;

use e2e::Result;
use e2e::ssh::Ssh;
use local_aws::{Fault, LocalAws, RotationStep};

use serde_json::json;

use crate::{figure, memory, start};

/// What an AWS call takes from a function in the same region.
const CALL: Duration = Duration::from_millis(20);
const NODES: usize = 50;

pub(crate) async fn figures(aws: &LocalAws, only_start: bool) -> Result<()> {
    let ssh = Ssh::new(aws, if only_start { 0 } else { NODES }, &[]).await?;
    start(&ssh.function, 9_000_000, "10 ms").await?;
    if only_start {
        return Ok(());
    }
    ssh.rotated().await?;
    ssh.account.inject(Fault::delay(CALL));
    let rotation = ssh.rotated().await?;
    let mut all = Duration::ZERO;
    for run in &rotation.steps {
        all += run.invocation.duration;
        let time = format!("{:.2} s", run.invocation.duration.as_secs_f64());
        figure(&format!("{} with {NODES} nodes, 20 ms added to each call", run.name()), &time, "");
    }
    let time = format!("{:.2} s", all.as_secs_f64());
    figure(&format!("the four steps with {NODES} nodes, 20 ms added to each call"), &time, "10 s");
    memory(&ssh.function, &format!("peak memory after two rotations of {NODES} nodes"), 25).await?;
    ssh.account.clear_faults();
    create_secret(&ssh, "ed25519", 11, "50 ms").await?;
    create_secret(&ssh, "rsa-3072", 5, "").await?;
    create_secret(&ssh, "rsa-4096", 5, "").await
}

/// CPU time of a new process, the kernel's part included, from before the event to after the answer.
async fn create_secret(ssh: &Ssh, algorithm: &str, times: usize, to_reach: &str) -> Result<()> {
    let function = ssh.function.with_env(&[("KEY_ALGORITHM", algorithm)]);
    let mut measured = Vec::new();
    for _ in 0..times {
        function.restart().await;
        let _ = function.invoke(&json!({})).await?; // refused, but it starts the process
        let rotation = ssh.account.rotation(&function, &ssh.secret).begin().await?;
        let before = function.cpu_time().await.ok_or("the function has no process")?;
        rotation.run_step(RotationStep::Create).await?;
        let after = function.cpu_time().await.ok_or("the function has no process")?;
        measured.push(after.saturating_sub(before));
        let pending = json!({"VersionStage": "AWSPENDING", "RemoveFromVersionId": rotation.version_id()});
        ssh.secrets("UpdateSecretVersionStage", pending).await?;
    }
    measured.sort_unstable();
    let median = measured.get(times / 2).copied().unwrap_or_default();
    let median = format!("{:.1} ms", median.as_secs_f64() * 1e3);
    figure(&format!("createSecret with {algorithm}, own CPU time, median of {times}"), &median, to_reach);
    Ok(())
}
