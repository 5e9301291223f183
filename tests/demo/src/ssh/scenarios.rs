//! The scenarios, in the order in which a reader understands them: one cluster's life, and that of one that keeps keys.

mod foreign;
mod impostor;
mod join;
mod keep;
mod killed;
mod offline;
mod rotation;

use e2e::Result;
use e2e::ssh::Ssh;

use crate::stage::Stage;

/// SSH rotation.
pub(crate) async fn play(stage: &mut Stage) -> Result<()> {
    let lead = "Secrets Manager keeps the SSH keypair of a cluster and rotates it by this function: a new key reaches every \
                node, real logins prove it, only then it is current, and the old one is taken away.";
    stage.chapter("ssh-rotation", lead);
    let aws = stage.aws.clone();
    stage.pause();
    let what = "starting 5 sshd, deploying the function for two clusters, the first rotation of one";
    let making = async {
        let first = async {
            let ssh = Ssh::new(&aws, 3, &[]).await?;
            ssh.rotated().await?;
            Ok(ssh)
        };
        tokio::try_join!(first, Ssh::new(&aws, 2, &[("PreviousKey", "keep")]))
    };
    let (mut ssh, keeping) = stage.prepare(what, Box::pin(making)).await?;
    let told = async {
        rotation::play(stage, &ssh).await?;
        foreign::play(stage, &ssh).await?;
        join::play(stage, &mut ssh).await?;
        offline::play(stage, &ssh).await?;
        killed::play(stage, &ssh).await?;
        impostor::play(stage, &ssh).await
    };
    let (scene, ()) = tokio::try_join!(Box::pin(keep::rotate(&keeping)), Box::pin(told))?;
    keep::tell(stage, &keeping, scene).await
}
