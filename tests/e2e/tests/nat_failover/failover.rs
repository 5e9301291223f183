use super::{did, error, within};

#[test]
fn every_kind_of_route_at_the_dead_instance_moves_and_nothing_else() {
    within(2, &[], async |nat| {
        let (a, b) = (nat.group("a").clone(), nat.group("b").clone());
        let list = nat.ec2.create_managed_prefix_list().prefix_list_name("saas").max_entries(1);
        let list = list.address_family("IPv4").send().await?;
        let list = list.prefix_list().and_then(|list| list.prefix_list_id()).ok_or("no list")?.to_owned();
        let nobodys = nat.route_table("nobody").await?;
        let edge = nat.route_table("edge").await?;
        let create = |table: &str| nat.ec2.create_route().route_table_id(table);
        create(&a.table).destination_ipv6_cidr_block("::/0").network_interface_id(&a.interface).send().await?;
        create(&a.table).destination_prefix_list_id(&list).network_interface_id(&a.interface).send().await?;
        create(&a.table).destination_cidr_block("172.16.0.0/12").network_interface_id(&b.interface).send().await?;
        create(&nobodys).destination_cidr_block("198.51.100.0/24").instance_id(&a.instance).send().await?;
        create(&edge).destination_cidr_block("192.0.2.0/24").network_interface_id(&a.interface).send().await?;
        let internet = nat.ec2.create_internet_gateway().send().await?;
        let internet =
            internet.internet_gateway().and_then(|igw| igw.internet_gateway_id()).ok_or("no gateway")?.to_owned();
        nat.ec2.attach_internet_gateway().internet_gateway_id(&internet).vpc_id(&nat.vpc).send().await?;
        nat.ec2.associate_route_table().route_table_id(&edge).gateway_id(&internet).send().await?;
        create(&nobodys).destination_cidr_block("0.0.0.0/0").gateway_id(&internet).send().await?;

        nat.dies("a").await?;
        let invocation = nat.send("sns-alarm", "a").await?;
        assert_eq!(did(&invocation)["routesMoved"], 5, "{}", invocation.calls.story());

        let peer = Some(b.interface.clone());
        for (table, destination) in [
            (&a.table, "0.0.0.0/0"),
            (&a.table, "::/0"),
            (&a.table, list.as_str()),
            (&nobodys, "198.51.100.0/24"),
            (&edge, "192.0.2.0/24"),
            (&a.table, "172.16.0.0/12"),
            (&b.table, "0.0.0.0/0"),
        ] {
            assert_eq!(nat.target(table, destination).await?, peer, "{table} {destination}");
        }
        assert_eq!(nat.target(&nobodys, "0.0.0.0/0").await?, Some(internet));
        let member = nat.members(&a.name).await?.remove(0);
        assert_eq!(member.health_status(), Some("Unhealthy"));
        let mark = invocation.calls.of("autoscaling:SetInstanceHealth");
        assert_eq!(mark.iter().next().and_then(|call| call.parameter("ShouldRespectGracePeriod")), Some("false"));
        Ok(())
    });
}

#[test]
fn the_same_event_again_makes_no_changing_call() {
    within(2, &[], async |nat| {
        nat.dies("a").await?;
        nat.send("sns-alarm", "a").await?;
        for event in ["sns-alarm", "direct-alarm", "eventbridge-alarm"] {
            let again = nat.send(event, "a").await?;
            assert_eq!((did(&again)["did"].as_str(), again.calls.mutating().len()), (Some("nothing"), 0), "{event}");
        }
        Ok(())
    });
}

#[test]
fn an_alarm_that_recovered_meanwhile_and_an_ok_that_did_not_last_do_nothing() {
    within(2, &[], async |nat| {
        let late_alarm = nat.send("sns-alarm", "a").await?;
        assert!(did(&late_alarm)["why"].as_str().is_some_and(|why| why.contains("changed its state again")));
        nat.dies("a").await?;
        let late_ok = nat.send("sns-ok", "a").await?;
        assert!(did(&late_ok)["why"].as_str().is_some_and(|why| why.contains("changed its state again")));
        assert_eq!(nat.account.calls().mutating().len(), 0);
        Ok(())
    });
}

#[test]
fn a_replacement_is_not_marked_unhealthy_by_the_alarm_of_its_predecessor() {
    within(2, &[], async |nat| {
        nat.dies("a").await?;
        nat.is_replaced("a").await?;
        let invocation = nat.send("sns-alarm", "a").await?;
        assert_eq!(invocation.calls.count("autoscaling:SetInstanceHealth"), 0);
        assert_eq!(nat.target(&nat.group("a").table, "0.0.0.0/0").await?, Some(nat.group("b").interface.clone()));
        Ok(())
    });
}

#[test]
fn chained_failures_end_at_the_one_that_lives() {
    within(3, &[], async |nat| {
        nat.dies("a").await?;
        nat.send("sns-alarm", "a").await?;
        nat.dies("b").await?;
        nat.send("direct-alarm", "b").await?;
        let c = Some(nat.group("c").interface.clone());
        assert_eq!(nat.defaults().await?, [c.clone(), c.clone(), c]);
        Ok(())
    });
}

#[test]
fn a_peer_with_the_source_dest_check_on_is_no_peer() {
    within(3, &[], async |nat| {
        nat.forwards(&nat.group("b").interface, false).await?;
        nat.dies("a").await?;
        nat.send("sns-alarm", "a").await?;
        assert_eq!(nat.target(&nat.group("a").table, "0.0.0.0/0").await?, Some(nat.group("c").interface.clone()));
        Ok(())
    });
}

#[test]
fn with_no_peer_the_nat_gateway_takes_ipv4_and_ipv6_stays() {
    within(2, &[], async |nat| {
        let a = nat.group("a").clone();
        let gateway = nat.nat_gateway("b").await?;
        nat.set_fallback("a", &gateway).await?;
        let ipv6 = nat.ec2.create_route().route_table_id(&a.table).destination_ipv6_cidr_block("::/0");
        ipv6.network_interface_id(&a.interface).send().await?;
        nat.set_alarm("b", "ALARM").await?;
        nat.dies("a").await?;
        let invocation = nat.send("sns-alarm", "a").await?;
        assert_eq!(
            (did(&invocation)["routesMoved"].as_u64(), did(&invocation)["stranded"].as_u64()),
            (Some(1), Some(1))
        );
        assert_eq!(nat.target(&a.table, "0.0.0.0/0").await?, Some(gateway));
        assert_eq!(nat.target(&a.table, "::/0").await?, Some(a.interface));
        assert!(invocation.logged("the route can't move"));

        nat.set_alarm("b", "OK").await?;
        nat.recovers("a").await?;
        nat.send("sns-ok", "a").await?;
        assert_eq!(
            nat.defaults().await?[0],
            Some(nat.interface_of(&only(nat, "nat-a").await?).await?),
            "and comes home"
        );
        Ok(())
    });
}

async fn only(nat: &e2e::nat::Nat, group: &str) -> e2e::Result<String> {
    Ok(nat.members(group).await?.remove(0).instance_id().unwrap_or_default().to_owned())
}

#[test]
fn with_nowhere_to_go_it_fails_loudly_tells_people_and_moves_nothing() {
    within(2, &[("NotificationTopicArn", "TOPIC")], async |nat| {
        nat.set_alarm("b", "ALARM").await?;
        nat.dies("a").await?;
        let before = nat.defaults().await?;
        let invocation = nat.send("sns-alarm", "a").await?;
        assert_eq!(error(&invocation).error_type, "NoHealthyPeer");
        assert_eq!(nat.defaults().await?, before);
        assert_eq!(invocation.calls.count("autoscaling:SetInstanceHealth"), 1);
        assert!(invocation.json_logs().iter().any(|line| line["NoHealthyPeer"] == 1), "the metric");
        let told = invocation.calls.of("sns:Publish");
        let message = told.iter().next().and_then(|call| call.parameter("Message")).unwrap_or_default();
        assert!(message.contains("Can't move:\n- rtb-"), "{message}");
        Ok(())
    });
}
