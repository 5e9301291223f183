//! Least privilege, both ways. The gateway asks the deployed role at every call, so that every other test here proves
//! that the role allows what the function calls; these prove that it allows nothing else.

use super::{error, within};

#[test]
fn every_action_that_the_role_allows_is_used() {
    within(1, &[], async |ssh| {
        // An agent that SSM does not know makes the function ask whether the command has ended.
        ssh.nodes[0].set_agent(local_aws::Agent::Unknown);
        assert!(!ssh.rotate().await?.succeeded);
        ssh.nodes[0].set_agent(local_aws::Agent::Online);
        let pending = ssh.labels().await?;
        let token = pending
            .as_object()
            .unwrap()
            .iter()
            .find(|(_, labels)| labels.to_string().contains("AWSPENDING"))
            .unwrap()
            .0
            .clone();
        let rotation = ssh.account.rotation(&ssh.function, &ssh.secret).version_id(&token).run().await?;
        assert!(rotation.succeeded, "{:?}", rotation.error());
        assert_eq!(ssh.account.policy_coverage().unused_actions(), Vec::<String>::new());
        assert!(
            !ssh.account.calls().iter().any(|call| call.error_code.as_deref() == Some("AccessDeniedException")),
            "{}",
            ssh.account.calls().story()
        );
        Ok(())
    });
}

#[test]
fn another_secret_and_another_tag_are_not_the_functions_business() {
    within(1, &[], async |ssh| {
        let other = serde_json::json!({"Name": "other", "SecretString": "{}"});
        ssh.account.control_json("secretsmanager", "secretsmanager.CreateSecret", &other).await?;
        let event =
            serde_json::json!({"Step": "createSecret", "SecretId": "other", "ClientRequestToken": "0".repeat(36)});
        let refused = ssh.function.invoke(&event).await?;
        assert!(error(&refused).error_message.contains("AccessDenied"), "{:?}", refused.result);

        let elsewhere = local_aws::NodeOptions::new().user("ec2-user").tag("Role", "database");
        let elsewhere = ssh.account.start_node(elsewhere).await?;
        let misled = ssh.function.with_env(&[("TARGET_TAG_KEY", "Role"), ("TARGET_TAG_VALUE", "database")]);
        let rotation = ssh.account.rotate(&misled, &ssh.secret).await?;
        assert!(rotation.error().unwrap().error_message.contains("AccessDenied"), "{:?}", rotation.error());
        assert_eq!(ssh.lines(&elsewhere, "ec2-user").await?.len(), 0);
        Ok(())
    });
}

#[test]
fn the_right_to_run_anything_is_not_among_the_rights() {
    within(1, &[], async |ssh| {
        let misled = ssh.function.with_env(&[("COMMAND_DOCUMENT", "AWS-RunShellScript")]);
        let rotation = ssh.account.rotate(&misled, &ssh.secret).await?;
        assert!(rotation.error().unwrap().error_message.contains("AccessDenied"), "{:?}", rotation.error());
        Ok(())
    });
}
