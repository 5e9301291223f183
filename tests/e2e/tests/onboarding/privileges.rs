//! Least privilege, both ways. The gateway asks the deployed roles at every call, so that every other test here proves
//! that the roles allow what the functions call; these prove that they allow nothing else.

use e2e::onboarding::User;
use e2e::onboarding::make::payload;

use super::{error, within};

const OTHER: &str = "99999999-9999-9999-9999-999999999999";

#[test]
fn every_action_that_the_roles_allow_is_used() {
    within(&[], async |onboarding| {
        let user = User::new(1104, "amueller");
        onboarding.replicate(&[&user]).await?;
        onboarding.put_events(&[user.event()]).await?;
        onboarding.ended(1).await?;
        assert_eq!(onboarding.account.policy_coverage().unused_actions(), Vec::<String>::new());
        let calls = onboarding.account.calls();
        assert!(calls.iter().all(local_aws::Call::succeeded), "{}", calls.story());
        Ok(())
    });
}

#[test]
fn another_state_machine_is_not_the_triggers_to_start() {
    within(&[], async |onboarding| {
        let other = format!("{}-other", onboarding.workflow()?);
        let trigger = onboarding.trigger.with_env(&[("STATE_MACHINE_ARN", &other)]);
        let invocation = trigger.invoke(&payload([User::new(1104, "amueller").event()])?).await?;
        assert_eq!(error(&invocation).error_type, "ExecutionsNotStarted");
        assert!(error(&invocation).error_message.contains("AccessDenied"), "{:?}", invocation.result);
        assert_eq!(invocation.calls.len(), 1, "not retried: {}", invocation.calls.story());
        Ok(())
    });
}

#[test]
fn another_directory_bundle_instance_or_profile_is_not_the_tasks_to_use() {
    within(&[], async |onboarding| {
        let user = User::new(1104, "amueller");
        onboarding.replicate(&[&user]).await?;
        for (service, variable, value) in [
            ("WorkSpaces", "directoryId", "d-9999999999"),
            ("WorkSpaces", "bundleId", "wsb-999999999"),
            ("Connect", "instanceId", OTHER),
            ("Connect", "routingProfile", OTHER),
            ("Connect", "securityProfile", OTHER),
        ] {
            let task = onboarding.provision.with_env(&[(variable, value)]);
            let invocation = task.invoke(&user.task(service)).await?;
            assert_eq!(error(&invocation).error_type, "CallRefused", "{variable}: {:?}", invocation.result);
            assert!(error(&invocation).error_message.contains("AccessDenied"), "{variable}: {:?}", invocation.result);
            assert_eq!(invocation.calls.len(), 1, "not retried: {}", invocation.calls.story());
        }
        assert_eq!((onboarding.workspaces().await?, onboarding.connect_users()), (vec![], vec![]));
        Ok(())
    });
}
