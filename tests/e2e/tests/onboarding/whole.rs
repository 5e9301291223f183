//! The whole way, from the log to what a new user has.

use std::collections::BTreeSet;

use e2e::Result;
use e2e::onboarding::make::payload;
use e2e::onboarding::{Onboarding, User};
use local_aws::ExecutionStatus::Succeeded;
use serde_json::json;

use super::{answer, within};

fn three() -> [User; 3] {
    [
        User::new(1104, "amueller").display_name("Anna Maria Müller").upn("anna.mueller@corp.example.com"),
        User::new(1105, "JDoe").display_name("Doe, John"),
        User::new(1106, "b.c.d").upn("b.c.d@corp.example.com"),
    ]
}

/// Everybody has a WorkSpace and a Connect user, and nothing is there twice.
async fn have_everything(onboarding: &Onboarding, users: &[User], usernames: &[&str]) -> Result<()> {
    let mut expected: Vec<_> = users.iter().map(User::name).collect();
    expected.sort_unstable();
    let workspaces = onboarding.workspaces().await?;
    assert_eq!(workspaces.iter().map(|one| one.user.as_str()).collect::<Vec<_>>(), expected);
    let connect = onboarding.connect_users();
    assert_eq!(connect.len(), usernames.len(), "{connect:?}");
    let found: BTreeSet<_> = connect.iter().map(|user| user.username.as_str()).collect();
    assert_eq!(found, usernames.iter().copied().collect());
    Ok(())
}

#[test]
fn everybody_in_the_log_gets_a_workspace_and_a_connect_user_by_an_execution_of_their_own() {
    within(&[], async |onboarding| {
        let users = three();
        onboarding.replicate(&users.each_ref()).await?;
        onboarding.put_events(&users.each_ref().map(User::event)).await?;
        let executions = onboarding.ended(3).await?;
        for execution in &executions {
            assert_eq!(execution.status, Succeeded, "{execution:#?}");
            let services = [("WorkSpaces", "created"), ("Connect", "created")];
            let services = services.map(|(service, status)| json!({"service": service, "status": status}));
            assert_eq!(execution.output, Some(json!({"failed": false, "services": services})));
        }
        let names: BTreeSet<_> = executions.iter().map(|execution| execution.name.clone()).collect();
        assert_eq!(names, users.iter().map(User::sid).collect());
        let usernames = ["anna.mueller@corp.example.com", "JDoe@corp.example.com", "b.c.d@corp.example.com"];
        have_everything(onboarding, &users, &usernames).await?;
        let first_and_last = |username: &str| {
            let user = onboarding.connect_users().into_iter().find(|user| user.username == username).unwrap();
            (user.first_name.unwrap(), user.last_name.unwrap())
        };
        let names = [("Anna", "Maria Müller"), ("John", "Doe"), ("b", "c.d")];
        assert_eq!(usernames.map(first_and_last), names.map(|(first, last)| (first.to_owned(), last.to_owned())));
        let calls = onboarding.account.calls();
        let once_each = ["states:StartExecution", "workspaces:CreateWorkspaces", "connect:CreateUser"];
        assert_eq!(calls.counts(), once_each.map(|action| (action.to_owned(), 3)).into(), "{}", calls.story());
        assert_eq!(onboarding.told().await?, [""; 0]);
        Ok(())
    });
}

#[test]
fn the_workflow_is_told_all_that_the_event_knows() {
    within(&[], async |onboarding| {
        onboarding.replicate(&three().each_ref()).await?;
        onboarding.put_events(&[three()[0].event()]).await?;
        let expected = json!({
            "Username": "anna.mueller", "UPN": "anna.mueller@corp.example.com", "DomainName": "corp.example.com",
            "SID": three()[0].sid(), "SamAccountName": "amueller", "DisplayName": "Anna Maria Müller",
            "CreatedBy": {"SID": "S-1-5-21-3457937927-2839227994-823803824-1113", "Username": "Admin", "DomainName": "CORP"},
            "CreatedAt": "2026-11-22T05:05:03Z",
        });
        assert_eq!(onboarding.ended(1).await?[0].input, expected);
        Ok(())
    });
}

#[test]
fn whoever_was_missed_is_onboarded_by_hand_with_four_fields_or_the_originals_three() {
    within(&[], async |onboarding| {
        onboarding.replicate(&[&User::new(1, "amueller"), &User::new(2, "old@corp.example.com")]).await?;
        let mut by_hand = json!({"Username": "anna.mueller", "UPN": "anna.mueller@corp.example.com",
            "DomainName": "corp.example.com", "SamAccountName": "amueller"});
        let workflow = onboarding.workflow()?;
        onboarding.account.start_execution(workflow, "four", &by_hand).await?;
        by_hand = json!({"Username": "old", "UPN": "old@corp.example.com", "DomainName": "corp.example.com"});
        onboarding.account.start_execution(workflow, "three", &by_hand).await?;
        let executions = onboarding.ended(2).await?;
        assert!(executions.iter().all(|execution| execution.status == Succeeded), "{executions:#?}");
        let workspaces = onboarding.workspaces().await?;
        let users: Vec<_> = workspaces.iter().map(|one| one.user.as_str()).collect();
        assert_eq!(users, ["amueller", "old@corp.example.com"]);
        Ok(())
    });
}

#[test]
fn machines_local_accounts_other_events_and_what_is_malformed_start_nothing() {
    within(&[], async |onboarding| {
        let user = &three()[0];
        let mentions =
            user.event_of(4738, "IP-C6130256").replace("<Data Name='PrivilegeList'>-", "<Data Name='X'>4720");
        let events = [
            User::new(1201, "WS01$").event(),
            User::new(1002, "backup").of("IP-C6130256").event(),
            User::new(1003, "partner").of("PARTNER").event(),
            user.event_of(4738, "IP-C6130256"),
            user.event_of(4741, "IP-C6130256"),
            mentions,
            "the EventID is 4720, says a service".to_owned(),
            user.event().replace("</EventData>", ""),
            user.event().replace("TargetSid", "Sid"),
        ];
        let invocation = onboarding.trigger.invoke(&payload(&events)?).await?;
        let skipped = json!({"LocalAccount": 2, "MachineAccount": 1, "OtherEvent": 4});
        let expected = json!({"started": 0, "alreadyStarted": 0, "skipped": skipped, "malformed": 2});
        assert_eq!(*answer(&invocation), expected);
        assert_eq!(invocation.calls.len(), 0);

        onboarding.replicate(&[user]).await?;
        onboarding.put_events(&[events.as_slice(), &[user.event()]].concat()).await?;
        assert_eq!(onboarding.ended(1).await?.len(), 1, "their neighbour is onboarded");
        have_everything(onboarding, &three()[..1], &["anna.mueller@corp.example.com"]).await
    });
}

#[test]
fn without_a_upn_the_account_is_skipped_where_that_is_asked_for() {
    within(&[("UpnFallback", "skip")], async |onboarding| {
        let invocation = onboarding.trigger.invoke(&payload(three().each_ref().map(User::event))?).await?;
        assert_eq!(answer(&invocation)["started"], 2);
        assert_eq!(answer(&invocation)["skipped"], json!({"NoUserPrincipalName": 1}));
        Ok(())
    });
}
