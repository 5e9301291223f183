//! Exactly once, however often an event comes, and by whom.

use std::time::Duration;

use e2e::onboarding::User;
use e2e::onboarding::make::payload;
use local_aws::ExecutionStatus::{Running, Succeeded};
use serde_json::json;

use super::{answer, within};

fn anna() -> User {
    User::new(1104, "amueller").upn("anna.mueller@corp.example.com")
}

#[test]
fn the_same_payload_again_and_another_controllers_copy_start_nothing_more() {
    within(&[], async |onboarding| {
        onboarding.replicate(&[&anna()]).await?;
        for (round, event) in [anna().event(), anna().event(), anna().copy()].into_iter().enumerate() {
            let invocation = onboarding.trigger.invoke(&payload([event])?).await?;
            let (started, before) = if round == 0 { (1, 0) } else { (0, 1) };
            let expected = json!({"started": started, "alreadyStarted": before, "skipped": {}, "malformed": 0});
            assert_eq!(*answer(&invocation), expected);
            assert_eq!(onboarding.ended(1).await?.len(), 1);
        }
        assert_eq!(onboarding.account.calls().count("workspaces:CreateWorkspaces"), 1);
        assert_eq!(onboarding.account.calls().count("connect:CreateUser"), 1);
        Ok(())
    });
}

#[test]
fn copies_while_the_workflow_runs_start_nothing_more() {
    within(&[], async |onboarding| {
        onboarding.account.set_states_clock(10.0); // the 30 s until the user is looked for again are 3 s
        onboarding.replicate_after(&[&anna()], 1).await?;
        let a_second_later = anna().copy().replace("05:03.1310042Z", "05:04.0000001Z");
        for event in [anna().event(), anna().event(), anna().copy(), a_second_later] {
            let invocation = onboarding.trigger.invoke(&payload([event])?).await?;
            let answer = answer(&invocation);
            assert_eq!(answer["started"].as_u64().unwrap() + answer["alreadyStarted"].as_u64().unwrap(), 1);
        }
        let executions = onboarding.executions().await?;
        assert_eq!(executions.iter().map(|one| one.status).collect::<Vec<_>>(), [Running]);
        assert_eq!(onboarding.ended(1).await?[0].status, Succeeded);
        assert_eq!((onboarding.workspaces().await?.len(), onboarding.connect_users().len()), (1, 1));
        Ok(())
    });
}

#[test]
fn two_controllers_events_in_one_payload_are_one_start() {
    within(&[], async |onboarding| {
        onboarding.replicate(&[&anna()]).await?;
        onboarding.put_events(&[anna().copy(), anna().event()]).await?;
        assert_eq!(onboarding.ended(1).await?.len(), 1);
        let what = "the trigger's";
        let invocation = onboarding
            .account
            .wait_for_invocation(what, Duration::from_mins(1), |one| one.logical_id == "OnboardingTriggerFunction");
        let invocation = invocation.await?;
        let expected = json!({"started": 1, "alreadyStarted": 0, "skipped": {"Copy": 1}, "malformed": 0});
        assert_eq!(*answer(&invocation), expected);
        assert_eq!(invocation.calls.count("states:StartExecution"), 1);
        Ok(())
    });
}

#[test]
fn the_same_name_under_a_new_sid_is_onboarded_again_and_finds_what_is_there() {
    within(&[], async |onboarding| {
        onboarding.replicate(&[&anna()]).await?;
        onboarding.put_events(&[anna().event()]).await?;
        onboarding.ended(1).await?;
        let again = User::new(2204, "amueller").upn("anna.mueller@corp.example.com");
        onboarding.put_events(&[again.event()]).await?;
        let executions = onboarding.ended(2).await?;
        let second = executions.iter().find(|one| one.name == again.sid()).unwrap();
        assert_eq!(second.status, Succeeded, "{second:#?}");
        let services = ["WorkSpaces", "Connect"].map(|service| json!({"service": service, "status": "already-there"}));
        assert_eq!(second.output, Some(json!({"failed": false, "services": services})));
        assert_eq!((onboarding.workspaces().await?.len(), onboarding.connect_users().len()), (1, 1));
        Ok(())
    });
}
