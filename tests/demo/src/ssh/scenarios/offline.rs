//! One node cannot be reached, and then it can.

use std::time::Duration;

use e2e::Result;
use e2e::ssh::Ssh;
use local_aws::{Agent, OpenRotation, RotationStep};
use report::{Check, Login};

use crate::ssh::look::USER;
use crate::stage::Stage;

/// So that SSM gives up on a node in seconds: the function waits as long as its time-out lets it.
const HURRY: f64 = 30.0;
const TIMEOUT: Duration = Duration::from_secs(45);

pub(super) async fn play(stage: &mut Stage, ssh: &Ssh) -> Result<()> {
    let rotation = fails(stage, ssh).await?;
    retried(stage, ssh, &rotation).await
}

async fn fails(stage: &mut Stage, ssh: &Ssh) -> Result<OpenRotation> {
    let happened = "node-3's SSM agent has lost its connection; its sshd still runs. The next rotation begins. (SSM's clock \
                    runs 30 times faster here, for it gives up on a node only after a minute or more.)";
    let mut scene = stage.scene(ssh, 2, "A node is offline", happened).await?;
    let lost = ssh.nodes.get(2).ok_or("no node-3")?;
    lost.set_agent(Agent::Offline);
    ssh.account.set_ssm_clock(HURRY);
    let hurried = ssh.function.with_timeout(TIMEOUT);
    let rotation = ssh.account.rotation(&hurried, &ssh.secret).begin().await?;
    scene.run_all(ssh, &rotation, &RotationStep::ALL).await?;
    ssh.account.set_ssm_clock(1.0);
    scene.look(ssh, "failed").await?;
    let error = scene.error("NodesFailed").unwrap_or_default();
    let named: Vec<_> = ssh.nodes.iter().filter(|node| error.contains(node.instance_id())).collect();
    let reached = scene.moments.last().and_then(|moment| moment.logins.get(1));
    let checks = vec![
        Check::new(
            "The error names the node that is offline and none of the others",
            matches!(named.as_slice(), [one] if one.instance_id() == lost.instance_id()),
        ),
        Check::new("AWSCURRENT did not move", scene.current_is("old key")),
        Check::new("Its key logs in at every node: nobody notices", scene.at_last(0, Login::In)),
        Check::new(
            "The others have the new key already: one node does not stop them",
            reached.is_some_and(|logins| *logins == [Login::In, Login::In, Login::Refused, Login::In]),
        ),
        Check::new("It stopped there: neither testSecret nor finishSecret ran", scene.ran.len() == 2),
    ];
    stage.close_scene(ssh, scene, checks).await;
    Ok(rotation)
}

async fn retried(stage: &mut Stage, ssh: &Ssh, failed: &OpenRotation) -> Result<()> {
    let happened = "node-3's agent has its connection again, and Secrets Manager tries the rotation once more, from its first \
                    step and with the same token.";
    let mut scene = stage.scene(ssh, 2, "It is back, and the retry goes through", happened).await?;
    if let Some(node) = ssh.nodes.get(2) {
        node.set_agent(Agent::Online);
    }
    let before = ssh.field("AWSPENDING", "PublicKey").await;
    let again = ssh.account.rotation(&ssh.function, &ssh.secret).version_id(failed.version_id()).begin().await?;
    scene.run_all(ssh, &again, &RotationStep::ALL).await?;
    scene.look(ssh, "after").await?;
    let mut single = true;
    for node in &ssh.nodes {
        let ours = ssh.lines(node, USER).await?;
        single &= ours.iter().filter(|line| line.contains(&ssh.secret)).count() == 1;
    }
    let checks = vec![
        Check::new(
            "It is the same key as in the first try: createSecret made no second one",
            before.is_some() && ssh.field("AWSCURRENT", "PublicKey").await == before,
        ),
        Check::new(
            "The new key is current and logs in everywhere, the old one nowhere",
            scene.current_is("new key") && scene.at_last(1, Login::In) && scene.at_last(0, Login::Refused),
        ),
        Check::new("Each node has one line of ours, those too that were told twice", single),
        Check::new("No error is left over", scene.succeeded()),
    ];
    stage.close_scene(ssh, scene, checks).await;
    Ok(())
}
