//! workflow.asl.json knows every error that the task raises, and every branch says what came of it.

use std::collections::BTreeSet;

use serde_json::Value;
use shared::aws::AwsError;
use shared::env::ConfigurationError;
use shared::error::FunctionError;

use super::call::{CallFailure, Kind};
use super::error::ProvisionError;
use super::request::{Account, InputError, Request, Service};
use super::username::UsernameError;
use crate::trigger::account::{Directory, UpnFallback, Verdict};
use crate::trigger::judge::judge_message;

const SERVICES: [Service; 2] = [Service::WorkSpaces, Service::Connect];

fn workflow() -> Value {
    serde_json::from_str(include_str!("../../workflow.asl.json")).unwrap()
}

fn account() -> Account {
    let user = || "anna".to_owned();
    Account { user: user(), upn: user(), sam_account_name: None, display_name: None, sid: None }
}

fn call(code: &str) -> CallFailure {
    CallFailure::inside("Call", code, "", &account())
}

/// Which services raise it. Without a wildcard, so that a new error has to be thought of here.
fn raised_by(error: &ProvisionError) -> &'static [Service] {
    use ProvisionError as E;
    match error {
        E::Input(_) | E::Call(_) | E::Deadline(_) => &SERVICES,
        E::WorkSpaceExists | E::UserNotReplicated | E::WorkSpaceRefused(_) | E::WorkSpaceUnaccounted => &SERVICES[..1],
        E::Username(_) | E::Name(_) | E::Password(_) | E::ConnectUserExists => &SERVICES[1..],
    }
}

fn every_error() -> Vec<ProvisionError> {
    let codes = ["ThrottlingException", "InternalServerError", "LimitExceededException", "AccessDeniedException"];
    let mut all: Vec<ProvisionError> = codes.map(|code| call(code).into()).into_iter().collect();
    all.extend(codes.map(|code| ProvisionError::WorkSpaceRefused(call(code))));
    all.extend(SERVICES.map(ProvisionError::Deadline));
    all.extend([
        InputError::UnknownService.into(),
        UsernameError::Characters("UPN").into(),
        super::password::NoRandomness.into(),
        ProvisionError::WorkSpaceExists,
        ProvisionError::UserNotReplicated,
        ProvisionError::WorkSpaceUnaccounted,
        ProvisionError::ConnectUserExists,
    ]);
    all
}

fn branches(workflow: &Value) -> Vec<(Service, &Value)> {
    let branches = workflow["States"]["EveryService"]["Branches"].as_array().unwrap();
    assert_eq!(branches.len(), SERVICES.len());
    let task = |branch: &'_ Value| branch["States"][branch["StartAt"].as_str().unwrap()].clone();
    let service = |branch| task(branch)["Parameters"]["input"]["Service"].as_str().unwrap().to_owned();
    SERVICES
        .into_iter()
        .map(|wanted| (wanted, branches.iter().find(|branch| service(branch) == wanted.name()).unwrap()))
        .collect()
}

fn rule<'a>(task: &'a Value, list: &str, error: &str, all: bool) -> Option<&'a Value> {
    let names = |rule: &Value| rule["ErrorEquals"].as_array().unwrap().clone();
    let matches = |name: &Value| name == error || (all && name == "States.ALL");
    task[list].as_array().unwrap().iter().find(|rule| names(rule).iter().any(matches))
}

/// What a last state says.
fn said(state: &Value) -> &Value {
    if state["Result"].is_null() { &state["Parameters"] } else { &state["Result"] }
}

#[test]
fn what_is_worth_trying_again_is_retried_and_nothing_else_is() {
    let workflow = workflow();
    for (service, branch) in branches(&workflow) {
        let states = branch["States"].as_object().unwrap();
        let task = &states[branch["StartAt"].as_str().unwrap()];
        for error in every_error().iter().filter(|error| raised_by(error).contains(&service)) {
            let name = error.error_type();
            let attempts = rule(task, "Retry", name, true).map(|rule| rule["MaxAttempts"].as_u64().unwrap());
            assert_eq!(attempts.is_some_and(|attempts| attempts > 0), error.retryable(), "{name}");
            let caught = &states[rule(task, "Catch", name, true).unwrap()["Next"].as_str().unwrap()];
            assert_eq!(
                said(caught)["status"],
                if error.already_there() { "already-there" } else { "failed" },
                "{name}"
            );
        }
        assert_eq!(rule(task, "Retry", ConfigurationError(Vec::new()).error_type(), true), None);
    }
}

#[test]
fn the_workflow_names_no_error_that_nobody_raises() {
    let raised: BTreeSet<_> = every_error().iter().map(FunctionError::error_type).collect();
    for (_, branch) in branches(&workflow()) {
        let task = &branch["States"][branch["StartAt"].as_str().unwrap()];
        let rules = ["Retry", "Catch"].into_iter().flat_map(|list| task[list].as_array().unwrap());
        for name in rules.flat_map(|rule| rule["ErrorEquals"].as_array().unwrap()).filter_map(Value::as_str) {
            let known = raised.contains(name) || name.contains('.'); // Lambda.*, States.* and the like are not ours
            assert!(known, "{name}");
        }
    }
}

#[test]
fn every_branch_ends_by_saying_what_came_of_its_service() {
    for (service, branch) in branches(&workflow()) {
        let mut statuses = BTreeSet::new();
        for (name, state) in branch["States"].as_object().unwrap() {
            if state["Type"] == "Task" {
                assert_ne!(state["End"], true, "{name}");
                continue;
            }
            let said = said(state);
            assert_eq!((&state["End"], said["service"].as_str()), (&Value::Bool(true), Some(service.name())), "{name}");
            statuses.insert(said["status"].as_str().unwrap().to_owned());
        }
        assert_eq!(statuses.into_iter().collect::<Vec<_>>(), ["already-there", "created", "failed"]);
    }
}

/// What a branch sends is what the task reads; the defaults have every key of it, for a JSON path must find something.
#[test]
fn the_task_reads_what_the_branches_send() {
    let workflow = workflow();
    let defaults = workflow["States"]["Defaults"]["Result"].as_object().unwrap();
    for (service, branch) in branches(&workflow) {
        let task = &branch["States"][branch["StartAt"].as_str().unwrap()];
        let mut input = serde_json::Map::new();
        for (name, path) in task["Parameters"]["input"].as_object().unwrap() {
            if let Some(name) = name.strip_suffix(".$") {
                let key = path.as_str().unwrap().strip_prefix("$.account.").unwrap();
                assert!(defaults.contains_key(key), "{key}");
                let value = if name == "SID" { "S-1-5-21-1" } else { name };
                input.insert(name.to_owned(), value.into());
            } else {
                input.insert(name.clone(), path.clone());
            }
        }
        let request = Request::read(&serde_json::json!({ "input": input })).ok().unwrap();
        assert_eq!((request.service, request.account.user.as_str()), (service, "User"));
        assert_eq!((request.account.upn.as_str(), request.account.sid.as_deref()), ("UPN", Some("S-1-5-21-1")));
        assert_eq!(request.account.sam_account_name.as_deref(), Some("SamAccountName"));
        assert_eq!(request.account.display_name.as_deref(), Some("DisplayName"));
    }
}

/// The trigger gives every key of the defaults, by the same name.
#[test]
fn the_workflow_reads_what_the_trigger_starts_it_with() {
    let sample = include_str!("../../../../events/onboarding/trigger-one-user.decoded.json");
    let sample: Value = serde_json::from_str(sample).unwrap();
    let message = sample["logEvents"][0]["message"].as_str().unwrap();
    let directory = Directory {
        domain: "corp.example.com".to_owned(),
        netbios: "CORP".to_owned(),
        upn_fallback: UpnFallback::SamAccountName,
    };
    let Some(Verdict::Start(account)) = judge_message(message, &directory).unwrap() else { panic!("not started") };
    let input = serde_json::to_value(account).unwrap();
    for key in workflow()["States"]["Defaults"]["Result"].as_object().unwrap().keys() {
        assert!(input.get(key).is_some(), "{key}: {input}");
    }
}

#[test]
fn an_error_of_the_sdk_is_of_the_kind_that_its_code_says() {
    use aws_sdk_connect::error::SdkError;
    use aws_sdk_connect::operation::create_user::CreateUserError;
    let lost = AwsError::new("CreateUser", SdkError::<CreateUserError, _>::timeout_error("lost"));
    assert_eq!(CallFailure::new(&lost, &account()).kind, Kind::Unavailable);
}
