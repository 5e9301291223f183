//! The function is killed at the worst moment: the new key is current, the old one not yet removed.

use e2e::Result;
use e2e::ssh::Ssh;
use local_aws::{Fault, OpenRotation, RotationStep};
use report::{Check, Login};

use crate::ssh::look::Key;
use crate::stage::Stage;

pub(super) async fn play(stage: &mut Stage, ssh: &Ssh) -> Result<()> {
    let rotation = killed(stage, ssh).await?;
    retried(stage, ssh, &rotation).await
}

async fn killed(stage: &mut Stage, ssh: &Ssh) -> Result<OpenRotation> {
    let happened = "In finishSecret, as soon as Secrets Manager has moved AWSCURRENT to the new key, the function's process is \
                    killed. It never gets to take the old key away.";
    let mut scene = stage.scene(ssh, 0, "Killed right after the promotion", happened).await?;
    ssh.account.inject(Fault::kill_after().action("secretsmanager:UpdateSecretVersionStage").nth(1));
    let rotation = ssh.begin().await?;
    scene.run_all(ssh, &rotation, &RotationStep::ALL).await?;
    ssh.account.clear_faults();
    scene.look(ssh, "killed").await?;
    let checks = vec![
        Check::new("It was killed: finishSecret failed", scene.ran.len() == 4 && !scene.succeeded()),
        Check::new(
            "AWSCURRENT is the new key, and it logs in everywhere",
            scene.current_is("new key") && scene.at_last(1, Login::In),
        ),
        Check::new(
            "The old key still logs in: who read it a moment ago is not locked out",
            scene.at_last(0, Login::In),
        ),
    ];
    stage.close_scene(ssh, scene, checks).await;
    Ok(rotation)
}

async fn retried(stage: &mut Stage, ssh: &Ssh, killed: &OpenRotation) -> Result<()> {
    let happened = "Secrets Manager tries again, from the first step. The version is AWSCURRENT already, which means done - but \
                    for what finishSecret has left to clear away.";
    let keys = [Key::of(ssh, "AWSPREVIOUS", "old key").await, Key::of(ssh, "AWSCURRENT", "new key").await];
    let keys = keys.into_iter().flatten().collect();
    let title = "The retry takes the old key away";
    let mut scene = stage.scene_with(ssh, 0, keys, (title, happened)).await?;
    scene.run_all(ssh, killed, &RotationStep::ALL).await?;
    scene.look(ssh, "after").await?;
    let idle = scene.ran.iter().take(3).all(|(_, invocation)| invocation.calls.mutating().is_empty());
    let checks = vec![
        Check::new("The old key logs in nowhere now", scene.at_last(0, Login::Refused)),
        Check::new(
            "The new key logs in everywhere, and is current",
            scene.at_last(1, Login::In) && scene.current_is("new key"),
        ),
        Check::new("The first three steps make no call that changes anything", idle && scene.ran.len() == 4),
        Check::new("No error is left over", scene.succeeded()),
    ];
    stage.close_scene(ssh, scene, checks).await;
    Ok(())
}
