use std::time::Duration;

use local_aws::Fault;

use super::{did, error, within};

#[test]
fn throttled_calls_and_cut_connections_are_sent_again() {
    within(2, &[], async |nat| {
        nat.dies("a").await?;
        nat.account.inject(Fault::throttle().action("ec2:ReplaceRoute").first(3));
        nat.account.inject(Fault::throttle().action("cloudwatch:DescribeAlarms").nth(1));
        nat.account.inject(Fault::cut_before().action("ec2:DescribeInstances").nth(1));
        nat.account.inject(Fault::cut_after().action("ec2:ReplaceRoute").nth(4));
        nat.account
            .inject(Fault::error(500, "ResourceContention", "later").action("autoscaling:SetInstanceHealth").nth(1));
        let invocation = nat.send("sns-alarm", "a").await?;
        assert_eq!(did(&invocation)["routesMoved"], 1, "{}", invocation.calls.story());
        assert_eq!(invocation.calls.count("ec2:ReplaceRoute"), 5);
        Ok(())
    });
}

#[test]
fn one_table_that_fails_for_good_does_not_stop_the_others() {
    within(2, &[], async |nat| {
        let a = nat.group("a").clone();
        let second = nat.route_table("second").await?;
        let route = nat.ec2.create_route().route_table_id(&second).destination_cidr_block("0.0.0.0/0");
        route.network_interface_id(&a.interface).send().await?;
        nat.dies("a").await?;
        let refused = Fault::error(400, "InvalidRouteTableID.NotFound", "no such table");
        nat.account.inject(refused.action("ec2:ReplaceRoute").parameter("RouteTableId", &a.table));
        let invocation = nat.send("sns-alarm", "a").await?;
        assert_eq!(error(&invocation).error_type, "Incomplete");
        assert!(error(&invocation).error_message.contains(&a.table), "{:?}", error(&invocation));
        assert_eq!(nat.target(&second, "0.0.0.0/0").await?, Some(nat.group("b").interface.clone()));
        Ok(())
    });
}

#[test]
fn at_the_deadline_it_says_what_is_left_and_is_not_cut_off() {
    within(2, &[], async |nat| {
        nat.dies("a").await?;
        nat.account.inject(Fault::throttle().action("ec2:ReplaceRoute"));
        let hurried = nat.function.with_timeout(Duration::from_secs(5));
        let invocation = hurried.invoke(&nat.event("sns-alarm", "a")?).await?;
        assert_eq!(error(&invocation).error_type, "Incomplete");
        assert!(error(&invocation).error_message.contains("left at the deadline: [rtb-"), "{:?}", error(&invocation));
        Ok(())
    });
}

#[test]
fn nat_gateways_that_cannot_be_read_do_not_stop_a_failover_to_a_peer() {
    within(2, &[], async |nat| {
        nat.set_fallback("a", &nat.nat_gateway("b").await?).await?;
        nat.dies("a").await?;
        nat.account.inject(Fault::error(503, "Unavailable", "later").action("ec2:DescribeNatGateways"));
        assert_eq!(did(&nat.send("sns-alarm", "a").await?)["routesMoved"], 1);
        Ok(())
    });
}

#[test]
fn when_the_cloud_cannot_be_read_nothing_is_changed() {
    within(2, &[], async |nat| {
        nat.dies("a").await?;
        let denied = Fault::error(403, "UnauthorizedOperation", "no").action("ec2:DescribeInstances");
        nat.account.inject(denied);
        let invocation = nat.send("sns-alarm", "a").await?;
        assert_eq!(error(&invocation).error_type, "CloudUnreadable");
        assert_eq!(invocation.calls.mutating().len(), 0);
        Ok(())
    });
}

/// The process is killed after each of its changing calls in turn; the event comes again, as Lambda's retry brings it.
#[test]
fn killed_after_any_call_the_same_event_converges() {
    for (calls, action) in [(1, "ec2:ReplaceRoute"), (2, "ec2:ReplaceRoute"), (1, "autoscaling:SetInstanceHealth")] {
        within(2, &[], async |nat| {
            let a = nat.group("a").clone();
            for range in ["10.1.0.0/16", "10.2.0.0/16"] {
                let route = nat.ec2.create_route().route_table_id(&a.table).destination_cidr_block(range);
                route.network_interface_id(&a.interface).send().await?;
            }
            nat.dies("a").await?;
            nat.account.inject(Fault::kill_after().action(action).nth(calls));
            let killed = nat.send("sns-alarm", "a").await?;
            assert!(killed.result.is_err(), "{:?}", killed.result);
            nat.send("sns-alarm", "a").await?;
            let peer = Some(nat.group("b").interface.clone());
            for range in ["0.0.0.0/0", "10.1.0.0/16", "10.2.0.0/16"] {
                assert_eq!(nat.target(&a.table, range).await?, peer, "{range} after {action} {calls}");
            }
            assert_eq!(nat.members("nat-a").await?.remove(0).health_status(), Some("Unhealthy"));
            let third = nat.send("sns-alarm", "a").await?;
            assert_eq!(third.calls.mutating().len(), 0);
            Ok(())
        });
    }
}
