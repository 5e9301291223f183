//! A look without touching.

use e2e::Result;
use report::Check;
use serde_json::Value;

use crate::nat::world;
use crate::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<()> {
    let nat = stage.network(2, &[("DryRun", "true")]).await?;
    world::ipv6_default(&nat, "a").await?;
    nat.dies("a").await?;
    let happened = "The function was deployed with DryRun=true, to see what it would do. nat-a dies.";
    let scene = stage.open(&nat, "A dry run", happened).await?;
    let seen = scene.send("eventbridge-alarm", "a").await?;
    let answer = seen.invocation.result.as_ref().ok();
    let plan = answer.and_then(|answer| answer.pointer("/events/0/plan")).and_then(Value::as_array);
    let planned = |destination: &str| {
        let says = |line: &str| line.contains(&nat.group("a").table) && line.contains(destination);
        plan.into_iter().flatten().filter_map(Value::as_str).any(says)
    };
    let checks = vec![
        Check::new("It makes no call that changes anything", seen.invocation.calls.mutating().is_empty()),
        Check::new("Every route is where it was", seen.moved() == 0),
        Check::new("Its answer shows the plan: both routes of nat-a", planned("0.0.0.0/0") && planned("::/0")),
        Check::new("The log shows the plan too", seen.invocation.logged("planned")),
    ];
    stage.close(seen, checks).await;
    Ok(())
}
