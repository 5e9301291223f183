//! The scenarios, in the order in which a reader understands them.

mod chained;
mod drain;
mod dry_run;
mod end_to_end;
mod failover;
mod killed;
mod nobody;
mod trouble;

use e2e::Result;
use e2e::nat::Nat;
use local_aws::Invocation;

use crate::stage::Stage;

/// NAT failover.
pub(crate) async fn play(stage: &mut Stage) -> Result<()> {
    let lead = "Several Auto Scaling groups of one NAT instance each, one per zone, stand in for each other: when one \
                fails, its routes move to a healthy peer, and they come home when its replacement is healthy.";
    stage.chapter("nat-failover", lead);
    failover::play(stage).await?;
    chained::play(stage).await?;
    nobody::play(stage).await?;
    drain::play(stage).await?;
    trouble::play(stage).await?;
    killed::play(stage).await?;
    end_to_end::play(stage).await?;
    dry_run::play(stage).await
}

/// An event that only prepares a scenario: it must succeed.
async fn earlier(nat: &Nat, event: &str, letter: &str) -> Result<Invocation> {
    let invocation = nat.send(event, letter).await?;
    if let Err(error) = &invocation.result {
        return Err(format!("the preparing event {event} of {letter} failed: {error}").into());
    }
    Ok(invocation)
}
