//! Auto Scaling takes a healthy instance out.

use e2e::Result;
use e2e::nat::Nat;
use report::Check;
use serde_json::Value;

use crate::nat::seen::Seen;
use crate::stage::Stage;

pub(super) async fn play(stage: &mut Stage) -> Result<()> {
    let nat = stage.network(2, &[]).await?;
    let event = nat.is_leaving("a").await?;
    let happened = "Auto Scaling is about to terminate nat-a's instance, say for an instance refresh, and its \
                    lifecycle hook holds it. The instance still works. The event comes by the EventBridge rule that \
                    the template deploys.";
    let scene = stage.open(&nat, "An instance leaves on purpose", happened).await?;
    let seen = scene.through_the_stack(put(&nat, &event)).await?;
    let (_, now) = seen.instances("nat-a");
    let checks = vec![
        Check::new("Its routes go through nat-b", seen.all_moved("nat-a", "nat-b")),
        Check::new("It was let go only after the last route had moved", drained_first(&seen)),
        Check::new(
            "Auto Scaling no longer waits for the hook",
            now.iter().all(|instance| instance.lifecycle != "Terminating:Wait"),
        ),
        Check::new("No other route was touched", seen.others_stayed("nat-a")),
    ];
    stage.close(seen, checks).await;
    Ok(())
}

/// Puts the event on the account's bus, as Auto Scaling does.
async fn put(nat: &Nat, event: &Value) -> Result<()> {
    let text = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or_default();
    let detail = event.get("detail").ok_or("the event has no detail")?;
    nat.account.put_event(text("source"), text("detail-type"), &[], detail).await?;
    Ok(())
}

fn drained_first(seen: &Seen<'_>) -> bool {
    let calls = &seen.invocation.calls;
    let (moves, completions) = (calls.of("ec2:ReplaceRoute"), calls.of("autoscaling:CompleteLifecycleAction"));
    let last = moves.iter().map(|call| call.ended).max();
    let first = completions.iter().map(|call| call.started).min();
    matches!((last, first), (Some(last), Some(first)) if last <= first)
}
