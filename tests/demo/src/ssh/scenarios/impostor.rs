//! Another host answers for a node.

use e2e::Result;
use e2e::ssh::Ssh;
use local_aws::RotationStep;
use report::{Check, Login};

use crate::stage::Stage;

/// The same address, the same accounts, the same `authorized_keys`: but not the host keys.
const NEW_HOST_KEYS: &str = "rm -f /etc/ssh/ssh_host_* && \
    for kind in ed25519 ecdsa; do ssh-keygen -q -t $kind -N '' -f /etc/ssh/ssh_host_${kind}_key; done";

pub(super) async fn play(stage: &mut Stage, ssh: &Ssh) -> Result<()> {
    let happened = "A rotation has brought the new key to all nodes and recorded the host keys that they printed by way of SSM. \
                    Then another host takes node-2's address. It has the same accounts and would let the key in.";
    let mut scene = stage.scene(ssh, 1, "An impostor answers for a node", happened).await?;
    let rotation = ssh.begin().await?;
    scene.run_all(ssh, &rotation, &[RotationStep::Create, RotationStep::Set]).await?;
    scene.look(ssh, "setSecret").await?;
    let impostor = ssh.nodes.get(1).ok_or("no node-2")?;
    impostor.stop_sshd();
    impostor.run(NEW_HOST_KEYS).await?;
    impostor.start_sshd().await?;
    let earlier = impostor.sshd_log();
    scene.run(ssh, &rotation, RotationStep::Test).await?;
    scene.look(ssh, "testSecret").await?;
    let met = impostor.sshd_log();
    let error = scene.error("NodesFailed").unwrap_or_default();
    let offered = met.iter().filter(|line| !earlier.contains(line)).any(|line| line.contains("Accepted publickey"));
    let untrusted = |key: usize| {
        let logins = scene.moments.last().and_then(|moment| moment.logins.get(key));
        logins.is_some_and(|logins| *logins == [Login::In, Login::OtherHost, Login::In, Login::In])
    };
    let checks = vec![
        Check::new(
            "testSecret fails and says of node-2, and of it alone: another host key",
            error.contains("1 of 4 node(s)")
                && error.contains(&format!("{}: ec2-user: another host key", impostor.instance_id())),
        ),
        Check::new("It did not log in there: the impostor's sshd accepted no key", !offered),
        Check::new(
            "AWSCURRENT did not move, and the rotation stops here",
            scene.current_is("old key") && scene.ran.len() == 3,
        ),
        Check::new(
            "OpenSSH's client trusts it as little; at the other nodes both keys log in",
            untrusted(0) && untrusted(1),
        ),
    ];
    stage.close_scene(ssh, scene, checks).await;
    Ok(())
}
