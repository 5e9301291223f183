//! Least privilege, both ways. The gateway asks the deployed role at every call, so that every other test here proves
//! that the role allows what the function calls; these prove that it allows nothing else.

use super::{did, error, within};

#[test]
fn a_route_table_without_the_pools_tag_is_not_the_functions_to_change() {
    within(2, &[], async |nat| {
        let a = nat.group("a").clone();
        let made = nat.ec2.create_route_table().vpc_id(&nat.vpc).send().await?;
        let untagged = made.route_table().and_then(|table| table.route_table_id()).ok_or("no table")?.to_owned();
        let route = nat.ec2.create_route().route_table_id(&untagged).destination_cidr_block("0.0.0.0/0");
        route.network_interface_id(&a.interface).send().await?;
        nat.dies("a").await?;
        let invocation = nat.send("sns-alarm", "a").await?;
        assert!(error(&invocation).error_message.contains("UnauthorizedOperation"), "{:?}", error(&invocation));
        assert_eq!(nat.target(&untagged, "0.0.0.0/0").await?, Some(a.interface));
        assert_eq!(nat.target(&a.table, "0.0.0.0/0").await?, Some(nat.group("b").interface.clone()));
        Ok(())
    });
}

/// A failover with a message, and a homecoming that creates a route: between them they use the whole role.
#[test]
fn every_action_that_the_role_allows_is_used() {
    within(2, &[("NotificationTopicArn", "TOPIC")], async |nat| {
        let a = nat.group("a").clone();
        nat.set_fallback("a", &nat.nat_gateway("b").await?).await?;
        nat.dies("a").await?;
        did(&nat.send("sns-alarm", "a").await?);
        nat.ec2.delete_route().route_table_id(&a.table).destination_cidr_block("0.0.0.0/0").send().await?;
        let (_, interface) = nat.recovers("a").await?;
        nat.forwards(&interface, true).await?;
        did(&nat.send("sns-ok", "a").await?);
        assert_eq!(nat.account.policy_coverage().unused_actions(), Vec::<String>::new());
        assert!(nat.account.calls().iter().all(local_aws::Call::succeeded), "{}", nat.account.calls().story());
        Ok(())
    });
}
