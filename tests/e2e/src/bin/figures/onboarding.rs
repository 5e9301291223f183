//! onboarding's figures.

use std::time::Duration;

use e2e::Result;
use e2e::onboarding::make::{bomb, payload};
use e2e::onboarding::{Onboarding, User};
use local_aws::{Fault, Invocation, LocalAws};
use serde_json::Value;

use crate::{figure, memory, start};

const EVENTS: u32 = 1000;

pub(crate) async fn figures(aws: &LocalAws, only_start: bool) -> Result<()> {
    let onboarding = Onboarding::new(aws, &[]).await?;
    println!("| onboarding-trigger: | | |");
    start(&onboarding.trigger, 9_000_000).await?;
    println!("| onboarding-provision: | | |");
    start(&onboarding.provision, 9_000_000).await?;
    if only_start {
        return Ok(());
    }
    println!("| onboarding-trigger: | | |");
    // What Step Functions makes of a thousand users is not the trigger's.
    let there = Fault::error(400, "ExecutionAlreadyExists", "there already").action("states:StartExecution");
    onboarding.account.inject(there);
    let users = payload(users().map(|user| user.event()))?;
    onboarding.trigger.restart().await;
    invoke(&onboarding, &users, true).await?;
    memory(&onboarding.trigger, &format!("peak memory after {EVENTS} new users in one payload"), 20).await?;
    let judged = own_time(&onboarding, &payload(machines().map(|machine| machine.event()))?, true).await?;
    let what = format!("{EVENTS} 4720 of machines in one payload decoded and judged, own CPU time, median of 11");
    figure(&what, &milliseconds(judged), "20 ms");
    let others = own_time(&onboarding, &payload(users_changed())?, true).await?;
    figure(&format!("the same of {EVENTS} 4738"), &milliseconds(others), "20 ms");
    for (what, lies) in [("a bomb of 100 MB", false), ("the same with a trailer that lies", true)] {
        let bomb = bomb(100, lies)?;
        onboarding.trigger.restart().await;
        let refused = own_time(&onboarding, &bomb, false).await?;
        figure(&format!("{what} refused, own CPU time, median of 11"), &milliseconds(refused), "50 ms");
        memory(&onboarding.trigger, &format!("peak memory after {what}"), 16).await?;
    }
    Ok(())
}

fn users() -> impl Iterator<Item = User> {
    (0..EVENTS).map(|number| User::new(2000 + number, &format!("user{number}")))
}

fn machines() -> impl Iterator<Item = User> {
    (0..EVENTS).map(|number| User::new(2000 + number, &format!("ws{number}$")))
}

fn users_changed() -> impl Iterator<Item = String> {
    users().map(|user| user.event_of(4738, "IP-C6130256"))
}

/// CPU time, the kernel's part included, from before the event to after the answer.
async fn own_time(onboarding: &Onboarding, event: &Value, good: bool) -> Result<Duration> {
    let mut measured = Vec::new();
    invoke(onboarding, event, good).await?; // starts it
    for _ in 0..11 {
        let before = onboarding.trigger.cpu_time().await.ok_or("the function has no process")?;
        invoke(onboarding, event, good).await?;
        let after = onboarding.trigger.cpu_time().await.ok_or("the function has no process")?;
        measured.push(after.saturating_sub(before));
    }
    measured.sort_unstable();
    Ok(measured.get(measured.len() / 2).copied().unwrap_or_default())
}

async fn invoke(onboarding: &Onboarding, event: &Value, good: bool) -> Result<Invocation> {
    let invocation = onboarding.trigger.invoke(event).await?;
    if invocation.result.is_ok() != good {
        return Err(format!("not as it should: {:?}", invocation.result).into());
    }
    Ok(invocation)
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}
