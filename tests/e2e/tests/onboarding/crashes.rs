//! Processes that are killed and connections that are cut after a call was carried out: it is made again, and nothing is
//! there twice.

use e2e::Result;
use e2e::onboarding::{Onboarding, User};
use local_aws::ExecutionStatus::Succeeded;
use local_aws::Fault;

use super::within;

fn users() -> [User; 3] {
    [User::new(1104, "amueller"), User::new(1105, "JDoe"), User::new(1106, "b.c.d")]
}

/// All three are onboarded, once.
async fn all_are_there_once(onboarding: &Onboarding) -> Result<()> {
    onboarding.replicate(&users().each_ref()).await?;
    onboarding.put_events(&users().each_ref().map(User::event)).await?;
    let executions = onboarding.ended(3).await?;
    assert!(executions.iter().all(|one| one.status == Succeeded), "{executions:#?}");
    assert_eq!(executions.len(), 3);
    assert_eq!((onboarding.workspaces().await?.len(), onboarding.connect_users().len()), (3, 3));
    Ok(())
}

#[test]
fn a_trigger_that_is_killed_after_a_start_starts_the_others_the_next_time() {
    within(&[], async |onboarding| {
        onboarding.account.inject(Fault::kill_after().action("states:StartExecution").nth(1));
        all_are_there_once(onboarding).await?;
        let calls = onboarding.account.calls();
        assert_eq!(calls.count("connect:CreateUser"), 3, "{}", calls.story());
        Ok(())
    });
}

#[test]
fn a_start_whose_answer_was_lost_is_found_started() {
    within(&[], async |onboarding| {
        onboarding.account.inject(Fault::cut_after().action("states:StartExecution").nth(2));
        all_are_there_once(onboarding).await?;
        assert_eq!(onboarding.account.calls().count("states:StartExecution"), 4);
        Ok(())
    });
}

#[test]
fn a_task_that_is_killed_after_its_call_finds_what_it_made() {
    for (action, state) in
        [("workspaces:CreateWorkspaces", "WorkSpaceAlreadyThere"), ("connect:CreateUser", "ConnectUserAlreadyThere")]
    {
        within(&[], async |onboarding| {
            onboarding.account.inject(Fault::kill_after().action(action).nth(1));
            all_are_there_once(onboarding).await?;
            let executions = onboarding.executions().await?;
            let found = executions.iter().filter(|execution| execution.entered().contains(&state)).count();
            assert_eq!((found, onboarding.account.calls().count(action)), (1, 4));
            Ok(())
        });
    }
}

#[test]
fn a_task_whose_answer_was_lost_finds_what_it_made() {
    for action in ["workspaces:CreateWorkspaces", "connect:CreateUser"] {
        within(&[], async |onboarding| {
            onboarding.account.inject(Fault::cut_after().action(action).nth(2));
            all_are_there_once(onboarding).await?;
            assert_eq!(onboarding.account.calls().count(action), 4);
            Ok(())
        });
    }
}
