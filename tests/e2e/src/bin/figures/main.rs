//! `make bench`: the figures that the docs name, measured on this machine against the local AWS. Arguments: names of systems,
//! and `start` for the start of their processes only.

#![expect(clippy::print_stdout, reason = "its output is its purpose")]

mod fhir;
mod iot;
mod nat;
mod onboarding;
mod ssh;

use e2e::Result;
use local_aws::{Function, LocalAws};

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let only_start = arguments.iter().any(|argument| argument == "start");
    let systems: Vec<&String> = arguments.iter().filter(|argument| *argument != "start").collect();
    let wanted = |system: &str| systems.is_empty() || systems.iter().any(|wanted| *wanted == system);
    let aws = LocalAws::start().await?;
    if wanted("nat-failover") {
        head("nat-failover");
        nat::figures(&aws, only_start).await?;
    }
    if wanted("ssh-rotation") {
        head("ssh-rotation");
        ssh::figures(&aws, only_start).await?;
    }
    if wanted("iot-firehose") {
        head("iot-firehose");
        iot::figures(&aws, only_start).await?;
    }
    if wanted("onboarding") {
        head("onboarding");
        onboarding::figures(&aws, only_start).await?;
    }
    if wanted("fhir") {
        head("fhir");
        fhir::figures(&aws, only_start).await?;
    }
    Ok(())
}

fn head(system: &str) {
    println!("\n{system}\n");
    println!("| figure | measured | to reach |");
    println!("| --- | --- | --- |");
}

fn figure(what: &str, measured: &str, to_reach: &str) {
    println!("| {what} | {measured} | {to_reach} |");
}

/// From the start of the process to its first poll of the runtime, the median of 21; and the size of what starts.
async fn start(function: &Function, budget: u64, to_reach: &str) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..21 {
        times.push(function.startup_time().await?);
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    figure("start to first poll, median of 21", &format!("{:.1} ms", median.as_secs_f64() * 1e3), to_reach);
    let size = std::fs::metadata(function.bootstrap())?.len();
    figure("bootstrap, this machine's build", &format!("{size} bytes"), &budget.to_string());
    Ok(())
}

/// The most memory that the function's process has taken so far.
async fn memory(function: &Function, what: &str, to_reach: u64) -> Result<()> {
    let peak = function.rss().await.ok_or("the function has no process")?;
    figure(what, &format!("{:.1} MB", bytes_to_mb(peak)), &format!("{to_reach} MB"));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a process has far less than 2^52 bytes")]
fn bytes_to_mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
