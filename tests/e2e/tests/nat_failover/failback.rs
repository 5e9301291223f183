use aws_sdk_autoscaling::types::LifecycleState;

use super::{did, error, within};

#[test]
fn the_waiting_instance_goes_into_service_and_its_routes_come_home() {
    within(2, &[], async |nat| {
        nat.dies("a").await?;
        nat.send("sns-alarm", "a").await?;
        let (instance, interface) = nat.recovers("a").await?;
        nat.forwards(&interface, true).await?;
        let invocation = nat.send("sns-ok", "a").await?;
        assert_eq!(did(&invocation)["routesMoved"], 1, "{}", invocation.calls.story());
        assert_eq!(nat.defaults().await?, [Some(interface), Some(nat.group("b").interface.clone())]);
        let member = nat.members("nat-a").await?.remove(0);
        assert_eq!(
            (member.instance_id(), member.lifecycle_state().map(LifecycleState::as_str)),
            (Some(instance.as_str()), Some("InService"))
        );

        let again = nat.send("eventbridge-ok", "a").await?;
        assert_eq!((did(&again)["did"].as_str(), again.calls.mutating().len()), (Some("nothing"), 0));
        Ok(())
    });
}

#[test]
fn an_instance_that_drops_what_is_not_its_own_is_held_and_the_event_retried() {
    within(2, &[], async |nat| {
        nat.dies("a").await?;
        nat.send("sns-alarm", "a").await?;
        let (_, interface) = nat.recovers("a").await?;
        nat.forwards(&interface, false).await?;
        let early = nat.send("sns-ok", "a").await?;
        assert_eq!(error(&early).error_type, "NotReady");
        assert_eq!(early.calls.mutating().len(), 0);
        nat.forwards(&interface, true).await?;
        nat.send("sns-ok", "a").await?;
        assert_eq!(nat.defaults().await?[0], Some(interface));
        Ok(())
    });
}

#[test]
fn a_home_table_without_a_default_route_gets_one() {
    within(1, &[], async |nat| {
        let a = nat.group("a").clone();
        nat.ec2.delete_route().route_table_id(&a.table).destination_cidr_block("0.0.0.0/0").send().await?;
        let invocation = nat.send("sns-ok", "a").await?;
        assert_eq!(invocation.calls.count("ec2:CreateRoute"), 1, "{}", invocation.calls.story());
        assert_eq!(nat.defaults().await?, [Some(a.interface)]);
        Ok(())
    });
}

#[test]
fn manual_failback_completes_the_launch_and_leaves_the_routes() {
    within(2, &[("Failback", "manual")], async |nat| {
        nat.dies("a").await?;
        nat.send("sns-alarm", "a").await?;
        let (_, interface) = nat.recovers("a").await?;
        nat.forwards(&interface, true).await?;
        let invocation = nat.send("sns-ok", "a").await?;
        assert_eq!(invocation.calls.count("autoscaling:CompleteLifecycleAction"), 1);
        assert_eq!(nat.defaults().await?[0], Some(nat.group("b").interface.clone()));
        Ok(())
    });
}
