//! Whole rotations: who can log in before, in between and after.

use e2e::ssh::LoggedIn::{Everywhere, Nowhere};
use e2e::ssh::authorized_keys;
use local_aws::RotationStep;
use serde_json::json;

use super::within;

#[test]
fn both_keys_log_in_until_the_new_one_is_current_and_then_it_alone() {
    within(3, &[], async |ssh| {
        ssh.rotated().await?;
        let old = ssh.private_key("AWSCURRENT").await?;
        assert_eq!(ssh.who_lets_in("ec2-user", &old).await?, Everywhere);

        let mut rotation = ssh.begin().await?;
        rotation.next_step().await?; // createSecret
        let new = ssh.private_key("AWSPENDING").await?;
        assert_eq!(
            (ssh.who_lets_in("ec2-user", &old).await?, ssh.who_lets_in("ec2-user", &new).await?),
            (Everywhere, Nowhere)
        );
        for _ in [RotationStep::Set, RotationStep::Test] {
            rotation.next_step().await?;
            assert_eq!(ssh.who_lets_in("ec2-user", &old).await?, Everywhere);
            assert_eq!(ssh.who_lets_in("ec2-user", &new).await?, Everywhere);
            assert_eq!(ssh.private_key("AWSCURRENT").await?, old);
        }
        rotation.next_step().await?; // finishSecret
        assert_eq!(ssh.private_key("AWSCURRENT").await?, new);
        assert_eq!(ssh.private_key("AWSPREVIOUS").await?, old);
        assert_eq!(
            (ssh.who_lets_in("ec2-user", &old).await?, ssh.who_lets_in("ec2-user", &new).await?),
            (Nowhere, Everywhere)
        );
        Ok(())
    });
}

#[test]
fn a_rotation_that_goes_well_logs_neither_errors_nor_warnings() {
    within(1, &[], async |ssh| {
        for run in ssh.rotated().await?.steps {
            let lines = run.invocation.logs;
            assert!(!lines.iter().any(|line| line.contains("ERROR") || line.contains("WARN")), "{lines:#?}");
        }
        Ok(())
    });
}

#[test]
fn a_kept_previous_key_logs_in_until_the_next_rotation() {
    within(2, &[("PreviousKey", "keep")], async |ssh| {
        let mut keys = Vec::new();
        for _ in 0..3 {
            ssh.rotated().await?;
            keys.push(ssh.private_key("AWSCURRENT").await?);
        }
        let mut now = Vec::new();
        for key in &keys {
            now.push(ssh.who_lets_in("ec2-user", key).await?);
        }
        assert_eq!(now, [Nowhere, Everywhere, Everywhere]);
        Ok(())
    });
}

#[test]
fn every_algorithm_and_format_logs_in() {
    for (algorithm, format, begin) in [
        ("ecdsa-p256", "openssh", "-----BEGIN OPENSSH"),
        ("ecdsa-p384", "openssh", "-----BEGIN OPENSSH"),
        ("ecdsa-p521", "openssh", "-----BEGIN OPENSSH"),
        ("rsa-2048", "openssh", "-----BEGIN OPENSSH"),
        ("rsa-3072", "pkcs1", "-----BEGIN RSA"),
        ("rsa-4096", "pkcs1", "-----BEGIN RSA"),
    ] {
        within(1, &[("KeyAlgorithm", algorithm), ("PrivateKeyFormat", format)], async |ssh| {
            ssh.rotated().await?;
            let key = ssh.private_key("AWSCURRENT").await?;
            assert!(key.starts_with(begin), "{algorithm} {format}");
            assert_eq!(ssh.who_lets_in("ec2-user", &key).await?, Everywhere, "{algorithm} {format}");
            Ok(())
        });
    }
}

#[test]
fn other_fields_of_the_secret_and_other_lines_of_the_file_stay_byte_for_byte() {
    within(1, &[], async |ssh| {
        let file = authorized_keys("ec2-user");
        let foreign = "# mine\r\nfrom=\"10.0.0.0/8\" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti me@home  \n\nno newline at the end";
        ssh.nodes[0].write(&file, foreign).await?;
        ssh.secrets("PutSecretValue", json!({"SecretString": r#"{"Note": 9007199254740993, "PublicKey": ""}"#}))
            .await?;
        for _ in 0..2 {
            ssh.rotated().await?;
            let lines = ssh.lines(&ssh.nodes[0], "ec2-user").await?;
            assert_eq!(lines.len(), 1);
            assert_eq!(ssh.nodes[0].read(&file).await?, format!("{foreign}\n{}\n", lines[0]));
            assert!(
                ssh.text("AWSCURRENT")
                    .await
                    .unwrap()
                    .starts_with(r#"{"Note":9007199254740993,"PublicKey":"ssh-ed25519 "#)
            );
        }
        Ok(())
    });
}

#[test]
fn lines_that_an_abandoned_rotation_left_go_with_the_next_one() {
    within(2, &[], async |ssh| {
        ssh.rotated().await?;
        let abandoned = ssh.account.rotation(&ssh.function, &ssh.secret).stop_after(RotationStep::Set).run().await?;
        let key = ssh.private_key("AWSPENDING").await?;
        assert_eq!(ssh.who_lets_in("ec2-user", &key).await?, Everywhere);
        let cancel = json!({"VersionStage": "AWSPENDING", "RemoveFromVersionId": abandoned.version_id});
        ssh.secrets("UpdateSecretVersionStage", cancel).await?;
        ssh.rotated().await?;
        assert_eq!(ssh.who_lets_in("ec2-user", &key).await?, Nowhere);
        assert_eq!(ssh.lines(&ssh.nodes[0], "ec2-user").await?.len(), 1);
        Ok(())
    });
}

#[test]
fn two_secrets_share_a_file_and_each_keeps_to_its_own_lines() {
    within(2, &[], async |ssh| {
        let other = ssh.second_secret().await?;
        for (rotations, expected) in [(1, 2), (2, 2), (3, 2)] {
            ssh.rotated().await?;
            other.rotated().await?;
            for node in &ssh.nodes {
                assert_eq!(ssh.lines(node, "ec2-user").await?.len(), expected, "after {rotations}");
            }
            for world in [&*ssh, &other] {
                let key = world.private_key("AWSCURRENT").await?;
                assert_eq!(ssh.who_lets_in("ec2-user", &key).await?, Everywhere);
            }
        }
        Ok(())
    });
}

#[test]
fn several_users_get_the_key_and_a_node_without_one_of_them_is_named() {
    within(1, &[("SshUsernames", "ec2-user,ubuntu")], async |ssh| {
        let both = ssh.account.start_nodes(2, &e2e::ssh::node_options().user("ubuntu")).await?;
        let without_ubuntu = std::mem::replace(&mut ssh.nodes, both).remove(0);
        let failed = ssh.rotate().await?;
        let told = &failed.error().expect("a user is missing").error_message;
        assert!(told.contains("setSecret: 1 of 3 node(s) failed"), "{told}");
        assert!(told.contains(&format!("{}: Failed (ubuntu: no such user", without_ubuntu.instance_id())), "{told}");
        ssh.account.control("ec2", "TerminateInstances", &[("InstanceId.1", without_ubuntu.instance_id())]).await?;
        let again = ssh.account.rotation(&ssh.function, &ssh.secret).version_id(&failed.version_id).run().await?;
        assert!(again.succeeded, "{:?}", again.error());
        let key = ssh.private_key("AWSCURRENT").await?;
        for user in ["ec2-user", "ubuntu"] {
            assert_eq!(ssh.who_lets_in(user, &key).await?, Everywhere, "{user}");
        }
        Ok(())
    });
}

#[test]
fn the_host_keys_that_a_rotation_recorded_are_a_known_hosts_file() {
    within(2, &[], async |ssh| {
        ssh.rotated().await?;
        let recorded = ssh.text("HOSTKEYS").await.unwrap();
        let mut expected: Vec<String> = ssh
            .nodes
            .iter()
            .map(|node| {
                let ed25519 = node.host_keys().iter().find(|key| key.starts_with("ssh-ed25519")).unwrap();
                format!("[{}]:{} {ed25519}", node.address(), node.port())
            })
            .collect();
        expected.sort();
        let mut lines: Vec<_> = recorded.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, expected);
        Ok(())
    });
}
