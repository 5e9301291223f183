//! The scenarios, in the order in which a reader understands them.

mod again;
mod batch;
mod killed;

use e2e::Result;
use e2e::onboarding::Onboarding;

use crate::stage::Stage;

/// New users of a directory.
pub(crate) async fn play(stage: &mut Stage) -> Result<()> {
    let lead = "A Managed AD logs who gets an account. CloudWatch Logs hands these events to onboarding-trigger, which starts \
                one workflow for each; its task, onboarding-provision, makes a WorkSpace and a Connect user.";
    stage.chapter("onboarding", lead);
    let aws = stage.aws.clone();
    stage.pause();
    let making = async { tokio::try_join!(Onboarding::new(&aws, &[]), Onboarding::new(&aws, &[])) };
    let what = "deploying the functions' template into two accounts";
    let (first, second) = stage.prepare(what, Box::pin(making)).await?;
    let again = batch::play(stage, &first).await?;
    again::play(stage, again).await?;
    killed::play(stage, &second).await
}
