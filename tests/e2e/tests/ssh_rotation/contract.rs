//! Rotation enabled, the token a version, AWSPENDING on it, AWSCURRENT meaning done: otherwise not one write.

use local_aws::RotationStep;
use serde_json::json;

use super::{answer, error, within};

const STEPS: [&str; 4] = ["createSecret", "setSecret", "testSecret", "finishSecret"];

#[test]
fn without_rotation_or_with_a_foreign_token_nothing_is_written() {
    within(1, &[], async |ssh| {
        let event = |step: &str| json!({"Step": step, "SecretId": ssh.secret, "ClientRequestToken": "0".repeat(36)});
        for step in STEPS {
            let refused = ssh.function.invoke(&event(step)).await?;
            assert_eq!(error(&refused).error_type, "RotationDisabled");
            assert_eq!(refused.calls.len(), 1, "{}", refused.calls.story());
        }
        ssh.rotated().await?;
        for step in STEPS {
            let refused = ssh.function.invoke(&event(step)).await?;
            assert_eq!(error(&refused).error_type, "UnknownVersion");
            assert_eq!(refused.calls.mutating().len(), 0);
        }
        Ok(())
    });
}

#[test]
fn a_version_that_is_previous_is_nobodys_rotation() {
    within(1, &[], async |ssh| {
        let first = ssh.rotated().await?;
        ssh.rotated().await?;
        for step in STEPS {
            let event = json!({"Step": step, "SecretId": ssh.secret, "ClientRequestToken": first.version_id});
            let refused = ssh.function.invoke(&event).await?;
            assert_eq!(error(&refused).error_type, "NotPending");
            assert_eq!(refused.calls.mutating().len(), 0);
        }
        Ok(())
    });
}

#[test]
fn a_current_version_means_done() {
    within(1, &[], async |ssh| {
        let rotation = ssh.rotated().await?;
        for step in &STEPS[..3] {
            let event = json!({"Step": step, "SecretId": "/dev/ssh", "ClientRequestToken": rotation.version_id});
            let again = ssh.function.invoke(&event).await?;
            assert_eq!(answer(&again)["did"], "nothing");
            assert_eq!(again.calls.mutating().len(), 0);
        }
        Ok(())
    });
}

#[test]
fn a_rotation_that_is_not_to_begin_at_once_tests_and_changes_nothing() {
    within(1, &[], async |ssh| {
        for rotated_before in [false, true] {
            if rotated_before {
                ssh.rotated().await?;
            }
            let values = async || {
                let mut values = Vec::new();
                for label in ["AWSCURRENT", "AWSPREVIOUS", "HOSTKEYS"] {
                    values.push(ssh.text(label).await);
                }
                values
            };
            let before = values().await;
            let lines = ssh.lines(&ssh.nodes[0], "ec2-user").await?;
            let only_test = ssh.account.rotation(&ssh.function, &ssh.secret).rotate_immediately(false).run().await?;
            assert!(only_test.succeeded, "{:?}", only_test.error());
            assert_eq!(only_test.names(), ["testSecret"]);
            assert_eq!(only_test.invocation(RotationStep::Test).unwrap().calls.mutating().len(), 0);
            assert_eq!(values().await, before);
            assert_eq!(ssh.lines(&ssh.nodes[0], "ec2-user").await?, lines);
        }
        Ok(())
    });
}

#[test]
fn steps_in_snake_case_and_events_without_a_rotation_token_are_understood() {
    within(1, &[], async |ssh| {
        let rotation = ssh.account.rotation(&ssh.function, &ssh.secret).snake_case_steps().without_rotation_token();
        let rotation = rotation.run().await?;
        assert!(rotation.succeeded, "{:?}", rotation.error());
        Ok(())
    });
}

#[test]
fn the_rotation_token_goes_with_every_value() {
    within(1, &[], async |ssh| {
        let token = "r".repeat(40);
        assert!(ssh.account.rotation(&ssh.function, &ssh.secret).rotation_token(&token).run().await?.succeeded);
        let puts = ssh.account.calls().of("secretsmanager:PutSecretValue");
        assert_eq!(puts.len(), 2, "the key and the host keys");
        for put in &puts {
            assert_eq!(put.parameter("RotationToken"), Some(token.as_str()));
        }
        Ok(())
    });
}

#[test]
fn what_is_no_event_of_secrets_manager_is_refused_before_any_call() {
    within(0, &[], async |ssh| {
        for event in
            [json!({}), json!([]), json!("x"), json!({"Step": "x", "SecretId": "s", "ClientRequestToken": "t"})]
        {
            let refused = ssh.function.invoke(&event).await?;
            assert_eq!(error(&refused).error_type, "UnknownEvent");
            assert_eq!(refused.calls.len(), 0);
        }
        Ok(())
    });
}

/// RotateImmediately=false on a secret that another program made: there are no host keys to trust yet.
#[test]
fn a_secret_that_has_a_keypair_already_can_be_adopted() {
    within(1, &[], async |ssh| {
        let foreign = json!({"SecretString": r#"{"PublicKey":"ssh-rsa AAAA old","PrivateKey":"-----BEGIN RSA"}"#});
        ssh.secrets("PutSecretValue", foreign).await?;
        let only_test = ssh.account.rotation(&ssh.function, &ssh.secret).rotate_immediately(false).run().await?;
        assert!(only_test.succeeded, "{:?}", only_test.error());
        ssh.rotated().await?;
        Ok(())
    });
}

#[test]
fn two_at_the_same_time_make_one_version_and_one_key() {
    within(1, &[], async |ssh| {
        let rotation = ssh.begin().await?;
        let event =
            json!({"Step": "createSecret", "SecretId": ssh.secret, "ClientRequestToken": rotation.version_id()});
        // Two processes, as two invocations at the same time are in Lambda.
        let (first, second) = (ssh.function.with_env(&[("N", "1")]), ssh.function.with_env(&[("N", "2")]));
        let (first, second) = tokio::join!(first.invoke(&event), second.invoke(&event));
        for invocation in [first?, second?] {
            answer(&invocation);
        }
        let key = ssh.private_key("AWSPENDING").await?;
        answer(&ssh.function.invoke(&event).await?);
        assert_eq!(ssh.private_key("AWSPENDING").await?, key);
        let listed = ssh.secrets("ListSecretVersionIds", json!({"IncludeDeprecated": true})).await?;
        assert_eq!(listed["Versions"].as_array().map(Vec::len), Some(2), "{listed}");
        Ok(())
    });
}
