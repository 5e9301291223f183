//! The handler over services in memory, and every sample event.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_connect::config::http::HttpResponse;
use aws_sdk_connect::error::SdkError;
use aws_sdk_connect::operation::create_user::CreateUserError;
use aws_sdk_connect::types::error::DuplicateResourceException;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::error::ErrorMetadata;
use lambda_runtime::{Context, Diagnostic};
use shared::aws::AwsError;
use shared::secret::ExposeSecret as _;

use super::super::config::tests::config;
use super::super::connect::NewUser;
use super::super::workspaces::{Answer, Failed, Pending, Wanted};
use super::*;

/// Both services: what they have, by the user's name in lower case.
#[derive(Default)]
struct World {
    workspaces: RefCell<BTreeMap<String, String>>,
    users: RefCell<BTreeMap<String, String>>,
    passwords: RefCell<Vec<String>>,
    /// Users whom the directory does not know yet.
    unknown: Vec<&'static str>,
    /// The answers that get lost, after the work was done.
    lost: RefCell<usize>,
    hangs: bool,
}

impl World {
    fn answer_is_lost(&self) -> bool {
        let mut lost = self.lost.borrow_mut();
        let this_one = *lost > 0;
        *lost = lost.saturating_sub(1);
        this_one
    }
}

impl WorkSpaces for &World {
    async fn create_workspace(&self, wanted: &Wanted<'_>) -> Result<Answer, AwsError> {
        let user = wanted.user.to_lowercase();
        let failed = |code: &str| {
            let failed =
                Failed { user: user.to_uppercase(), code: code.to_owned(), message: format!("{user}: {code}") };
            Ok(Answer { pending: Vec::new(), failed: vec![failed] })
        };
        if self.hangs {
            std::future::pending::<()>().await;
        }
        if self.unknown.contains(&user.as_str()) {
            return failed("ResourceNotFound.User");
        }
        if self.workspaces.borrow().contains_key(&user) {
            return failed("ResourceExists.WorkSpace");
        }
        let id = format!("ws-{}", self.workspaces.borrow().len());
        self.workspaces.borrow_mut().insert(user.clone(), id.clone());
        let lost = self.answer_is_lost();
        Ok(Answer { pending: if lost { Vec::new() } else { vec![Pending { user, id }] }, failed: Vec::new() })
    }
}

impl Connect for &World {
    async fn create_user(&self, user: &NewUser<'_>) -> Result<String, AwsError> {
        let failed = |error| Err(AwsError::new("CreateUser", error));
        if self.users.borrow().contains_key(user.username) {
            let meta = ErrorMetadata::builder().code("DuplicateResourceException").message(user.username).build();
            let error = DuplicateResourceException::builder().meta(meta).build();
            let response = HttpResponse::new(409.try_into().unwrap(), SdkBody::empty());
            return failed(SdkError::service_error(CreateUserError::DuplicateResourceException(error), response));
        }
        self.passwords.borrow_mut().extend(user.password.as_ref().map(|password| password.expose_secret().to_owned()));
        let names = format!("{} | {}", user.names.first, user.names.last);
        self.users.borrow_mut().insert(user.username.to_owned(), names);
        if self.answer_is_lost() { failed(SdkError::timeout_error("lost")) } else { Ok("11111111".to_owned()) }
    }
}

/// What the event comes to: the status, or the error's type.
async fn handle(world: &World, identity: &str, event: &Value) -> Result<String, String> {
    let mut context = Context::default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    context.deadline = u64::try_from(now.as_millis()).unwrap() + 2_500;
    let handler = Handler::new(world, config(identity));
    let answer = handler.handle(LambdaEvent::new(event.clone(), context)).await;
    answer
        .map(|answer| format!("{} {}", answer["service"].as_str().unwrap(), answer["status"].as_str().unwrap()))
        .map_err(|failure| {
            let Diagnostic { error_type, error_message } = failure.into();
            for name in ["anna", "mueller", "müller", "example.com"] {
                assert!(!error_message.to_lowercase().contains(name), "{error_message}");
            }
            error_type
        })
}

fn event(service: &str) -> Value {
    json!({"input": {
        "User": "anna.mueller", "UPN": "anna.mueller@corp.example.com", "Domain": "corp.example.com", "Service": service,
        "SID": "S-1-5-21-1-2-3-1104", "SamAccountName": "AMueller", "DisplayName": "Anna Müller",
    }})
}

#[tokio::test]
async fn the_second_time_everything_is_there_already() {
    let world = World::default();
    for (service, exists) in [("WorkSpaces", "WorkSpaceResourceExists"), ("Connect", "DuplicateResourceException")] {
        assert_eq!(handle(&world, "SAML", &event(service)).await, Ok(format!("{service} created")));
        assert_eq!(handle(&world, "SAML", &event(service)).await, Err(exists.to_owned()));
    }
    assert_eq!(world.workspaces.borrow().keys().collect::<Vec<_>>(), ["amueller"]);
    assert_eq!(world.users.borrow()["anna.mueller@corp.example.com"], "Anna | Müller");
}

#[tokio::test]
async fn work_whose_answer_was_lost_is_found_when_it_is_repeated() {
    for (service, lost, exists) in [
        ("WorkSpaces", "WorkSpaceUnaccounted", "WorkSpaceResourceExists"),
        ("Connect", "ServiceUnavailable", "DuplicateResourceException"),
    ] {
        let world = World { lost: RefCell::new(1), ..World::default() };
        assert_eq!(handle(&world, "SAML", &event(service)).await, Err(lost.to_owned()));
        assert_eq!(handle(&world, "SAML", &event(service)).await, Err(exists.to_owned()));
    }
}

#[tokio::test]
async fn a_user_whom_the_directory_does_not_know_yet_is_an_error_of_its_own() {
    let world = World { unknown: vec!["amueller"], ..World::default() };
    assert_eq!(handle(&world, "SAML", &event("WorkSpaces")).await, Err("UserNotReplicated".to_owned()));
}

#[tokio::test]
async fn a_service_that_hangs_is_given_up_before_lambda_does() {
    let world = World { hangs: true, ..World::default() };
    assert_eq!(handle(&world, "SAML", &event("WorkSpaces")).await, Err("Deadline".to_owned()));
}

#[tokio::test]
async fn only_connect_managed_users_have_a_password_and_each_its_own() {
    let world = World::default();
    for identity in ["SAML", "EXISTING_DIRECTORY"] {
        handle(&world, identity, &event("Connect")).await.unwrap();
    }
    assert!(world.passwords.borrow().is_empty());
    for user in ["a", "b"] {
        let mut event = event("Connect");
        event["input"]["SamAccountName"] = json!(user);
        handle(&world, "CONNECT_MANAGED", &event).await.unwrap();
    }
    let passwords = world.passwords.borrow();
    assert!(passwords.len() == 2 && passwords[0] != passwords[1]);
}

#[tokio::test]
async fn what_connect_would_refuse_is_never_sent() {
    let world = World::default();
    for (field, value, identity, expected) in [
        ("UPN", "müller@corp.example.com".to_owned(), "SAML", "InvalidUsername"),
        ("SamAccountName", "a".repeat(21), "CONNECT_MANAGED", "InvalidUsername"),
        ("DisplayName", format!("Anna {}", "m".repeat(400)), "SAML", "InvalidInput"),
        ("User", String::new(), "SAML", "InvalidInput"),
    ] {
        let mut event = event("Connect");
        event["input"][field] = json!(value);
        assert_eq!(handle(&world, identity, &event).await, Err(expected.to_owned()), "{field}");
    }
    assert!(world.users.borrow().is_empty());
    let mut event = event("WorkSpaces");
    event["input"]["SamAccountName"] = json!("m".repeat(64));
    assert_eq!(handle(&world, "SAML", &event).await, Err("InvalidInput".to_owned()));
}

/// Each file of events/onboarding/provision-*.json, by what it comes to.
#[tokio::test]
async fn every_sample_event_is_answered() {
    let samples = [
        ("provision-connect.json", "SAML", Ok("Connect created")),
        ("provision-connect-upn-only.json", "SAML", Ok("Connect created")),
        ("provision-connect-long-name.json", "CONNECT_MANAGED", Err("InvalidUsername")),
        ("provision-unknown-service.json", "SAML", Err("InvalidInput")),
        ("provision-workspaces.json", "SAML", Ok("WorkSpaces created")),
        ("provision-workspaces-upn-only.json", "SAML", Ok("WorkSpaces created")),
    ];
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../events/onboarding");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut files: Vec<_> = files.filter(|name| name.starts_with("provision-")).collect();
    files.sort();
    let mut names: Vec<_> = samples.iter().map(|(name, ..)| *name).collect();
    names.sort_unstable();
    assert_eq!(files, names);
    for (name, identity, expected) in samples {
        let event: Value = serde_json::from_str(&std::fs::read_to_string(format!("{folder}/{name}")).unwrap()).unwrap();
        let answer = handle(&World::default(), identity, &event).await;
        assert_eq!(answer.as_deref().map_err(String::as_str), expected, "{name}");
    }
}
