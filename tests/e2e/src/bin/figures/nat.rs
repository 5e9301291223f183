//! nat-failover's figures.

use std::time::Duration;

use e2e::Result;
use e2e::nat::Nat;
use local_aws::{Fault, LocalAws};

use crate::{figure, memory, start};

/// What an AWS call takes from a function in the same region, rounded up.
const CALL: Duration = Duration::from_millis(50);

pub(crate) async fn figures(aws: &LocalAws, only_start: bool) -> Result<()> {
    let nat = Nat::new(aws, 2, &[]).await?;
    start(&nat.function, 7_000_000, "10 ms").await?;
    if only_start {
        return Ok(());
    }
    after_ten_events(&nat).await?;
    for (routes, to_reach) in [(200, 3), (500, 6)] {
        failover(aws, routes, to_reach).await?;
    }
    Ok(())
}

/// The most memory that ten failovers and homecomings took.
async fn after_ten_events(nat: &Nat) -> Result<()> {
    for _ in 0..5 {
        nat.dies("a").await?;
        nat.send("sns-alarm", "a").await?;
        let (_, interface) = nat.recovers("a").await?;
        nat.forwards(&interface, true).await?;
        nat.send("sns-ok", "a").await?;
    }
    memory(&nat.function, "peak memory after 10 events", 20).await
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
    figure(
        &format!("{routes} routes moved, 50 ms added to each call"),
        &format!("{time:.2} s"),
        &format!("{to_reach} s"),
    );
    Ok(())
}
