//! AWS is slow, throttles, cuts connections, refuses.

use std::time::Duration;

use e2e::Result;
use e2e::nat::Nat;
use local_aws::Fault;
use report::{Check, Fact};

use crate::nat::seen::Pair;
use crate::nat::world;
use crate::stage::Stage;

/// Tables that the failed instance carries beside its home table.
const TABLES: usize = 6;

pub(super) async fn play(stage: &mut Stage) -> Result<()> {
    slow(stage).await?;
    refused(stage).await
}

/// A network in which nat-a carries so many routes of each table, and dies. The tables' ids.
async fn busy(stage: &mut Stage, nat: &Nat, routes: usize) -> Result<Vec<String>> {
    let what = format!("adding {TABLES} tables of {routes} routes each");
    let tables = stage.prepare(&what, world::team_tables(nat, TABLES, routes)).await?;
    nat.dies("a").await?;
    Ok(tables)
}

async fn slow(stage: &mut Stage) -> Result<()> {
    const ROUTES: usize = 10;
    let nat = stage.network(2, &[]).await?;
    busy(stage, &nat, ROUTES).await?;
    let route = |fault: Fault| fault.action("ec2:ReplaceRoute");
    nat.account.inject(Fault::delay(Duration::from_millis(50)));
    nat.account.inject(Fault::throttle().action("ec2:DescribeRouteTables").nth(1));
    nat.account.inject(route(Fault::throttle()).first(5));
    nat.account.inject(route(Fault::cut_after()).nth(20));
    nat.account.inject(route(Fault::cut_before()).nth(40));
    let happened = "nat-a dies while AWS has a bad day: each call takes 50 ms longer; reading the route tables is \
                    throttled once, and so are the first five route changes; one connection is cut after EC2 did the \
                    change, and another before.";
    let scene = stage.open(&nat, "AWS is slow, throttles, and cuts connections", happened).await?;
    let mut seen = scene.send("sns-alarm", "a").await?;
    let calls = &seen.invocation.calls;
    let throttled = calls.filter(|call| call.faults.contains(&"throttle")).len();
    let cut = calls.filter(|call| call.status == 0).len();
    let checks = vec![
        Check::new(
            format!("All {} routes of nat-a go through nat-b", TABLES * ROUTES + 1),
            seen.all_moved("nat-a", "nat-b") && seen.moved() == TABLES * ROUTES + 1,
        ),
        Check::new("The faults did hit it: 6 calls throttled, 2 connections cut", (throttled, cut) == (6, 2)),
        Check::new("No error is left over", seen.succeeded()),
        Check::new("It ended long before its deadline of 2 minutes", seen.duration() < Duration::from_mins(1)),
    ];
    seen.more.push(Fact::new("calls in all", calls.len()));
    nat.account.clear_faults();
    stage.close(seen, checks).await;
    Ok(())
}

async fn refused(stage: &mut Stage) -> Result<()> {
    const ROUTES: usize = 3;
    let nat = stage.network(2, &[]).await?;
    let tables = busy(stage, &nat, ROUTES).await?;
    let locked = tables.get(2).cloned().unwrap_or_default();
    let refusal = Fault::error(403, "UnauthorizedOperation", "You are not authorized to perform this operation.");
    nat.account.inject(refusal.action("ec2:ReplaceRoute").parameter("RouteTableId", &locked));
    let happened = "nat-a dies, and EC2 refuses for good every change to one of its route tables, team-3: somebody's service \
                    control policy, say.";
    let scene = stage.open(&nat, "One table is refused for good", happened).await?;
    let seen = scene.send("sns-alarm", "a").await?;
    let pairs = seen.pairs();
    let (stuck, others): (Vec<&Pair<'_>>, Vec<_>) =
        pairs.iter().filter(|pair| pair.was_at("nat-a")).partition(|pair| pair.table.id == locked);
    let error = seen.error("Incomplete").unwrap_or_default();
    let checks = vec![
        Check::new(
            "All the other tables moved: one that fails does not stop them",
            others.len() == (TABLES - 1) * ROUTES + 1 && others.iter().all(|pair| pair.now_at("nat-b")),
        ),
        Check::new(
            "The refused table's routes are where they were",
            stuck.len() == ROUTES && stuck.iter().all(|pair| !pair.moved()),
        ),
        Check::new(
            "The error names that table and none of the others",
            error.contains(&locked) && !others.iter().any(|pair| error.contains(&pair.table.id)),
        ),
        Check::new(
            "A refusal is not tried again: one call for each of its routes",
            seen.invocation.calls.filter(|call| call.parameter("RouteTableId") == Some(&locked)).len() == ROUTES,
        ),
    ];
    nat.account.clear_faults();
    stage.close(seen, checks).await;
    Ok(())
}
