//! onboarding's figures.

use e2e::Result;
use e2e::onboarding::make::{bomb, payload};
use e2e::onboarding::{Onboarding, User};
use local_aws::{Fault, Function, LocalAws};
use serde_json::Value;

use crate::{figure, memory, start};

const EVENTS: u32 = 1000;

pub(crate) async fn figures(aws: &LocalAws, only_start: bool) -> Result<()> {
    let onboarding = Onboarding::new(aws, &[]).await?;
    println!("| onboarding-trigger: | | |");
    start(&onboarding.trigger, 9_000_000, "10 ms").await?;
    println!("| onboarding-provision: | | |");
    start(&onboarding.provision, 9_000_000, "10 ms").await?;
    if only_start {
        return Ok(());
    }
    println!("| onboarding-trigger: | | |");
    // What Step Functions makes of a thousand users is not the trigger's.
    let there = Fault::error(400, "ExecutionAlreadyExists", "there already").action("states:StartExecution");
    onboarding.account.inject(there);
    let users = payload(users().map(|user| user.event()))?;
    onboarding.trigger.restart().await;
    invoke(&onboarding.trigger, &users, true).await?;
    memory(&onboarding.trigger, &format!("peak memory after {EVENTS} new users in one payload"), 20).await?;
    // Machines' accounts are read to the end and start nothing.
    let machines = payload(machines().map(|machine| machine.event()))?;
    let quiet = onboarding.trigger.with_env(&[("AWS_LAMBDA_LOG_LEVEL", "WARN")]);
    let what = format!("{EVENTS} 4720 of machines in one payload decoded and judged, own CPU time, median of 11");
    figure(&what, &own_time(&quiet, &machines, true).await?, "20 ms");
    let told = own_time(&onboarding.trigger, &machines, true).await?;
    figure("the same with a log line for each", &told, "");
    let others = own_time(&onboarding.trigger, &payload(users_changed())?, true).await?;
    figure(&format!("{EVENTS} 4738 in one payload, likewise"), &others, "20 ms");
    for (what, lie) in [("a bomb of 100 MB", None), ("one whose trailer says 8 MiB", Some(8 * 1024 * 1024))] {
        let bomb = bomb(100, lie)?;
        onboarding.trigger.restart().await;
        let refused = own_time(&onboarding.trigger, &bomb, false).await?;
        figure(&format!("{what} refused, own CPU time, median of 11"), &refused, "50 ms");
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
async fn own_time(trigger: &Function, event: &Value, good: bool) -> Result<String> {
    let mut measured = Vec::new();
    invoke(trigger, event, good).await?; // starts it
    for _ in 0..11 {
        let before = trigger.cpu_time().await.ok_or("the function has no process")?;
        invoke(trigger, event, good).await?;
        let after = trigger.cpu_time().await.ok_or("the function has no process")?;
        measured.push(after.saturating_sub(before));
    }
    measured.sort_unstable();
    let median = measured.get(measured.len() / 2).copied().unwrap_or_default();
    Ok(format!("{:.1} ms", median.as_secs_f64() * 1e3))
}

async fn invoke(trigger: &Function, event: &Value, good: bool) -> Result<()> {
    let invocation = trigger.invoke(event).await?;
    if invocation.result.is_ok() == good {
        return Ok(());
    }
    Err(format!("not as it should: {:?}", invocation.result).into())
}
