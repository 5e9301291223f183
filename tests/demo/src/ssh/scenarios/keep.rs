//! A cluster that keeps the previous key for clients that hold on to it.

use e2e::Result;
use e2e::ssh::Ssh;
use local_aws::RotationStep;
use report::{Check, Fact, Login};

use crate::ssh::look::{Key, USER};
use crate::ssh::scene::Scene;
use crate::stage::Stage;

const KEYS: [(&str, &str); 3] = [("key 1", "1st"), ("key 2", "2nd"), ("key 3", "3rd")];

/// Rotates three times. Nothing is told yet: it runs beside the other scenarios, which wait more than they work.
pub(super) async fn rotate(ssh: &Ssh) -> Result<Scene> {
    let happened = "Another cluster, deployed with PreviousKey=keep, for clients that hold on to a key for a while. Its secret \
                    is {} so far; it is rotated three times.";
    let mut scene = Scene::begin(ssh, 0, Vec::new(), ("Keeping the previous key", happened)).await?;
    for (key, moment) in KEYS {
        let rotation = ssh.begin().await?;
        scene.ran.clear(); // the last one's calls tell enough
        for step in RotationStep::ALL {
            scene.ran.push((step, rotation.run_step(step).await?));
        }
        scene.keys.extend(Key::of(ssh, "AWSCURRENT", key).await);
        scene.look(ssh, moment).await?;
    }
    scene.more.push(Fact::new("calls shown", "those of the third rotation"));
    Ok(scene)
}

pub(super) async fn tell(stage: &mut Stage, ssh: &Ssh, scene: Scene) -> Result<()> {
    stage.announce_scene(ssh, &scene);
    let lines = ssh.lines(ssh.nodes.first().ok_or("no node")?, USER).await?.len();
    let current: Vec<_> = scene.moments.iter().map(|moment| moment.current.as_deref()).collect();
    let checks = vec![
        Check::new(
            "The first rotation of an empty secret brings the first key, and each rotation makes its own current",
            current == [None, Some("key 1"), Some("key 2"), Some("key 3")],
        ),
        Check::new(
            "A superseded key logs in everywhere until the next rotation",
            scene.everywhere(2, 0, Login::In) && scene.everywhere(3, 1, Login::In),
        ),
        Check::new("and then nowhere any more", scene.everywhere(3, 0, Login::Refused)),
        Check::new("No more than two of our lines are on a node", lines == 2),
    ];
    stage.close_scene(ssh, scene, checks).await;
    Ok(())
}
