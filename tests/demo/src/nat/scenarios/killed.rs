//! The function is killed in the middle of its work.

use e2e::Result;
use e2e::nat::Nat;
use local_aws::Fault;
use report::Check;

use crate::nat::seen::Pair;
use crate::nat::world;
use crate::stage::Stage;

/// With [`ROUTES`] more routes than the function changes at once, so that there is a middle.
const TABLES: usize = 6;
const ROUTES: usize = 7;

pub(super) async fn play(stage: &mut Stage) -> Result<()> {
    let nat = stage.network(2, &[]).await?;
    let what = format!("adding {TABLES} tables of {ROUTES} routes each");
    stage.prepare(&what, world::team_tables(&nat, TABLES, ROUTES)).await?;
    nat.dies("a").await?;
    killed(stage, &nat).await?;
    again(stage, &nat).await
}

async fn killed(stage: &mut Stage, nat: &Nat) -> Result<()> {
    nat.account.inject(Fault::kill_after().action("ec2:ReplaceRoute").nth(4));
    let happened = "nat-a dies. As soon as EC2 has done the 4th change, the function's process is killed; the changes \
                    that were under way still reach EC2, the others are never sent.";
    let scene = stage.open(nat, "Killed half-way", happened).await?;
    let seen = scene.send("sns-alarm", "a").await?.settled().await?;
    nat.account.clear_faults();
    let pairs = seen.pairs();
    let moved = seen.moved();
    let old_or_new = |pair: &Pair<'_>| pair.now_at("nat-b") || !pair.moved();
    let checks = vec![
        Check::new("It was killed: the invocation failed", !seen.succeeded()),
        Check::new(
            format!("Some routes moved and some did not, of {}", TABLES * ROUTES + 1),
            moved > 0 && moved < pairs.iter().filter(|pair| pair.was_at("nat-a")).count(),
        ),
        Check::new("Each route is either where it was or at nat-b, none is lost", pairs.iter().all(old_or_new)),
    ];
    stage.close(seen, checks).await;
    Ok(())
}

async fn again(stage: &mut Stage, nat: &Nat) -> Result<()> {
    let happened = "Lambda gives the event that failed to a fresh process.";
    let scene = stage.open(nat, "The event comes again, and finishes the work", happened).await?;
    let seen = scene.send("sns-alarm", "a").await?;
    let pairs = seen.pairs();
    let left = pairs.iter().filter(|pair| pair.was_at("nat-a")).count();
    let checks = vec![
        Check::new("All that was left at nat-a goes through nat-b now", seen.all_moved("nat-a", "nat-b")),
        Check::new(
            "It chose the same peer and touched only what was left: a call for each such route, no more",
            seen.others_stayed("nat-a") && seen.invocation.calls.count("ec2:ReplaceRoute") == left,
        ),
        Check::new("No error is left over", seen.succeeded()),
    ];
    stage.close(seen, checks).await;
    Ok(())
}
