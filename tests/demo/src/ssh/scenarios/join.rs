//! A node that joins between two rotations.

use std::time::Duration;

use e2e::Result;
use e2e::ssh::Ssh;
use report::{Check, Fact, Login};

use crate::ssh::look::Key;
use crate::stage::Stage;

const SOON: Duration = Duration::from_secs(20);

pub(super) async fn play(stage: &mut Stage, ssh: &mut Ssh) -> Result<()> {
    let happened = "A fourth instance with the tag comes up, long before the next rotation. Nobody calls the function: State \
                    Manager sees the instance and runs the same script there, with the current public key that the last \
                    finishSecret left in a parameter.";
    let keys = [Key::of(ssh, "AWSPREVIOUS", "old key").await, Key::of(ssh, "AWSCURRENT", "new key").await];
    let keys = keys.into_iter().flatten().collect();
    let mut scene = stage.scene_with(ssh, 3, keys, ("A node joins later", happened)).await?;
    let calls = ssh.account.calls().len();
    let joined = ssh.join().await?;
    let runs = joined.wait_for_associations(1, SOON).await?;
    ssh.nodes.push(joined);
    scene.look(ssh, "joined").await?;
    let private = runs.iter().any(|run| format!("{run:?}").contains("PRIVATE"));
    scene.more.extend(runs.first().map(|run| Fact::new("State Manager's run", &run.status)));
    let checks = vec![
        Check::new("It lets the current key in, without a rotation", scene.at_last(1, Login::In)),
        Check::new("The superseded key logs in nowhere, not there either", scene.at_last(0, Login::Refused)),
        Check::new("The function was not called for it", ssh.account.calls().len() == calls),
        Check::new("What State Manager ran and printed holds no private key", !private && !runs.is_empty()),
    ];
    stage.close_scene(ssh, scene, checks).await;
    Ok(())
}
