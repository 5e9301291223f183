//! The sample events, which the docs show.

use std::collections::BTreeSet;

use e2e::events::sample;
use e2e::onboarding::User;
use serde_json::{Value, json};

use super::{answer, within};

/// Each sample of the trigger: started, skipped, malformed.
fn of_trigger() -> [(&'static str, u64, Value, u64); 6] {
    [
        ("trigger-one-user", 1, json!({}), 0),
        ("trigger-several-users", 3, json!({"Copy": 1}), 0),
        ("trigger-machine-account", 0, json!({"MachineAccount": 2}), 0),
        ("trigger-local-account", 0, json!({"LocalAccount": 2}), 0),
        ("trigger-other-events", 0, json!({"OtherEvent": 5}), 0),
        ("trigger-malformed-among-good", 2, json!({}), 2),
    ]
}

/// Each sample of the task: what it comes to where the instance's users are those of the directory.
const OF_TASK: [(&str, &str); 6] = [
    ("provision-workspaces", "created"),
    ("provision-workspaces-upn-only", "created"),
    ("provision-connect", "created"),
    ("provision-connect-upn-only", "created"),
    ("provision-connect-long-name", "InvalidUsername"),
    ("provision-unknown-service", "InvalidInput"),
];

#[test]
fn every_sample_of_the_trigger_starts_what_it_should() {
    for (name, started, skipped, malformed) in of_trigger() {
        within(&[], async |onboarding| {
            let invocation = onboarding.trigger.invoke(&sample(&format!("onboarding/{name}"), &[])?).await?;
            let expected = json!({"started": started, "alreadyStarted": 0, "skipped": skipped, "malformed": malformed});
            assert_eq!(*answer(&invocation), expected, "{name}");
            assert_eq!(onboarding.executions().await?.len() as u64, started, "{name}");
            Ok(())
        });
    }
}

#[test]
fn every_sample_of_the_task_makes_something_or_says_why_not() {
    within(&[("IdentityManagement", "EXISTING_DIRECTORY")], async |onboarding| {
        onboarding.replicate(&[&User::new(1, "amueller"), &User::new(2, "anna.mueller@corp.example.com")]).await?;
        for (name, expected) in OF_TASK {
            let invocation = onboarding.provision.invoke(&sample(&format!("onboarding/{name}"), &[])?).await?;
            match &invocation.result {
                Ok(answer) => assert_eq!(answer["status"], expected, "{name}"),
                Err(error) => assert_eq!(error.error_type, expected, "{name}"),
            }
        }
        Ok(())
    });
}

#[test]
fn there_is_a_test_of_every_sample_event() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/onboarding");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let events: BTreeSet<_> = files.filter(|file| !file.contains(".decoded.")).collect();
    let of_trigger = of_trigger().map(|(name, ..)| name);
    let tested = of_trigger.into_iter().chain(OF_TASK.map(|(name, _)| name)).chain(["trigger-control-message"]);
    assert_eq!(events, tested.map(|name| format!("{name}.json")).collect());
}
