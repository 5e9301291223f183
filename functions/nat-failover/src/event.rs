//! Reads what Lambda was sent: alarms and lifecycle actions, each in every shape that AWS sends it in.
//!
//! Only the few fields that decide are read, everything else may be null, missing or new. That is why this does not use
//! `aws_lambda_events`, whose alarm types refuse null descriptions and metric-math alarms. Whom an alarm watches is not
//! read from the event at all: `DescribeAlarms` says it, and says it for the present.

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde_json::Value;

use crate::cloud::{AlarmState, Millis};

/// What happened, according to the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A metric alarm changed its state.
    Alarm(AlarmChange),
    /// An Auto Scaling lifecycle hook holds an instance.
    Lifecycle(LifecycleAction),
    /// An event that is normal and asks for nothing.
    Nothing(&'static str),
}

/// An alarm's change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlarmChange {
    /// The alarm's name.
    pub name: String,
    /// The state that it changed to.
    pub state: AlarmState,
    /// When it did, if the event says it readably.
    pub at: Option<Millis>,
}

/// A lifecycle action, by EventBridge or by SNS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleAction {
    /// The group.
    pub group: String,
    /// The hook.
    pub hook: String,
    /// The instance that it holds.
    pub instance: String,
    /// Launching or terminating.
    pub transition: Transition,
}

/// Which way a held instance goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// It comes.
    Launching,
    /// It goes.
    Terminating,
}

/// An event that can't be understood. Says what came, in few words and without its values, which are anybody's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// Not an event of this function.
    #[error(
        "expected a CloudWatch alarm or an Auto Scaling lifecycle action (by SNS, EventBridge or directly), but {0} came"
    )]
    Unknown(String),
    /// The right kind of event with a field wrong.
    #[error("a {kind} can't be read: {why}")]
    Malformed {
        /// What it was.
        kind: &'static str,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// The events in what Lambda was sent: as many as there are SNS records, otherwise one. One that can't be read does
/// not take its neighbours along.
#[must_use]
pub fn decode(payload: &Value) -> Vec<Result<Event, EventError>> {
    match payload.get("Records").and_then(Value::as_array) {
        Some(records) if !records.is_empty() => records.iter().map(sns_record).collect(),
        _ => vec![decode_one(payload)],
    }
}

fn sns_record(record: &Value) -> Result<Event, EventError> {
    let Some(message) = record.pointer("/Sns/Message").and_then(Value::as_str) else {
        return Err(EventError::Unknown(format!("a record of {}", describe(record))));
    };
    let message: Value = serde_json::from_str(message)
        .map_err(|_| EventError::Malformed { kind: "SNS message", why: "it is not JSON" })?;
    decode_one(&message)
}

/// An event by its shape. EventBridge may deliver through SNS, so a message may have any of them.
fn decode_one(event: &Value) -> Result<Event, EventError> {
    let field = |name: &str| event.get(name).and_then(Value::as_str);
    if let Some(alarm) = event.get("alarmData") {
        alarm_data(alarm)
    } else if field("detail-type") == Some("CloudWatch Alarm State Change") {
        alarm_data(event.get("detail").unwrap_or(&Value::Null))
    } else if event.get("AlarmName").is_some() {
        alarm_message(event)
    } else if event.get("LifecycleTransition").is_some() {
        lifecycle(event)
    } else if field("detail-type").is_some_and(|kind| kind.ends_with("Lifecycle Action")) {
        lifecycle(event.get("detail").unwrap_or(&Value::Null))
    } else if field("Event") == Some("autoscaling:TEST_NOTIFICATION") {
        Ok(Event::Nothing("Auto Scaling's test notification"))
    } else {
        Err(EventError::Unknown(describe(event)))
    }
}

/// An alarm's direct Lambda action, and EventBridge's detail:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-and-eventbridge.html>
fn alarm_data(alarm: &Value) -> Result<Event, EventError> {
    let composite = alarm.pointer("/configuration/alarmRule").is_some_and(|rule| !rule.is_null());
    alarm_change(alarm.get("alarmName"), alarm.pointer("/state/value"), alarm.pointer("/state/timestamp"), composite)
}

/// An alarm's message by SNS.
fn alarm_message(alarm: &Value) -> Result<Event, EventError> {
    let composite = alarm.get("AlarmRule").is_some_and(|rule| !rule.is_null());
    alarm_change(alarm.get("AlarmName"), alarm.get("NewStateValue"), alarm.get("StateChangeTime"), composite)
}

fn alarm_change(
    name: Option<&Value>,
    state: Option<&Value>,
    at: Option<&Value>,
    composite: bool,
) -> Result<Event, EventError> {
    let malformed = |why| EventError::Malformed { kind: "CloudWatch alarm", why };
    let name = name.and_then(Value::as_str).ok_or_else(|| malformed("it has no name"))?.to_owned();
    let state = match state.and_then(Value::as_str) {
        Some("OK") => AlarmState::Ok,
        Some("ALARM") => AlarmState::Alarm,
        Some("INSUFFICIENT_DATA") => AlarmState::InsufficientData,
        _ => return Err(malformed("its state is none of OK, ALARM, INSUFFICIENT_DATA")),
    };
    if composite {
        return Ok(Event::Nothing("a composite alarm: the events of its children do the work"));
    }
    Ok(Event::Alarm(AlarmChange { name, state, at: at.and_then(Value::as_str).and_then(time) }))
}

/// CloudWatch writes `2015-06-03T17:43:27.123+0000`, without the colon that RFC 3339 has in the offset.
fn time(text: &str) -> Option<Millis> {
    let utc = text.strip_suffix("+0000").map(|local| format!("{local}Z"));
    let time = DateTime::from_str(utc.as_deref().unwrap_or(text), Format::DateTimeWithOffset).ok()?;
    time.to_millis().ok()
}

fn lifecycle(action: &Value) -> Result<Event, EventError> {
    let malformed = |why| EventError::Malformed { kind: "lifecycle action", why };
    let text = |key, why| action.get(key).and_then(Value::as_str).ok_or_else(|| malformed(why));
    let transition = match text("LifecycleTransition", "it has no LifecycleTransition")? {
        "autoscaling:EC2_INSTANCE_LAUNCHING" => Transition::Launching,
        "autoscaling:EC2_INSTANCE_TERMINATING" => Transition::Terminating,
        _ => return Err(malformed("its LifecycleTransition is neither launching nor terminating")),
    };
    Ok(Event::Lifecycle(LifecycleAction {
        group: text("AutoScalingGroupName", "it has no AutoScalingGroupName")?.to_owned(),
        hook: text("LifecycleHookName", "it has no LifecycleHookName")?.to_owned(),
        instance: text("EC2InstanceId", "it has no EC2InstanceId")?.to_owned(),
        transition,
    }))
}

/// Names what came by its kind and its top-level keys, never by its values: they may be anybody's.
fn describe(event: &Value) -> String {
    const KEYS: usize = 8;
    match event {
        Value::Object(object) => {
            let kind = ["detail-type", "eventSource", "EventSource", "source", "Event"]
                .into_iter()
                .find_map(|key| object.get(key).and_then(Value::as_str))
                .map(|kind| format!(" {kind:.60?}"));
            let keys: Vec<_> = object.keys().take(KEYS).map(|key| format!("{key:.40}")).collect();
            format!("an object{} with the keys [{}]", kind.unwrap_or_default(), keys.join(", "))
        }
        Value::Array(items) => format!("an array of {}", items.len()),
        Value::String(_) => "a string".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::Bool(_) => "a boolean".to_owned(),
        Value::Null => "null".to_owned(),
    }
}

#[cfg(test)]
mod tests;
