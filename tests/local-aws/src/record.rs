//! What functions called.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// One API call that a function made.
#[derive(Debug, Clone)]
pub struct Call {
    /// The function's name.
    pub function: String,
    /// Which of the account's invocations it belongs to.
    pub invocation: u64,
    /// IAM's prefix of the service: `ec2`, `cloudwatch`.
    pub service: String,
    /// The operation: `ReplaceRoute`.
    pub action: String,
    /// The ARNs that the call is about, as IAM sees them.
    pub resources: Vec<String>,
    /// The request's parameters; see [`ApiCall::parameters`](crate::ApiCall::parameters).
    pub parameters: BTreeMap<String, String>,
    /// When it came.
    pub started: Instant,
    /// When its answer was handed back, or its connection cut.
    pub ended: Instant,
    /// The HTTP status; 0 if no answer was given.
    pub status: u16,
    /// The error code, if it failed.
    pub error_code: Option<String>,
    /// The faults that were done to it, by name: `throttle`, `delay`.
    pub faults: Vec<&'static str>,
}

impl Call {
    /// The action as IAM writes it: `ec2:ReplaceRoute`.
    #[must_use]
    pub fn qualified(&self) -> String {
        format!("{}:{}", self.service, self.action)
    }

    /// Whether it can change something. Told by the operation's name, as AWS's naming allows.
    #[must_use]
    pub fn is_mutating(&self) -> bool {
        is_mutating(&self.action)
    }

    /// Whether it succeeded.
    #[must_use]
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A parameter, or nothing.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name).map(String::as_str)
    }

    /// How long it took.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.ended - self.started
    }
}

/// Whether an operation can change something, by its name.
pub(crate) fn is_mutating(action: &str) -> bool {
    !["Describe", "Get", "List", "Head", "Query", "Scan", "BatchGet", "TransactGet"]
        .iter()
        .any(|verb| action.starts_with(verb))
}

/// The calls of one or several invocations, in the order in which they came.
#[derive(Debug, Clone, Default)]
pub struct CallLog {
    calls: Vec<Call>,
}

impl From<Vec<Call>> for CallLog {
    fn from(mut calls: Vec<Call>) -> Self {
        calls.sort_by_key(|call| call.started);
        Self { calls }
    }
}

impl CallLog {
    /// Each call.
    pub fn iter(&self) -> std::slice::Iter<'_, Call> {
        self.calls.iter()
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.calls.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The calls of one operation, named with its service (`ec2:ReplaceRoute`) or without (`ReplaceRoute`).
    #[must_use]
    pub fn of(&self, action: &str) -> Self {
        self.filter(|call| call.action == action || call.qualified() == action)
    }

    /// The calls of one function.
    #[must_use]
    pub fn by_function(&self, function: &str) -> Self {
        self.filter(|call| call.function == function)
    }

    /// The calls that `keep` keeps.
    #[must_use]
    pub fn filter(&self, keep: impl Fn(&Call) -> bool) -> Self {
        Self { calls: self.calls.iter().filter(|call| keep(call)).cloned().collect() }
    }

    /// How many calls of one operation.
    #[must_use]
    pub fn count(&self, action: &str) -> usize {
        self.of(action).len()
    }

    /// How many calls of each operation: `ec2:ReplaceRoute` -> 3.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.calls.iter().fold(BTreeMap::new(), |mut counts, call| {
            *counts.entry(call.qualified()).or_default() += 1;
            counts
        })
    }

    /// The calls that can change something.
    #[must_use]
    pub fn mutating(&self) -> Self {
        self.filter(Call::is_mutating)
    }

    /// Every call with its depth: how many calls, it included, were made one after another up to it. It is 1 more
    /// than the deepest call of the same invocation that had ended before it started.
    #[must_use]
    pub fn depths(&self) -> Vec<(&Call, usize)> {
        let mut depths: Vec<(&Call, usize)> = Vec::with_capacity(self.calls.len());
        for call in &self.calls {
            let before = depths
                .iter()
                .filter(|(earlier, _)| earlier.invocation == call.invocation && earlier.ended <= call.started);
            let depth = 1 + before.map(|(_, depth)| *depth).max().unwrap_or_default();
            depths.push((call, depth));
        }
        depths
    }

    /// The longest sequence of calls one after another, in any invocation; 0 without calls.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.depths().into_iter().map(|(_, depth)| depth).max().unwrap_or_default()
    }

    /// The depth of the last call of one operation to start; nothing if it was not called.
    #[must_use]
    pub fn depth_of_last(&self, action: &str) -> Option<usize> {
        let depths = self.depths();
        depths
            .into_iter()
            .rev()
            .find(|(call, _)| call.action == action || call.qualified() == action)
            .map(|(_, depth)| depth)
    }

    /// The ARNs that were called on.
    #[must_use]
    pub fn resources(&self) -> BTreeSet<String> {
        self.calls.iter().flat_map(|call| call.resources.iter().cloned()).collect()
    }

    /// A line for each call, to read when a test fails.
    #[must_use]
    pub fn story(&self) -> String {
        let Some(first) = self.calls.first() else { return "no calls".to_owned() };
        let line = |(call, depth): (&Call, usize)| {
            let at = (call.started - first.started).as_millis();
            let took = call.duration().as_millis();
            let outcome = call.error_code.as_deref().unwrap_or("ok");
            let (action, parameters) = (call.qualified(), &call.parameters);
            format!("{at:>5} ms {took:>5} ms  {depth} {action} {outcome} {parameters:?}")
        };
        self.depths().into_iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl<'a> IntoIterator for &'a CallLog {
    type Item = &'a Call;
    type IntoIter = std::slice::Iter<'a, Call>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(invocation: u64, action: &str, from: u64, to: u64) -> Call {
        static ORIGIN: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        Call {
            function: "f".to_owned(),
            invocation,
            service: "ec2".to_owned(),
            action: action.to_owned(),
            resources: Vec::new(),
            parameters: BTreeMap::new(),
            started: *ORIGIN + Duration::from_millis(from),
            ended: *ORIGIN + Duration::from_millis(to),
            status: 200,
            error_code: None,
            faults: Vec::new(),
        }
    }

    #[test]
    fn depth_counts_calls_one_after_another() {
        // Two reads at once, then three writes of which two overlap.
        let log = CallLog::from(vec![
            call(1, "DescribeAlarms", 0, 10),
            call(1, "DescribeRouteTables", 1, 12),
            call(1, "ReplaceRoute", 13, 20),
            call(1, "ReplaceRoute", 14, 22),
            call(1, "ReplaceRoute", 21, 30),
            call(2, "DescribeAlarms", 40, 50),
        ]);
        assert_eq!(log.depths().iter().map(|(_, depth)| *depth).collect::<Vec<_>>(), [1, 1, 2, 2, 3, 1]);
        assert_eq!(log.depth(), 3);
        assert_eq!(log.depth_of_last("ec2:ReplaceRoute"), Some(3));
        assert_eq!(log.depth_of_last("CreateRoute"), None);
        assert_eq!((log.count("ReplaceRoute"), log.mutating().len()), (3, 3));
        assert_eq!(CallLog::default().depth(), 0);
    }
}
