//! Nodes that don't do what they are told: each is named, and nothing becomes current.

use std::time::Duration;

use e2e::ssh::LoggedIn::Everywhere;
use e2e::ssh::authorized_keys;
use local_aws::{Agent, RotationStep};

use super::{answer, error, within};

#[test]
fn zero_nodes_fail_the_rotation() {
    within(0, &[], async |ssh| {
        let rotation = ssh.rotate().await?;
        assert_eq!(rotation.error().unwrap().error_type, "NoNodes");
        assert_eq!(ssh.text("AWSCURRENT").await.as_deref(), Some("{}"));
        Ok(())
    });
}

#[test]
fn a_node_that_ssm_does_not_know_or_that_is_offline_is_named_and_the_others_have_the_key() {
    for (agent, why) in
        [(Agent::Unknown, "Systems Manager does not know this node"), (Agent::Offline, "DeliveryTimedOut")]
    {
        within(3, &[], async |ssh| {
            ssh.account.set_ssm_clock(30.0);
            let lost = ssh.nodes[1].clone();
            lost.set_agent(agent);
            let rotation = ssh.rotate().await?;
            let told = rotation.error().unwrap();
            assert_eq!(told.error_type, "NodesFailed");
            assert!(told.error_message.contains("1 of 3 node(s) failed"), "{told:?}");
            assert!(told.error_message.contains(&format!("{}: {why}", lost.instance_id())), "{told:?}");
            assert_eq!(ssh.text("AWSCURRENT").await.as_deref(), Some("{}"));
            assert_eq!(ssh.lines(&ssh.nodes[0], "ec2-user").await?.len(), 1);
            lost.set_agent(Agent::Online);
            let again = ssh.account.rotation(&ssh.function, &ssh.secret).version_id(&rotation.version_id).run().await?;
            assert!(again.succeeded, "{:?}", again.error());
            let key = ssh.private_key("AWSCURRENT").await?;
            assert_eq!(ssh.who_lets_in("ec2-user", &key).await?, Everywhere);
            Ok(())
        });
    }
}

#[test]
fn at_the_functions_deadline_the_nodes_that_have_not_answered_are_named() {
    within(2, &[], async |ssh| {
        let lost = ssh.nodes[1].clone();
        lost.set_agent(Agent::Offline);
        let hurried = ssh.function.with_timeout(Duration::from_secs(12));
        let rotation = ssh.account.rotate(&hurried, &ssh.secret).await?;
        let told = rotation.error().unwrap();
        assert_eq!(told.error_type, "NodesFailed", "{told:?}");
        assert!(
            told.error_message.contains("1 not done by the deadline")
                && told.error_message.contains(lost.instance_id()),
            "{told:?}"
        );
        Ok(())
    });
}

#[test]
fn a_node_whose_script_fails_is_named_with_its_words() {
    within(2, &[], async |ssh| {
        let bad = ssh.nodes[1].clone();
        bad.run("ln -s /etc/passwd /home/ec2-user/.ssh || { mkdir -p /home/ec2-user/.ssh; ln -sf /etc/passwd /home/ec2-user/.ssh/authorized_keys; }").await?;
        let rotation = ssh.rotate().await?;
        let told = rotation.error().unwrap();
        assert!(
            told.error_message.contains(bad.instance_id()) && told.error_message.contains("symbolic link"),
            "{told:?}"
        );
        Ok(())
    });
}

#[test]
fn a_node_that_refuses_the_login_keeps_awscurrent_where_it_is() {
    within(2, &[], async |ssh| {
        ssh.rotated().await?;
        let old = ssh.private_key("AWSCURRENT").await?;
        let rotation = ssh.begin().await?;
        answer(&rotation.run_step(RotationStep::Create).await?);
        answer(&rotation.run_step(RotationStep::Set).await?);
        let spoilt = ssh.nodes[1].clone();
        spoilt.run("chmod 0777 /home/ec2-user/.ssh").await?; // StrictModes: sshd does not trust it any more
        let refused = rotation.run_step(RotationStep::Test).await?;
        assert!(
            error(&refused)
                .error_message
                .contains(&format!("{}: ec2-user: sshd refuses the new key", spoilt.instance_id())),
            "{:?}",
            refused.result
        );
        assert_eq!(ssh.private_key("AWSCURRENT").await?, old);
        spoilt.run("chmod 0700 /home/ec2-user/.ssh").await?;
        answer(&rotation.run_step(RotationStep::Test).await?);
        Ok(())
    });
}

#[test]
fn a_host_with_another_key_than_it_printed_is_not_trusted() {
    within(2, &[], async |ssh| {
        let rotation = ssh.begin().await?;
        answer(&rotation.run_step(RotationStep::Create).await?);
        answer(&rotation.run_step(RotationStep::Set).await?);
        let impostor = ssh.nodes[0].clone();
        impostor.stop_sshd();
        impostor.run("rm -f /etc/ssh/ssh_host_*; ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key; ssh-keygen -q -t ecdsa -N '' -f /etc/ssh/ssh_host_ecdsa_key").await?;
        impostor.start_sshd().await?;
        let refused = rotation.run_step(RotationStep::Test).await?;
        let told = &error(&refused).error_message;
        assert!(
            told.contains("1 of 2")
                && told.contains(&format!("{}: ec2-user: another host key", impostor.instance_id())),
            "{told}"
        );
        Ok(())
    });
}

#[test]
fn a_command_whose_exit_status_is_not_zero_is_no_login() {
    within(1, &[], async |ssh| {
        let rotation = ssh.begin().await?;
        answer(&rotation.run_step(RotationStep::Create).await?);
        answer(&rotation.run_step(RotationStep::Set).await?);
        let passwd = ssh.nodes[0].read("/etc/passwd").await?;
        let (before, after) = passwd.split_once("/home/ec2-user:").ok_or("no ec2-user")?;
        let others = after.split_once('\n').map_or("", |(_, others)| others);
        ssh.nodes[0].write("/etc/passwd", &format!("{before}/home/ec2-user:/bin/false\n{others}")).await?;
        let refused = rotation.run_step(RotationStep::Test).await?;
        assert!(error(&refused).error_message.contains("exit status 1"), "{:?}", refused.result);
        Ok(())
    });
}

#[test]
fn a_node_that_does_not_answer_the_port_is_named_in_seconds() {
    within(2, &[], async |ssh| {
        let rotation = ssh.begin().await?;
        answer(&rotation.run_step(RotationStep::Create).await?);
        answer(&rotation.run_step(RotationStep::Set).await?);
        ssh.nodes[1].stop_sshd();
        let refused = rotation.run_step(RotationStep::Test).await?;
        let told = &error(&refused).error_message;
        assert!(told.contains(ssh.nodes[1].instance_id()) && told.contains("no connection to port 2222"), "{told}");
        assert!(refused.duration < Duration::from_secs(10), "{:?}", refused.duration);
        Ok(())
    });
}

#[test]
fn stopped_and_untagged_instances_are_left_alone() {
    within(1, &[], async |ssh| {
        let untagged = ssh.account.start_node(local_aws::NodeOptions::new().user("ec2-user")).await?;
        let stopped = ssh.join().await?;
        ssh.account.control("ec2", "StopInstances", &[("InstanceId.1", stopped.instance_id())]).await?;
        stopped.set_agent(Agent::Offline);
        let rotation = ssh.rotated().await?;
        assert_eq!(answer(rotation.invocation(RotationStep::Finish).unwrap())["nodes"], 1);
        assert_eq!(ssh.lines(&untagged, "ec2-user").await?.len(), 0);
        Ok(())
    });
}

#[test]
fn a_superseded_key_that_somebody_also_put_there_by_hand_is_told_of() {
    within(1, &[], async |ssh| {
        ssh.rotated().await?;
        let line = ssh.lines(&ssh.nodes[0], "ec2-user").await?.remove(0);
        let by_hand = line.split(' ').take(2).collect::<Vec<_>>().join(" ") + " by hand\n";
        let file = authorized_keys("ec2-user");
        let text = format!("{by_hand}{}", ssh.nodes[0].read(&file).await?);
        ssh.nodes[0].write(&file, &text).await?;
        let rotation = ssh.rotated().await?;
        let finish = rotation.invocation(RotationStep::Finish).unwrap();
        assert!(finish.logged("the superseded key still logs in"));
        assert_eq!(answer(finish)["unlabelled"], 1);
        assert!(ssh.nodes[0].read(&file).await?.starts_with(&by_hand));
        Ok(())
    });
}
