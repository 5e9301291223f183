//! A rotation, and a client that works across it.

use e2e::Result;
use e2e::ssh::Ssh;
use local_aws::RotationStep::{self, Create, Finish, Set, Test};
use report::{Check, Login};

use crate::ssh::client::CopyFile;
use crate::ssh::scene::Scene;
use crate::stage::Stage;

/// The moments at which the client copies, by their places, and what.
const COPIES: [(usize, &str); 3] = [(0, "before the rotation"), (2, "in between"), (4, "after the rotation")];

pub(super) async fn play(stage: &mut Stage, ssh: &Ssh) -> Result<()> {
    let client = CopyFile::to(ssh, ssh.nodes.first().ok_or("no node")?)?;
    let happened = format!(
        "Secrets Manager rotates the key: it calls the function for four steps. After each of them every key is tried at \
         every node by OpenSSH's own client. Before, in between and after, the example of a client copies a file to node-1, \
         by the same command line each time: {}",
        client.command_line()
    );
    let mut scene = stage.scene(ssh, 0, "A rotation, while a client works", &happened).await?;
    copies(&mut scene, &client, 0).await?;
    let rotation = ssh.begin().await?;
    for (at, step) in (1..).zip(RotationStep::ALL) {
        scene.run(ssh, &rotation, step).await?;
        scene.look(ssh, step.name()).await?;
        copies(&mut scene, &client, at).await?;
    }
    let mut checks = promises(&scene);
    checks.push(Check::new("No line of the log holds a line of a private key", !leaked(&scene)));
    stage.close_scene(ssh, scene, checks).await;
    Ok(())
}

async fn copies(scene: &mut Scene, client: &CopyFile<'_>, moment: usize) -> Result<()> {
    if let Some((_, content)) = COPIES.iter().find(|(at, _)| *at == moment) {
        let by = client.copies(content, &scene.keys).await?;
        if let Some(moment) = scene.moments.get_mut(moment) {
            moment.client = by;
        }
    }
    Ok(())
}

fn promises(scene: &Scene) -> Vec<Check> {
    let (old, new) = (0, 1);
    let current: Vec<_> = scene.moments.iter().filter_map(|moment| moment.current.as_deref()).collect();
    let clients: Vec<_> = scene.moments.iter().filter_map(|moment| moment.client.as_deref()).collect();
    let never_out = (0..4).all(|at| scene.everywhere(at, old, Login::In)) && scene.everywhere(4, new, Login::In);
    vec![
        Check::new("Nobody is locked out: at every moment AWSCURRENT's key logs in at every node", never_out),
        Check::new(
            "The new key logs in nowhere before setSecret brought it, and everywhere from then on",
            scene.everywhere(1, new, Login::Refused) && (2..=4).all(|at| scene.everywhere(at, new, Login::In)),
        ),
        Check::new(
            "AWSCURRENT moves in finishSecret, after the logins of testSecret and not before",
            current == ["old key", "old key", "old key", "old key", "new key"] && scene.succeeded(),
        ),
        Check::new("The old key logs in nowhere afterwards", scene.everywhere(4, old, Login::Refused)),
        Check::new(
            "copy_file got through before, in between and after by one and the same command line; the node's sshd says by which key",
            clients == ["old key", "old key", "new key"],
        ),
        Check::new(
            "Every step was run, and none twice",
            scene.ran.iter().map(|(step, _)| *step).eq([Create, Set, Test, Finish]),
        ),
    ]
}

fn leaked(scene: &Scene) -> bool {
    let parts = || scene.keys.iter().flat_map(|key| key.private.lines()).filter(|line| !line.starts_with("-----"));
    let logs = scene.ran.iter().flat_map(|(_, invocation)| &invocation.logs);
    logs.into_iter().any(|line| parts().any(|part| line.contains(part)))
}
