//! The rules, a test each; the tables have a row a case.

mod drain;
mod failback;
mod failover;

use super::*;
use crate::event::Transition;
use crate::testing::{SINCE, config, member, pool};

fn event(group: &str, state: AlarmState) -> Event {
    Event::Alarm(AlarmChange { name: format!("health-{group}"), state, at: Some(SINCE) })
}

fn act(event: &Event, snapshot: &Snapshot) -> Plan {
    match decide(event, snapshot, &config()) {
        Decision::Act(plan) => plan,
        Decision::Nothing(why) | Decision::LookAgain(why) => panic!("nothing: {why}"),
    }
}

fn nothing(event: &Event, snapshot: &Snapshot) -> String {
    match decide(event, snapshot, &config()) {
        Decision::Nothing(why) => why,
        other => panic!("{other:?}"),
    }
}

fn is_empty(plan: &Plan) -> bool {
    plan.steps().is_empty() && plan.stranded.is_empty() && plan.not_ready.is_none()
}

/// The changes as text, `rtb-a 0.0.0.0/0: i-a -> i-b of b`.
fn changes(plan: &Plan) -> Vec<String> {
    plan.changes.iter().map(ToString::to_string).collect()
}

#[test]
fn an_event_that_is_not_news_any_more_does_nothing() {
    let late = |state| nothing(&event("a", state), &pool(2).fail("a"));
    assert!(late(AlarmState::Ok).contains("changed its state again"));
    assert!(nothing(&event("a", AlarmState::Alarm), &pool(2)).contains("changed its state again"));
    assert!(late(AlarmState::InsufficientData).contains("insufficient data"));
}

#[test]
fn a_read_that_is_older_than_the_event_is_not_taken_for_an_old_event() {
    for (seen, look_again) in [(Some(SINCE - 1), true), (Some(SINCE), false), (Some(SINCE + 1), false), (None, false)] {
        let mut snapshot = pool(2);
        snapshot.alarm_mut("a").since = seen;
        let decision = decide(&event("a", AlarmState::Alarm), &snapshot, &config());
        assert_eq!(matches!(decision, Decision::LookAgain(_)), look_again, "{seen:?}: {decision:?}");
    }
}

#[test]
fn an_event_of_somebody_else_does_nothing() {
    let mut snapshot = pool(2).fail("a");
    assert!(nothing(&event("z", AlarmState::Alarm), &snapshot).contains("no metric alarm any more"));
    snapshot.alarm_mut("a").group = Some("web-servers".to_owned());
    assert!(nothing(&event("a", AlarmState::Alarm), &snapshot).contains("watches no group of this pool"));
    let scaling = Event::Alarm(AlarmChange { name: "TargetTracking-a".to_owned(), state: AlarmState::Alarm, at: None });
    assert!(nothing(&scaling, &snapshot).contains("not a health alarm"));
    let foreign = LifecycleAction {
        group: "web-servers".to_owned(),
        hook: "h".to_owned(),
        instance: "i-1".to_owned(),
        transition: Transition::Terminating,
    };
    assert!(nothing(&Event::Lifecycle(foreign), &snapshot).contains("not of this pool"));
}

#[test]
fn a_launching_instance_waits_for_the_ok_alarm() {
    let launching = LifecycleAction {
        group: "a".to_owned(),
        hook: "launch".to_owned(),
        instance: "i-a".to_owned(),
        transition: Transition::Launching,
    };
    assert!(nothing(&Event::Lifecycle(launching), &pool(2)).contains("the OK of its health alarm"));
}

#[test]
fn a_group_is_healthy_when_none_of_its_alarms_is_in_alarm_and_one_is_ok() {
    use AlarmState::{Alarm, InsufficientData, Ok};
    for (states, healthy) in [
        (vec![Ok], true),
        (vec![Ok, InsufficientData], true),
        (vec![Ok, Alarm], false),
        (vec![InsufficientData], false),
        (vec![], false),
    ] {
        let mut snapshot = pool(2);
        snapshot.alarms.retain(|alarm| alarm.group.as_deref() != Some("b"));
        snapshot.alarms.extend(states.iter().map(|state| crate::testing::alarm("b", *state)));
        let plan = act(&event("a", Alarm), &snapshot.fail("a"));
        assert_eq!(plan.changes.len() == 1, healthy, "{states:?}");
        assert_eq!(plan.no_healthy_peer(), !healthy, "{states:?}");
    }
}

#[test]
fn an_alarm_by_instance_id_speaks_of_the_group_while_the_instance_is_in_it() {
    let mut snapshot = pool(2).fail("a");
    for (group, id) in [("a", "i-a"), ("b", "i-b")] {
        let alarm = snapshot.alarm_mut(group);
        (alarm.group, alarm.instance) = (None, Some(id.to_owned()));
    }
    assert_eq!(changes(&act(&event("a", AlarmState::Alarm), &snapshot)), ["rtb-a 0.0.0.0/0: i-a -> i-b of b"]);

    // The instance has left the group, and EC2 still lists it with the group's tag.
    snapshot.group_mut("a").members.clear();
    assert_eq!(changes(&act(&event("a", AlarmState::Alarm), &snapshot)).len(), 1);

    // An old alarm on a former instance of b does not make b sick.
    let mut old = crate::testing::alarm("b", AlarmState::Alarm);
    (old.name, old.group, old.instance) = ("old".to_owned(), None, Some("i-former".to_owned()));
    snapshot.alarms.push(old);
    assert_eq!(changes(&act(&event("a", AlarmState::Alarm), &snapshot)).len(), 1);
}

#[test]
fn default_routes_are_changed_first() {
    let mut snapshot = pool(2).fail("a");
    let routes = ["10.9.0.0/16", "::/0", "192.0.2.0/24", "0.0.0.0/0"];
    snapshot.table_mut("rtb-a").routes = routes.map(|d| crate::testing::route(d, crate::testing::to("i-a"))).to_vec();
    let plan = act(&event("a", AlarmState::Alarm), &snapshot);
    let order: Vec<_> = plan.changes.iter().map(|change| change.destination.to_string()).collect();
    assert_eq!(order, ["::/0", "0.0.0.0/0", "10.9.0.0/16", "192.0.2.0/24"]);
}

#[test]
fn the_plan_remembers_since_when_so_that_the_delay_can_be_measured() {
    assert_eq!(act(&event("a", AlarmState::Alarm), &pool(2).fail("a")).since, Some(SINCE));
    let mut snapshot = pool(1);
    snapshot.group_mut("a").members.push(member("i-x", crate::cloud::Lifecycle::Other));
    assert_eq!(act(&event("a", AlarmState::Ok), &snapshot).since, Some(SINCE));
}
