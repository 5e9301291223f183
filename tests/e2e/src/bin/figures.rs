//! `make bench`: the figures that the docs name, measured on this machine against the local AWS. With the argument
//! `start` only the start of the process.

#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::time::Duration;

use e2e::Result;
use e2e::nat::Nat;
use local_aws::{Fault, LocalAws};

/// What an AWS call takes from a function in the same region, rounded up.
const CALL: Duration = Duration::from_millis(50);

#[tokio::main]
async fn main() -> Result<()> {
    let aws = LocalAws::start().await?;
    println!("| figure | measured | to reach |");
    println!("| --- | --- | --- |");
    let nat = Nat::new(&aws, 2, &[]).await?;
    start(&nat).await?;
    if std::env::args().nth(1).as_deref() == Some("start") {
        return Ok(());
    }
    memory(&nat).await?;
    for (routes, to_reach) in [(200, 3), (500, 6)] {
        failover(&aws, routes, to_reach).await?;
    }
    Ok(())
}

/// From the start of the process to its first poll of the runtime: the median of 21.
async fn start(nat: &Nat) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..21 {
        times.push(nat.function.startup_time().await?);
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    println!("| start to first poll, median of 21 | {:.1} ms | 10 ms |", median.as_secs_f64() * 1e3);
    let size = std::fs::metadata(nat.function.bootstrap())?.len();
    println!("| bootstrap, this machine's build | {size} bytes | 7,000,000 |");
    Ok(())
}

/// The most memory that ten failovers and homecomings took.
async fn memory(nat: &Nat) -> Result<()> {
    for _ in 0..5 {
        nat.dies("a").await?;
        nat.send("sns-alarm", "a").await?;
        let (_, interface) = nat.recovers("a").await?;
        nat.forwards(&interface, true).await?;
        nat.send("sns-ok", "a").await?;
    }
    let peak = nat.function.rss().await.ok_or("the function has no process")?;
    println!("| peak memory after 10 events | {:.1} MB | 20 MB |", bytes_to_mb(peak));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a process has far less than 2^52 bytes")]
fn bytes_to_mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// A failover of so many route tables, each call 50 ms slower than the emulator alone.
async fn failover(aws: &LocalAws, routes: usize, to_reach: u64) -> Result<()> {
    let nat = Nat::new(aws, 2, &[]).await?;
    let interface = nat.group("a").interface.clone();
    for index in 1..routes {
        let table = nat.route_table(&format!("table-{index}")).await?;
        let route = nat.ec2.create_route().route_table_id(&table).destination_cidr_block("0.0.0.0/0");
        route.network_interface_id(&interface).send().await?;
    }
    nat.dies("a").await?;
    nat.account.inject(Fault::delay(CALL));
    let invocation = nat.send("sns-alarm", "a").await?;
    let moved = invocation.calls.of("ec2:ReplaceRoute").iter().filter(|call| call.succeeded()).count();
    if moved != routes {
        return Err(format!("{moved} of {routes} routes moved: {:?}", invocation.result).into());
    }
    let time = invocation.duration.as_secs_f64();
    println!("| {routes} routes moved, 50 ms added to each call | {time:.2} s | {to_reach} s |");
    Ok(())
}
