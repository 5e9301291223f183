//! What the trigger answered, and what it decided on each event, as its log says.

use local_aws::Invocation;
use report::{Decision, Outcome};
use serde_json::Value;

use crate::iot::why;

/// The invocations' results. The last one decides how it ended.
pub(crate) fn outcome(ran: &[(&str, Invocation)]) -> Outcome {
    let told = |(part, invocation): &(&str, Invocation)| {
        let result = invocation.result.as_ref().map_or_else(|error| why(&error.error_message).to_owned(), told);
        if part.is_empty() { result } else { format!("{part}: {result}") }
    };
    let sentence = ran.iter().map(told).collect::<Vec<_>>().join("; ");
    match ran.last() {
        Some((_, invocation)) if invocation.result.is_err() => Outcome::Failed(sentence),
        _ => Outcome::Ok(sentence),
    }
}

fn told(answer: &Value) -> String {
    let skipped: Vec<_> = answer.get("skipped").and_then(Value::as_object).into_iter().flatten().collect();
    let count = skipped.iter().filter_map(|(_, count)| count.as_u64()).sum();
    let why = skipped.iter().map(|(why, _)| spaced(why)).collect::<Vec<_>>().join(", ");
    let parts = [
        (number(answer, "started"), "started".to_owned()),
        (number(answer, "alreadyStarted"), "already started".to_owned()),
        (count, format!("skipped ({why})")),
        (number(answer, "malformed"), "malformed".to_owned()),
    ];
    let told = parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, words)| format!("{count} {words}"));
    told.collect::<Vec<_>>().join(", ")
}

/// A number of the answer.
pub(crate) fn number(answer: &Value, field: &str) -> u64 {
    answer.get(field).and_then(Value::as_u64).unwrap_or_default()
}

/// `machine account` of `MachineAccount`.
fn spaced(name: &str) -> String {
    let mut words = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.extend(c.to_lowercase());
    }
    words
}

/// The decision on the event with this id, about the account with this SID; `copy` if an earlier event was about it, too.
pub(crate) fn decision(log: &[Value], id: &str, sid: &str, copy: bool) -> Decision {
    let text = |line: &Value, name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    if let Some(line) = log.iter().find(|line| text(line, "log_event") == id) {
        return Decision::Malformed(text(line, "why"));
    }
    let about: Vec<&Value> = log.iter().filter(|line| text(line, "sid") == sid).collect();
    let says_copy = |line: &&&Value| text(line, "why") == "Copy";
    let line = if copy { about.iter().find(says_copy) } else { about.iter().find(|line| !says_copy(line)) };
    let Some(line) = line else { return Decision::NotStarted("the log says nothing".to_owned()) };
    match (text(line, "started").as_str(), text(line, "message").as_str()) {
        ("Now", _) => Decision::Started,
        ("Before", _) => Decision::AlreadyStarted,
        (_, message) if message.starts_with("skipped") => Decision::Skipped(spaced(&text(line, "why"))),
        _ => Decision::NotStarted(text(line, "why")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_event_has_the_decision_that_the_log_tells_of_it() {
        let log = [
            json!({"message": "an event can't be read", "log_event": "7", "why": "it has no TargetSid"}),
            json!({"message": "skipped", "sid": "S-1", "why": "Copy"}),
            json!({"message": "skipped", "sid": "S-2", "why": "MachineAccount"}),
            json!({"message": "onboarding", "sid": "S-1", "started": "Now"}),
            json!({"message": "onboarding", "sid": "S-3", "started": "Before"}),
            json!({"message": "not started", "sid": "S-4", "why": "denied"}),
        ];
        let of = |id: &str, sid: &str, copy: bool| decision(&log, id, sid, copy);
        assert_eq!(of("1", "S-1", false), Decision::Started);
        assert_eq!(of("2", "S-1", true), Decision::Skipped("copy".to_owned()));
        assert_eq!(of("3", "S-2", false), Decision::Skipped("machine account".to_owned()));
        assert_eq!(of("4", "S-3", false), Decision::AlreadyStarted);
        assert_eq!(of("5", "S-4", false), Decision::NotStarted("denied".to_owned()));
        assert!(matches!(of("6", "S-5", false), Decision::NotStarted(_)), "a log that says nothing starts nothing");
        assert_eq!(of("7", "S-6", false), Decision::Malformed("it has no TargetSid".to_owned()));
    }

    #[test]
    fn what_did_not_occur_is_not_told() {
        let answer =
            json!({"started": 2, "alreadyStarted": 0, "skipped": {"Copy": 1, "MachineAccount": 2}, "malformed": 0});
        assert_eq!(told(&answer), "2 started, 3 skipped (copy, machine account)");
    }
}
