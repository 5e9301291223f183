//! The budget: three rounds of calls, each of which waits for the one before; counted, not timed.

use super::{did, within};

/// 16 route requests are under way at once, so that sixty take four in a row.
#[test]
fn routes_change_in_the_third_round_however_many_tables_there_are() {
    for tables in [0, 60] {
        within(3, &[], async |nat| {
            let a = nat.group("a").clone();
            for index in 0..tables {
                let table = nat.route_table(&format!("more-{index}")).await?;
                let route = nat.ec2.create_route().route_table_id(&table).destination_cidr_block("0.0.0.0/0");
                route.network_interface_id(&a.interface).send().await?;
            }
            nat.dies("a").await?;
            let invocation = nat.send("sns-alarm", "a").await?;
            assert_eq!(did(&invocation)["routesMoved"], tables + 1);
            let looks = invocation.calls.filter(|call| !call.is_mutating());
            assert_eq!(looks.depth(), 2, "{}", invocation.calls.story());
            assert_eq!(looks.len(), 4, "alarms, groups, route tables; then instances: {}", looks.story());
            assert_eq!(invocation.calls.count("ec2:ReplaceRoute"), usize::try_from(tables + 1)?);
            let in_a_row = usize::try_from(tables + 1)?.div_ceil(16);
            let depth = invocation.calls.depth_of_last("ec2:ReplaceRoute").unwrap_or_default();
            // One more at the most: a lane that was quick takes a request more than its share.
            assert!((3..=3 + in_a_row).contains(&depth), "{depth}: {}", invocation.calls.story());
            assert!(tables > 0 || depth == 3, "{}", invocation.calls.story());
            Ok(())
        });
    }
}

#[test]
fn coming_home_takes_three_calls_one_after_another() {
    within(2, &[], async |nat| {
        nat.dies("a").await?;
        nat.send("sns-alarm", "a").await?;
        let (_, interface) = nat.recovers("a").await?;
        nat.forwards(&interface, true).await?;
        let invocation = nat.send("sns-ok", "a").await?;
        assert_eq!(invocation.calls.depth(), 3, "{}", invocation.calls.story());
        Ok(())
    });
}
