use super::{did, within};

#[test]
fn all_mistakes_are_told_to_the_invoker_at_once() {
    within(1, &[], async |nat| {
        let wrong = nat.function.with_env(&[("FAILBACK", "never"), ("DRY_RUN", "1")]).without_env(&["NAT_POOL"]);
        let invocation = wrong.invoke(&nat.event("sns-alarm", "a")?).await?;
        let told = format!("{:?}\n{}", invocation.result, invocation.logs.join("\n"));
        for name in ["NAT_POOL is missing", "FAILBACK=", "DRY_RUN="] {
            assert!(told.contains(name), "{name}: {told}");
        }
        assert!(invocation.result.is_err());
        Ok(())
    });
}

#[test]
fn a_dry_run_shows_the_plan_and_changes_nothing() {
    within(2, &[("DryRun", "true")], async |nat| {
        nat.dies("a").await?;
        let invocation = nat.send("sns-alarm", "a").await?;
        assert_eq!(did(&invocation)["plan"].as_array().map(Vec::len), Some(2)); // the mark and the route
        assert_eq!(invocation.calls.mutating().len(), 0);
        assert!(invocation.logged("planned"));
        Ok(())
    });
}

#[test]
fn with_the_vpc_named_only_its_tables_are_read_and_may_be_changed() {
    within(2, &[("VpcId", "VPC")], async |nat| {
        nat.dies("a").await?;
        let invocation = nat.send("sns-alarm", "a").await?;
        let read = invocation.calls.of("ec2:DescribeRouteTables");
        assert_eq!(read.iter().next().and_then(|call| call.parameter("Filter.1.Value.1")), Some(nat.vpc.as_str()));
        assert_eq!(nat.defaults().await?[0], Some(nat.group("b").interface.clone()));
        Ok(())
    });
}

#[test]
fn another_pool_is_another_world() {
    within(2, &[("NatPool", "other")], async |nat| {
        nat.dies("a").await?;
        let invocation = nat.send("sns-alarm", "a").await?;
        assert_eq!(super::error(&invocation).error_type, "EmptyPool");
        Ok(())
    });
}
