//! The handler over workflows in memory, and the sample events.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_sfn::error::SdkError;
use aws_sdk_sfn::operation::start_execution::StartExecutionError;
use base64::Engine as _;
use flate2::{Compression, write::GzEncoder};
use lambda_runtime::{Context, Diagnostic};
use shared::aws::AwsError;

use super::super::account::UpnFallback;
use super::super::ports::Started;
use super::*;

/// Step Functions: a name is used once.
#[derive(Default)]
struct World {
    executions: RefCell<BTreeMap<String, Value>>,
    calls: Cell<usize>,
    under_way: Cell<usize>,
    most_at_once: Cell<usize>,
    /// The execution of this name can't be started: worth trying again or not.
    refuses: Cell<Option<(&'static str, bool)>>,
    /// The execution of this name never gets an answer.
    hangs: Cell<Option<&'static str>>,
}

impl Workflow for &World {
    async fn start(&self, name: &str, input: &str) -> Result<Started, AwsError> {
        self.calls.set(self.calls.get() + 1);
        self.under_way.set(self.under_way.get() + 1);
        self.most_at_once.set(self.most_at_once.get().max(self.under_way.get()));
        tokio::task::yield_now().await;
        if self.hangs.get() == Some(name) {
            std::future::pending::<()>().await;
        }
        self.under_way.set(self.under_way.get() - 1);
        match self.refuses.get() {
            Some((refused, retryable)) if refused == name => return Err(error(retryable)),
            _ => {}
        }
        let input = serde_json::from_str(input).unwrap();
        Ok(if self.executions.borrow_mut().insert(name.to_owned(), input).is_none() {
            Started::Now
        } else {
            Started::Before
        })
    }
}

fn error(retryable: bool) -> AwsError {
    let error = if retryable { SdkError::timeout_error("lost") } else { SdkError::construction_failure("denied") };
    AwsError::new("StartExecution", error as SdkError<StartExecutionError, _>)
}

async fn handle(world: &World, event: &str) -> Result<Value, Diagnostic> {
    let mut context = Context::default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    context.deadline = u64::try_from(now.as_millis()).unwrap() + 2_500;
    let (domain, netbios) = ("corp.example.com".to_owned(), "CORP".to_owned());
    let directory = Directory { domain, netbios, upn_fallback: UpnFallback::SamAccountName };
    let event = LambdaEvent::new(serde_json::from_str(event).unwrap(), context);
    Handler::new(world, directory).handle(event).await.map_err(Diagnostic::from)
}

fn encode(batch: &str) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    std::io::Write::write_all(&mut encoder, batch.as_bytes()).unwrap();
    let data = base64::engine::general_purpose::STANDARD.encode(encoder.finish().unwrap());
    format!("{:#}\n", json!({"awslogs": {"data": data}}))
}

fn users(numbers: std::ops::Range<u32>) -> String {
    let message = |rid| {
        format!(
            "<Event><System><EventID>4720</EventID></System><EventData><Data Name='TargetSid'>S-1-5-21-{rid}</Data>\
            <Data Name='SamAccountName'>user{rid}</Data><Data Name='TargetDomainName'>CORP</Data></EventData></Event>"
        )
    };
    let events: Vec<_> = numbers.map(|rid| json!({"id": rid.to_string(), "message": message(rid)})).collect();
    encode(&json!({"messageType": "DATA_MESSAGE", "logEvents": events}).to_string())
}

fn sample(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/onboarding");
    std::fs::read_to_string(folder.join(format!("trigger-{name}.json"))).unwrap()
}

/// Each sample and what it is answered with.
fn samples() -> [(&'static str, Value); 7] {
    let answer = |started: u32, skipped: Value, malformed: u32| json!({"started": started, "alreadyStarted": 0, "skipped": skipped, "malformed": malformed});
    [
        ("one-user", answer(1, json!({}), 0)),
        ("several-users", answer(3, json!({"Copy": 1}), 0)),
        ("machine-account", answer(0, json!({"MachineAccount": 2}), 0)),
        ("local-account", answer(0, json!({"LocalAccount": 2}), 0)),
        ("other-events", answer(0, json!({"OtherEvent": 5}), 0)),
        ("malformed-among-good", answer(2, json!({}), 2)),
        ("control-message", json!({"control": true})),
    ]
}

#[tokio::test]
async fn every_sample_is_answered_as_its_name_says() {
    for (name, expected) in samples() {
        let world = World::default();
        assert_eq!(handle(&world, &sample(name)).await.unwrap(), expected, "{name}");
        assert_eq!(world.calls.get() as u64, expected["started"].as_u64().unwrap_or(0), "{name}");
    }
}

/// `UPDATE_EVENTS=1 cargo test -p onboarding` encodes them anew.
#[test]
fn every_sample_is_its_readable_source_encoded() {
    for (name, _) in samples() {
        let source: Value = serde_json::from_str(&sample(&format!("{name}.decoded"))).unwrap();
        if std::env::var_os("UPDATE_EVENTS").is_some() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../events/onboarding");
            std::fs::write(folder.join(format!("trigger-{name}.json")), encode(&source.to_string())).unwrap();
        }
        let encoded: Value = serde_json::from_str(&payload::open(&sample(name)).unwrap()).unwrap();
        assert_eq!(encoded, source, "{name}");
    }
}

#[tokio::test]
async fn the_workflow_of_a_user_has_its_sid_for_a_name_and_its_names_in_their_case() {
    let world = World::default();
    handle(&world, &sample("one-user")).await.unwrap();
    let executions = world.executions.borrow();
    let input = &executions["S-1-5-21-3457937927-2839227994-823803824-1104"];
    for (key, expected) in [
        ("Username", "JDoe"),
        ("UPN", "JDoe@corp.example.com"),
        ("DomainName", "corp.example.com"),
        ("DisplayName", "John Doe"),
        ("CreatedAt", "2026-11-22T05:05:03Z"),
    ] {
        assert_eq!(input[key], expected, "{key}");
    }
}

#[tokio::test]
async fn a_batch_that_comes_again_starts_nothing_twice() {
    let world = World::default();
    handle(&world, &sample("several-users")).await.unwrap();
    let before = world.executions.borrow().clone();
    let again = handle(&world, &sample("several-users")).await.unwrap();
    assert_eq!((&again["started"], &again["alreadyStarted"]), (&json!(0), &json!(3)));
    assert_eq!(*world.executions.borrow(), before, "with the same input");
}

#[tokio::test]
async fn one_users_failure_does_not_stop_the_others_and_is_told_to_lambda() {
    for retryable in [true, false] {
        let world = World::default();
        world.refuses.set(Some(("S-1-5-21-7", retryable)));
        let failure = handle(&world, &users(0..50)).await.unwrap_err();
        assert_eq!(failure.error_type, "ExecutionsNotStarted");
        assert!(failure.error_message.starts_with("1 of 50 execution(s) not started"), "{}", failure.error_message);
        assert_eq!(world.executions.borrow().len(), 49);

        world.refuses.set(None);
        let again = handle(&world, &users(0..50)).await.unwrap();
        assert_eq!((&again["started"], &again["alreadyStarted"]), (&json!(1), &json!(49)));
    }
}

#[tokio::test]
async fn a_call_that_is_not_answered_is_given_up_at_the_deadline() {
    let world = World::default();
    world.hangs.set(Some("S-1-5-21-7"));
    let failure = handle(&world, &users(0..50)).await.unwrap_err();
    assert!(failure.error_message.contains("deadline"), "{}", failure.error_message);
    assert_eq!(world.executions.borrow().len(), 49);
}

#[tokio::test]
async fn ten_calls_are_under_way_at_once() {
    let world = World::default();
    handle(&world, &users(0..200)).await.unwrap();
    assert_eq!((world.calls.get(), world.most_at_once.get()), (200, 10));
}

#[tokio::test]
async fn a_payload_that_cannot_be_read_is_an_error_without_a_call() {
    let good = sample("one-user");
    let whole: Value = serde_json::from_str(&good).unwrap();
    let data = whole["awslogs"]["data"].as_str().unwrap();
    for event in [
        json!({}).to_string(),
        json!({"awslogs": {"data": &data[4..]}}).to_string(),
        json!({"awslogs": {"data": &data[..data.len() - 8]}}).to_string(),
        encode("{"),
        encode(r#"{"messageType":"OTHER","logEvents":[]}"#),
        encode(&"0".repeat(payload::LONGEST + 1)),
    ] {
        let world = World::default();
        let failure = handle(&world, &event).await.unwrap_err();
        assert_eq!(
            (failure.error_type.as_str(), world.calls.get()),
            ("PayloadUnreadable", 0),
            "{}",
            failure.error_message
        );
    }
}
