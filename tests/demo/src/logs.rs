//! The lines of the function's log that are worth reading, each in one short line.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// More lines of one message than this say nothing new.
const ALIKE: usize = 2;
/// Fields that say where a line comes from, not what happened.
const NOT_TOLD: [&str; 7] = ["timestamp", "level", "message", "target", "span", "spans", "_aws"];
/// Fields that speak for themselves, and come first.
const NAMELESS: [&str; 2] = ["change", "step"];

/// A log's lines that are JSON, shortened: lines of one message together, as they first came. Metrics are lines of the log
/// too: CloudWatch takes them from there.
pub(crate) fn worth_reading(lines: &[Value]) -> Vec<String> {
    let mut kinds: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines.iter().filter_map(Value::as_object).filter(|line| !is_runtimes(line)) {
        let (message, short) = (message(line), short(line));
        match kinds.iter_mut().find(|(known, _)| *known == message) {
            Some((_, lines)) => lines.push(short),
            None => kinds.push((message, vec![short])),
        }
    }
    kinds.into_iter().flat_map(|(message, lines)| some(&message, lines)).collect()
}

/// The runtime's own line on a failure says again what the answer says.
fn is_runtimes(line: &Map<String, Value>) -> bool {
    line.get("target").and_then(Value::as_str).is_some_and(|target| target.starts_with("lambda_runtime"))
}

fn some(message: &str, mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(ALIKE);
    lines.truncate(ALIKE);
    lines.extend((more > 0).then(|| format!("{message}  ... {more} more")));
    lines
}

fn message(line: &Map<String, Value>) -> String {
    let text = |name: &str| line.get(name).and_then(Value::as_str).unwrap_or_default();
    if line.contains_key("_aws") { "METRICS".to_owned() } else { format!("{} {}", text("level"), text("message")) }
}

fn short(line: &Map<String, Value>) -> String {
    let mut short = message(line);
    let mut told: Vec<_> = line.iter().filter(|(name, value)| says_something(name, value)).collect();
    told.sort_by_key(|(name, _)| !NAMELESS.contains(&name.as_str())); // stable: the others stay in their order
    for (name, value) in told {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name = if NAMELESS.contains(&name.as_str()) { String::new() } else { format!("{name}=") };
        let _ = write!(short, "  {name}{value}"); // writing to a String cannot fail
    }
    short
}

fn says_something(name: &str, value: &Value) -> bool {
    let empty = [Value::Null, Value::from(""), Value::from(false), Value::from(0)].contains(value);
    !empty && !NOT_TOLD.contains(&name)
}
