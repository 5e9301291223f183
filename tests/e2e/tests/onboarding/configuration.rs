//! Mistakes in the environment are told to whoever invokes, all at once, before any call.

use e2e::onboarding::User;
use e2e::onboarding::make::payload;
use local_aws::Function;
use serde_json::Value;

use super::within;

async fn tells_of_all(function: &Function, event: &Value, mistakes: &[&str]) -> e2e::Result<()> {
    let invocation = function.invoke(event).await?;
    let told = format!("{:?}\n{}", invocation.result, invocation.logs.join("\n"));
    for mistake in mistakes {
        assert!(told.contains(mistake), "{mistake}: {told}");
    }
    assert!(invocation.result.is_err());
    assert_eq!(invocation.calls.len(), 0);
    Ok(())
}

#[test]
fn all_of_the_triggers_mistakes_are_told_at_once() {
    within(&[], async |onboarding| {
        let wrong = [("DOMAIN_NAME", "CORP"), ("DOMAIN_NETBIOS_NAME", "corp.example.com"), ("UPN_FALLBACK", "mail")];
        let trigger = onboarding.trigger.with_env(&wrong).without_env(&["STATE_MACHINE_ARN"]);
        let mistakes = ["STATE_MACHINE_ARN is missing", "DOMAIN_NAME=", "DOMAIN_NETBIOS_NAME=", "UPN_FALLBACK="];
        tells_of_all(&trigger, &payload([User::new(1104, "amueller").event()])?, &mistakes).await
    });
}

#[test]
fn all_of_the_tasks_mistakes_are_told_at_once() {
    within(&[], async |onboarding| {
        let wrong = [
            ("bundleId", "bundle"),
            ("autoStopMinutes", "61"),
            ("rootVolumeGib", "80"),
            ("instanceId", "a/b"),
            ("identityManagement", "LDAP"),
            ("nameDelimiter", "123456789"),
            ("connectPauseMilliseconds", "soon"),
        ];
        let task = onboarding.provision.with_env(&wrong).without_env(&["directoryId", "securityProfile"]);
        let mistakes = [
            "directoryId is missing",
            "securityProfile is missing",
            "bundleId=",
            "autoStopMinutes=",
            "rootVolumeGib and userVolumeGib",
            "instanceId=",
            "identityManagement=",
            "nameDelimiter=",
            "connectPauseMilliseconds=",
        ];
        tells_of_all(&task, &User::new(1104, "amueller").task("Connect"), &mistakes).await
    });
}
