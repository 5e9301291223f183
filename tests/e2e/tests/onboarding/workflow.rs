//! The workflow as it is written, with the real task: what it tries again, what it counts as done, and what it tells of.

use e2e::Result;
use e2e::onboarding::{Onboarding, User};
use local_aws::ExecutionStatus::{Failed, Succeeded};
use local_aws::{Execution, Fault};
use serde_json::{Value, json};

use super::within;

const WORKSPACES: &str = "workspaces:CreateWorkspaces";
const CONNECT: &str = "connect:CreateUser";

fn anna() -> User {
    User::new(1104, "amueller").display_name("Anna Müller").upn("anna.mueller@corp.example.com")
}

/// The execution of a user, to its end.
async fn run(onboarding: &Onboarding, user: &User) -> Result<Execution> {
    onboarding.put_events(&[user.event()]).await?;
    Ok(onboarding.ended(1).await?.remove(0))
}

/// What an execution's services came to, of its output or of its failure's cause.
fn came_to(execution: &Execution) -> Vec<(String, String, Option<String>)> {
    let services = match &execution.cause {
        Some(cause) => serde_json::from_str(cause).unwrap(),
        None => execution.output.as_ref().unwrap()["services"].clone(),
    };
    let text = |one: &Value, name: &str| one.get(name).and_then(Value::as_str).map(str::to_owned);
    let read = |one: &Value| (text(one, "service").unwrap(), text(one, "status").unwrap(), text(one, "error"));
    services.as_array().unwrap().iter().map(read).collect()
}

fn services(workspaces: &str, connect: &str) -> Vec<(String, String, Option<String>)> {
    let service = |name: &str, status: &str| {
        let (status, error) = match status.split_once(": ") {
            Some((status, error)) => (status, Some(error.to_owned())),
            None => (status, None),
        };
        (name.to_owned(), status.to_owned(), error)
    };
    vec![service("WorkSpaces", workspaces), service("Connect", connect)]
}

#[test]
fn connect_that_throttles_is_asked_again_by_one_call_a_task() {
    within(&[], async |onboarding| {
        onboarding.replicate(&[&anna()]).await?;
        onboarding.account.inject(Fault::throttle().action(CONNECT).first(2));
        let execution = run(onboarding, &anna()).await?;
        assert_eq!(execution.status, Succeeded, "{execution:#?}");
        assert_eq!(execution.errors("CreateConnectUser"), ["Throttled"; 2]);
        assert_eq!((execution.retries("CreateConnectUser"), execution.retries("CreateWorkSpace")), (2, 0));
        assert_eq!(onboarding.account.calls().count(CONNECT), 3);
        assert_eq!(came_to(&execution), services("created", "created"));
        Ok(())
    });
}

#[test]
fn workspaces_that_throttles_for_longer_than_a_task_is_asked_by_the_next_one() {
    within(&[], async |onboarding| {
        onboarding.replicate(&[&anna()]).await?;
        onboarding.account.inject(Fault::throttle().action(WORKSPACES).first(4));
        let execution = run(onboarding, &anna()).await?;
        assert_eq!(execution.status, Succeeded, "{execution:#?}");
        assert!(execution.errors("CreateWorkSpace").iter().all(|error| *error == "Throttled"), "{execution:#?}");
        assert_eq!(onboarding.account.calls().count(WORKSPACES), 5);
        assert_eq!(onboarding.workspaces().await?.len(), 1);
        Ok(())
    });
}

#[test]
fn a_user_who_is_replicated_later_is_waited_for_and_connect_does_not_wait() {
    within(&[], async |onboarding| {
        onboarding.replicate_after(&[&anna()], 3).await?;
        let execution = run(onboarding, &anna()).await?;
        assert_eq!(execution.errors("CreateWorkSpace"), ["UserNotReplicated"; 3]);
        assert_eq!(execution.retries("CreateWorkSpace"), 3);
        assert_eq!(came_to(&execution), services("created", "created"));
        let place = |state: &str| execution.path.iter().position(|one| one.name == state).unwrap();
        assert!(place("ConnectUserCreated") < place("WorkSpaceCreated"), "{execution:#?}");
        Ok(())
    });
}

#[test]
fn a_user_who_is_never_replicated_is_told_of_after_an_hour() {
    within(&[], async |onboarding| {
        onboarding.account.set_states_clock(4000.0);
        let execution = run(onboarding, &anna()).await?;
        assert_eq!(execution.status, Failed);
        assert_eq!(execution.errors("CreateWorkSpace"), ["UserNotReplicated"; 13]);
        assert_eq!(came_to(&execution), services("failed: UserNotReplicated", "created"));
        assert_eq!(onboarding.connect_users().len(), 1);
        Ok(())
    });
}

#[test]
fn what_is_there_already_is_a_success_and_is_not_tried_again() {
    within(&[], async |onboarding| {
        onboarding.replicate(&[&anna()]).await?;
        let workspace = onboarding.give_workspace(&anna()).await?;
        let made = onboarding.provision.invoke(&anna().task("Connect")).await?;
        assert!(made.result.is_ok(), "{:?}", made.result);
        let execution = run(onboarding, &anna()).await?;
        assert_eq!(execution.status, Succeeded, "{execution:#?}");
        assert_eq!(execution.errors("CreateWorkSpace"), ["WorkSpaceResourceExists"]);
        assert_eq!(execution.errors("CreateConnectUser"), ["DuplicateResourceException"]);
        assert_eq!((execution.retries("CreateWorkSpace"), execution.retries("CreateConnectUser")), (0, 0));
        assert_eq!(came_to(&execution), services("already-there", "already-there"));
        assert_eq!(onboarding.workspaces().await?.iter().map(|one| &one.id).collect::<Vec<_>>(), [&workspace]);
        assert_eq!(onboarding.connect_users().len(), 1);
        assert_eq!(onboarding.told().await?, [""; 0]);
        Ok(())
    });
}

#[test]
fn a_branch_that_fails_for_good_fails_the_execution_after_the_other_ended_and_is_told_of_without_names() {
    within(&[], async |onboarding| {
        onboarding.replicate_after(&[&anna()], 2).await?;
        let quoting = Fault::error(400, "InvalidParameterException", "anna.mueller@corp.example.com, Müller: no");
        onboarding.account.inject(quoting.action(CONNECT));
        let execution = run(onboarding, &anna()).await?;
        assert_eq!((execution.status, execution.error.as_deref()), (Failed, Some("OnboardingFailed")));
        assert_eq!(came_to(&execution), services("created", "failed: CallRefused"));
        assert_eq!(execution.retries("CreateConnectUser"), 0);
        let entered = execution.entered();
        let place = |state: &str| entered.iter().position(|one| *one == state).unwrap();
        assert!(place("ConnectUserFailed") < place("WorkSpaceCreated"), "{entered:?}");
        assert!(place("WorkSpaceCreated") < place("Notify"), "{entered:?}");
        assert_eq!(onboarding.workspaces().await?.len(), 1);

        let told = onboarding.told().await?;
        assert_eq!(told.len(), 1, "{told:?}");
        for part in [anna().sid().as_str(), "CallRefused", "Connect", &execution.arn] {
            assert!(told[0].contains(part), "{part}: {}", told[0]);
        }
        for name in ["anna", "mueller", "Müller", "corp.example"] {
            assert!(!told[0].contains(name), "{name}: {}", told[0]);
        }
        Ok(())
    });
}

#[test]
fn a_used_up_quota_is_not_tried_again() {
    within(&[], async |onboarding| {
        onboarding.replicate(&[&anna()]).await?;
        onboarding.account.inject(Fault::error(400, "ResourceLimitExceededException", "no more").action(WORKSPACES));
        let execution = run(onboarding, &anna()).await?;
        assert_eq!(execution.status, Failed);
        assert_eq!(came_to(&execution), services("failed: QuotaExceeded", "created"));
        assert_eq!((execution.retries("CreateWorkSpace"), onboarding.account.calls().count(WORKSPACES)), (0, 1));
        Ok(())
    });
}

#[test]
fn a_name_that_connect_does_not_take_is_an_error_without_a_call() {
    within(&[("IdentityManagement", "EXISTING_DIRECTORY")], async |onboarding| {
        let long = User::new(1104, "anna-maria.mueller-luedenscheidt");
        onboarding.replicate(&[&long]).await?;
        let execution = run(onboarding, &long).await?;
        assert_eq!(came_to(&execution), services("created", "failed: InvalidUsername"));
        assert_eq!(onboarding.account.calls().count(CONNECT), 0);
        Ok(())
    });
}

#[test]
fn the_task_itself_says_what_it_made() {
    within(&[], async |onboarding| {
        onboarding.replicate(&[&anna()]).await?;
        for (service, action) in [("WorkSpaces", WORKSPACES), ("Connect", CONNECT)] {
            let invocation = onboarding.provision.invoke(&anna().task(service)).await?;
            let answer = super::answer(&invocation);
            assert_eq!((&answer["service"], &answer["status"]), (&json!(service), &json!("created")));
            assert_eq!(invocation.calls.counts(), [(action.to_owned(), 1)].into());
        }
        Ok(())
    });
}
