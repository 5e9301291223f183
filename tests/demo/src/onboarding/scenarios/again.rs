//! The same events once more.

use e2e::Result;
use report::Check;

use crate::onboarding::answer::number;
use crate::onboarding::scene::Scene;
use crate::stage::Stage;

/// The scenario that follows upon the batch.
pub(super) fn after<'o>(batch: &Scene<'o>) -> Scene<'o> {
    let happened = "CloudWatch Logs delivers at least once: the same events come a second time, to a trigger that keeps nothing. \
                    Step Functions knows every execution by its name, the SID.";
    batch.again("The same batch again", happened)
}

pub(super) async fn play(stage: &mut Stage, mut scene: Scene<'_>) -> Result<()> {
    stage.announce_users(&scene);
    let before = scene.now().await?;
    scene.log().await?;
    scene.next_batch("").await?;
    scene.look(before.executions.len()).await?;
    let (answer, seen) = (scene.answer(), &scene.seen);
    let same_executions = seen.executions == before.executions;
    let tasks = scene.calls("workspaces:CreateWorkspaces") + scene.calls("connect:CreateUser");
    let checks = vec![
        Check::new(
            "The trigger finds each of the five accounts started already, which is a success, and starts nothing",
            (number(&answer, "started"), number(&answer, "alreadyStarted")) == (0, 5) && same_executions,
        ),
        Check::new(
            "No task ran: every WorkSpace and every Connect user is the same as before",
            tasks == 0 && seen.workspaces == before.workspaces && seen.connect == before.connect,
        ),
        Check::new("The topic was not told a second time", seen.told.is_empty()),
        Check::new("Nobody's name is in the functions' logs", !scene.tells_a_name()),
    ];
    stage.close_users(scene, checks).await
}
