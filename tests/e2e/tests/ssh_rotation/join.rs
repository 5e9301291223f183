//! Nodes that join later get the current key from the association, without waiting for a rotation.

use std::time::Duration;

use e2e::ssh::LoggedIn::{Everywhere, Nowhere};
use local_aws::{Agent, RotationStep};

use super::{answer, within};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_node_that_joins_lets_the_current_key_in() {
    within(1, &[], async |ssh| {
        ssh.rotated().await?;
        let joined = ssh.join().await?;
        let runs = joined.wait_for_associations(1, SOON).await?;
        ssh.nodes.push(joined);
        let key = ssh.private_key("AWSCURRENT").await?;
        assert_eq!(ssh.who_lets_in("ec2-user", &key).await?, Everywhere, "{runs:?}");
        Ok(())
    });
}

#[test]
fn a_node_that_joins_in_the_middle_of_a_rotation_fails_the_test_and_has_the_key_after_the_retry() {
    within(1, &[], async |ssh| {
        ssh.rotated().await?;
        let mut rotation = ssh.begin().await?;
        rotation.next_step().await?;
        rotation.next_step().await?;
        let joined = ssh.join().await?;
        joined.wait_for_associations(1, SOON).await?;
        ssh.nodes.push(joined);
        let (old, new) = (ssh.private_key("AWSCURRENT").await?, ssh.private_key("AWSPENDING").await?);
        assert_eq!(ssh.who_lets_in("ec2-user", &old).await?, Everywhere);
        assert!(rotation.run_step(RotationStep::Test).await?.result.is_err());
        let again = ssh.account.rotation(&ssh.function, &ssh.secret).version_id(rotation.version_id()).run().await?;
        assert!(again.succeeded, "{:?}", again.error());
        assert_eq!(
            (ssh.who_lets_in("ec2-user", &old).await?, ssh.who_lets_in("ec2-user", &new).await?),
            (Nowhere, Everywhere)
        );
        Ok(())
    });
}

#[test]
fn a_node_that_joins_between_test_and_finish_has_the_new_key_alone() {
    within(1, &[], async |ssh| {
        ssh.rotated().await?;
        let old = ssh.private_key("AWSCURRENT").await?;
        let mut rotation = ssh.begin().await?;
        for _ in 0..3 {
            rotation.next_step().await?;
        }
        let joined = ssh.join().await?;
        joined.wait_for_associations(1, SOON).await?;
        ssh.nodes.push(joined);
        answer(&rotation.run_step(RotationStep::Finish).await?);
        let new = ssh.private_key("AWSCURRENT").await?;
        assert_eq!(
            (ssh.who_lets_in("ec2-user", &old).await?, ssh.who_lets_in("ec2-user", &new).await?),
            (Nowhere, Everywhere)
        );
        Ok(())
    });
}

#[test]
fn a_node_that_was_stopped_during_a_rotation_loses_the_superseded_key_when_it_is_back() {
    within(2, &[], async |ssh| {
        ssh.rotated().await?;
        let old = ssh.private_key("AWSCURRENT").await?;
        let away = ssh.nodes[1].clone();
        away.set_agent(Agent::Offline);
        ssh.account.control("ec2", "StopInstances", &[("InstanceId.1", away.instance_id())]).await?;
        ssh.rotated().await?;
        // Commands that were sent to it meanwhile are given up by SSM.
        ssh.account.set_ssm_clock(1000.0);
        tokio::time::sleep(Duration::from_secs(2)).await;
        ssh.account.set_ssm_clock(1.0);
        ssh.account.control("ec2", "StartInstances", &[("InstanceId.1", away.instance_id())]).await?;
        away.set_agent(Agent::Online);
        ssh.account.apply_associations().await?; // as its schedule does
        let new = ssh.private_key("AWSCURRENT").await?;
        assert_eq!(
            (ssh.who_lets_in("ec2-user", &old).await?, ssh.who_lets_in("ec2-user", &new).await?),
            (Nowhere, Everywhere)
        );
        Ok(())
    });
}
