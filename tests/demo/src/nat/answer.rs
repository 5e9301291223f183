//! What the function answered, in a sentence.

use local_aws::FunctionError;
use report::Outcome;
use serde_json::Value;

use crate::names::Names;

/// Characters of an error that a reader still reads.
const MOST: usize = 240;

/// The invocation's result. The function answers JSON; its own words are kept.
pub(crate) fn outcome(result: &Result<Value, FunctionError>, names: &Names) -> Outcome {
    match result {
        Ok(answer) => {
            let events = answer.get("events").and_then(Value::as_array);
            let told = events.map(|events| events.iter().map(event).collect::<Vec<_>>().join("; "));
            Outcome::Ok(names.put_in(&told.unwrap_or_else(|| answer.to_string())))
        }
        Err(error) => Outcome::Failed(cut(&names.put_in(&error.to_string()))),
    }
}

fn cut(text: &str) -> String {
    let more = text.chars().count().saturating_sub(MOST);
    let start: String = text.chars().take(MOST).collect();
    if more == 0 { start } else { format!("{start}... ({more} more characters)") }
}

fn event(event: &Value) -> String {
    let text = |name: &str| event.get(name).and_then(Value::as_str);
    let number = |name: &str| event.get(name).and_then(Value::as_u64).unwrap_or_default();
    if let Some(plan) = event.get("plan").and_then(Value::as_array) {
        let changes = plan.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; ");
        return format!("did nothing ({}), would have: {changes}", text("why").unwrap_or_default());
    }
    match (text("did"), text("why")) {
        (Some("nothing"), Some(why)) => format!("nothing to do: {why}"),
        (Some("nothing"), None) => "nothing was left to do".to_owned(),
        (Some("changed"), _) => {
            let (cause, group) = (text("cause").unwrap_or_default(), text("group").unwrap_or_default());
            let stranded = match number("stranded") {
                0 => String::new(),
                stranded => format!(", {stranded} could not move"),
            };
            let routes = match number("routesMoved") {
                1 => "1 route".to_owned(),
                routes => format!("{routes} routes"),
            };
            format!("{cause} of {group}: {routes} moved{stranded}")
        }
        _ => event.to_string(),
    }
}
