//! What came of an invocation.

use std::time::Duration;

use serde_json::{Value, json};

use crate::record::CallLog;

/// Who invoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// The test, by [`Function::invoke`](crate::Function::invoke).
    Test,
    /// An event source of the stack: a topic, a rule, an alarm's action, or Lambda's Invoke.
    Event,
}

/// An invocation that has ended.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// Its number in the account, which its calls carry.
    pub id: u64,
    /// The function's name.
    pub function: String,
    /// The function's logical id in the template.
    pub logical_id: String,
    /// Who invoked.
    pub trigger: Trigger,
    /// The event.
    pub event: Value,
    /// What the function returned.
    pub result: Result<Value, FunctionError>,
    /// The lines that it wrote, without Lambda's START, END and REPORT.
    pub logs: Vec<String>,
    /// Lambda's REPORT line; not there after a crash. (Its memory is the configured size: use [`Function::rss`](crate::Function::rss).)
    pub report: Option<String>,
    /// How long the caller waited, initialization included.
    pub duration: Duration,
    /// The calls that it made.
    pub calls: CallLog,
}

impl Invocation {
    /// The lines that are JSON objects, as `shared`'s logs and EMF metrics are.
    #[must_use]
    pub fn json_logs(&self) -> Vec<Value> {
        self.logs.iter().filter_map(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect()
    }

    /// Whether a line contains `text`.
    #[must_use]
    pub fn logged(&self, text: &str) -> bool {
        self.logs.iter().any(|line| line.contains(text))
    }
}

/// How an invocation failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {error_message}")]
pub struct FunctionError {
    /// `errorType`: the function's own, or Lambda's (`Sandbox.Timedout`, `Runtime.ExitError`).
    pub error_type: String,
    /// `errorMessage`.
    pub error_message: String,
}

impl FunctionError {
    pub(crate) fn to_json(&self) -> Value {
        json!({"errorType": self.error_type, "errorMessage": self.error_message})
    }
}

/// Reads what the Runtime Interface Emulator answers. It puts no header on a failure, so a payload that has both of an
/// error's members is taken for one.
pub(crate) fn outcome(body: &[u8]) -> Result<Value, FunctionError> {
    let Ok(payload) = serde_json::from_slice::<Value>(body) else {
        let text = String::from_utf8_lossy(body).trim().to_owned();
        let error_type = if text.contains("Task timed out") { "Sandbox.Timedout" } else { "Runtime.Unknown" };
        return Err(FunctionError { error_type: error_type.to_owned(), error_message: text });
    };
    let member = |name: &str| payload.get(name).and_then(Value::as_str).map(str::to_owned);
    match (member("errorType"), member("errorMessage")) {
        (Some(error_type), Some(error_message)) => Err(FunctionError { error_type, error_message }),
        _ => Ok(payload),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_a_payload_from_an_error() {
        assert_eq!(outcome(br#"{"ok":1}"#), Ok(json!({"ok": 1})));
        assert_eq!(outcome(b"null"), Ok(Value::Null));
        let table: [(&[u8], &str); 2] = [
            (br#"{"errorType":"NoHealthyPeer","errorMessage":"none"}"#, "NoHealthyPeer"),
            (b"Task timed out after 2.00 seconds", "Sandbox.Timedout"),
        ];
        for (body, error_type) in table {
            assert_eq!(outcome(body).unwrap_err().error_type, error_type);
        }
    }
}
