use super::{did, error, within};

#[test]
fn routes_move_first_and_then_the_instance_may_go() {
    within(2, &[], async |nat| {
        let event = nat.is_leaving("a").await?;
        let invocation = nat.function.invoke(&event).await?;
        assert_eq!(did(&invocation)["routesMoved"], 1);
        assert_eq!(nat.defaults().await?[0], Some(nat.group("b").interface.clone()));
        let calls: Vec<_> = invocation.calls.mutating().iter().map(|call| call.action.clone()).collect();
        assert_eq!(calls, ["ReplaceRoute", "CompleteLifecycleAction"], "in this order");
        assert!(nat.members("nat-a").await?.is_empty());

        let again = nat.function.invoke(&event).await?;
        assert_eq!((did(&again)["did"].as_str(), again.calls.mutating().len()), (Some("nothing"), 0));
        Ok(())
    });
}

#[test]
fn with_no_peer_nothing_moves_and_the_instance_is_held() {
    within(1, &[], async |nat| {
        let event = nat.is_leaving("a").await?;
        let invocation = nat.function.invoke(&event).await?;
        assert_eq!(error(&invocation).error_type, "NoHealthyPeer");
        assert_eq!(invocation.calls.mutating().len(), 0);
        assert_eq!(nat.members("nat-a").await?.len(), 1);
        Ok(())
    });
}

#[test]
fn a_hook_that_was_completed_by_hand_is_a_success() {
    within(2, &[], async |nat| {
        let event = nat.is_leaving("a").await?;
        // The function reads, then somebody else completes: the answer it gets is AWS's "No active Lifecycle Action".
        let gone =
            local_aws::Fault::error(400, "ValidationError", "No active Lifecycle Action found with instance ID i-1");
        nat.account.inject(gone.action("autoscaling:CompleteLifecycleAction"));
        assert_eq!(did(&nat.function.invoke(&event).await?)["routesMoved"], 1);
        Ok(())
    });
}
