//! The whole function over a cloud in memory.

mod any_order;

use std::time::{SystemTime, UNIX_EPOCH};

use lambda_runtime::{Context, Diagnostic};

use super::*;
use crate::cloud::{AlarmState, Lifecycle};
use crate::testing::memory::Memory;
use crate::testing::{config, instance, member, pool, route, to};

const MINUTE: Duration = Duration::from_mins(1);

fn alarm_event(group: &str, state: &str) -> Value {
    json!({"alarmData": {"alarmName": format!("health-{group}"), "state": {"value": state}}})
}

fn terminating(instance: &str) -> Value {
    json!({"LifecycleTransition": "autoscaling:EC2_INSTANCE_TERMINATING", "AutoScalingGroupName": "a",
        "LifecycleHookName": "terminate", "EC2InstanceId": instance})
}

fn context(timeout: Duration) -> Context {
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + timeout;
    let mut context = Context::default();
    context.deadline = u64::try_from(deadline.as_millis()).unwrap();
    context
}

async fn run_for(cloud: &mut Memory, config: &Config, event: &Value, timeout: Duration) -> Result<Value, Diagnostic> {
    let handler = Handler::new(std::mem::take(cloud), config.clone());
    let result = handler.handle(LambdaEvent::new(event.clone(), context(timeout))).await;
    *cloud = handler.cloud;
    result.map_err(Diagnostic::from)
}

async fn run(cloud: &mut Memory, event: &Value) -> Result<Value, Diagnostic> {
    run_for(cloud, &config(), event, MINUTE).await
}

#[tokio::test]
async fn an_alarm_is_answered_in_two_rounds_of_looking_and_one_of_changing() {
    let mut cloud = Memory::new(pool(2).fail("a"));
    let answer = run(&mut cloud, &alarm_event("a", "ALARM")).await.unwrap();
    assert_eq!(answer["events"][0]["routesMoved"], 1);
    assert_eq!(*cloud.looked.borrow(), ["alarms", "groups", "route tables", "instances"]);
    assert_eq!(*cloud.changed.borrow(), ["mark i-a", "rtb-a 0.0.0.0/0: i-a -> i-b of b"]);
    let (subject, text) = cloud.sent.borrow()[0].clone();
    assert_eq!(subject, "NAT pool prod: a failed");
    assert!(text.contains("- mark i-a unhealthy\n- rtb-a 0.0.0.0/0: i-a -> i-b of b\n"), "{text}");
}

#[tokio::test]
async fn a_replay_makes_no_changing_call_and_sends_nothing() {
    let mut cloud = Memory::new(pool(2).fail("a"));
    run(&mut cloud, &alarm_event("a", "ALARM")).await.unwrap();
    cloud.changed.borrow_mut().clear();
    let again = run(&mut cloud, &alarm_event("a", "ALARM")).await.unwrap();
    assert_eq!((again["events"][0]["did"].as_str(), cloud.sent.borrow().len()), (Some("nothing"), 1));
    assert_eq!(*cloud.changed.borrow(), Vec::<String>::new());
}

#[tokio::test]
async fn what_asks_for_nothing_makes_no_call_at_all() {
    for event in [alarm_event("a", "INSUFFICIENT_DATA"), json!({"Event": "autoscaling:TEST_NOTIFICATION"})] {
        let mut cloud = Memory::new(pool(2));
        assert_eq!(run(&mut cloud, &event).await.unwrap()["events"][0]["did"], "nothing");
        assert!(cloud.looked.borrow().is_empty());
    }
}

#[tokio::test]
async fn something_else_is_an_error_with_a_stable_type() {
    let error = run(&mut Memory::new(pool(2)), &json!({"hello": 1})).await.unwrap_err();
    assert_eq!(error.error_type, "UnknownEvent");
}

#[tokio::test]
async fn an_empty_pool_is_an_error_that_says_what_to_do() {
    let error = run(&mut Memory::new(pool(0)), &alarm_event("a", "ALARM")).await.unwrap_err();
    assert_eq!(error.error_type, "EmptyPool");
    assert!(error.error_message.contains("nat-failover:pool=prod"), "{}", error.error_message);
}

#[tokio::test]
async fn one_route_that_fails_for_good_does_not_stop_the_others() {
    let mut snapshot = pool(2).fail("a");
    snapshot.table_mut("rtb-a").routes.push(route("10.1.0.0/16", to("i-a")));
    let mut cloud = Memory { refuse: Some("0.0.0.0/0"), ..Memory::new(snapshot) };
    let error = run(&mut cloud, &alarm_event("a", "ALARM")).await.unwrap_err();
    assert_eq!(error.error_type, "Incomplete");
    assert!(
        error.error_message.contains("failed: [rtb-a 0.0.0.0/0: i-a -> i-b of b: Refused"),
        "{}",
        error.error_message
    );
    assert_eq!(cloud.changed.borrow().len(), 2, "the mark and the other route");
    assert!(cloud.sent.borrow()[0].1.contains("Failed:\n- rtb-a 0.0.0.0/0"));
}

#[tokio::test]
async fn at_the_deadline_it_says_what_is_left() {
    let mut cloud = Memory { delay: Duration::from_secs(3), ..Memory::new(pool(2).fail("a")) };
    let timeout = MARGIN + Duration::from_millis(50);
    let error = run_for(&mut cloud, &config(), &alarm_event("a", "ALARM"), timeout).await.unwrap_err();
    assert_eq!(error.error_type, "Incomplete");
    assert!(error.error_message.contains("left at the deadline: [mark i-a unhealthy; rtb-a"), "{error:?}");
}

#[tokio::test]
async fn with_no_peer_it_says_so_loudly_and_moves_nothing() {
    let mut cloud = Memory::new(pool(2).fail("a").fail("b"));
    let error = run(&mut cloud, &alarm_event("a", "ALARM")).await.unwrap_err();
    assert_eq!(error.error_type, "NoHealthyPeer");
    assert_eq!(*cloud.changed.borrow(), ["mark i-a"]);
    assert_eq!(cloud.sent.borrow()[0].0, "NAT pool prod: no healthy peer for a");
}

#[tokio::test]
async fn a_drained_instance_is_not_let_go_before_its_routes_are_elsewhere() {
    for (refuse, let_go) in [(None, true), (Some("rtb-a"), false)] {
        let mut snapshot = pool(2);
        snapshot.group_mut("a").members[0].lifecycle = Lifecycle::TerminatingWait;
        let mut cloud = Memory { refuse, ..Memory::new(snapshot) };
        assert_eq!(run(&mut cloud, &terminating("i-a")).await.is_ok(), let_go);
        assert_eq!(cloud.changed.borrow().last().is_some_and(|call| call == "complete i-a"), let_go);
    }
}

#[tokio::test]
async fn a_batch_is_answered_whole_and_fails_if_one_of_it_failed() {
    let record = |event: Value| json!({"Sns": {"Message": event.to_string()}});
    let batch = json!({"Records": [record(json!({"hello": 1})), record(alarm_event("a", "ALARM"))]});
    let mut cloud = Memory::new(pool(2).fail("a"));
    assert_eq!(run(&mut cloud, &batch).await.unwrap_err().error_type, "UnknownEvent");
    assert_eq!(cloud.changed.borrow().len(), 2, "its neighbour was answered");
}

#[tokio::test]
async fn a_dry_run_shows_the_plan_and_changes_nothing() {
    let mut cloud = Memory::new(pool(2).fail("a"));
    let dry = Config { dry_run: true, ..config() };
    let answer = run_for(&mut cloud, &dry, &alarm_event("a", "ALARM"), MINUTE).await.unwrap();
    assert_eq!(answer["events"][0]["plan"], json!(["mark i-a unhealthy", "rtb-a 0.0.0.0/0: i-a -> i-b of b"]));
    assert!(cloud.changed.borrow().is_empty() && cloud.sent.borrow().is_empty());
}

#[tokio::test]
async fn a_read_older_than_the_event_is_looked_at_again() {
    let mut event = alarm_event("a", "ALARM");
    event["alarmData"]["state"]["timestamp"] = json!("2024-05-21T10:15:30.123+0000");
    let mut cloud = Memory { alarms_lag: 1.into(), ..Memory::new(pool(2).fail("a")) };
    let answer = run(&mut cloud, &event).await.unwrap();
    assert_eq!((answer["events"][0]["routesMoved"].as_u64(), cloud.looked.borrow().len()), (Some(1), 8));
}

#[tokio::test]
async fn the_functions_default_gateway_serves_groups_that_name_none() {
    let mut snapshot = pool(2).fail("a").fail("b");
    snapshot.nat_gateways = vec![crate::testing::gateway("nat-1")];
    let with_default = Config { fallback_nat_gateway: Some("nat-1".to_owned()), ..config() };
    let mut cloud = Memory::new(snapshot);
    run_for(&mut cloud, &with_default, &alarm_event("a", "ALARM"), MINUTE).await.unwrap();
    assert!(cloud.changed.borrow().contains(&"rtb-a 0.0.0.0/0: i-a -> nat-1".to_owned()));
}
