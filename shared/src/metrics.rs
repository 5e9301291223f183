//! CloudWatch metrics in the embedded metric format: a log line that CloudWatch turns into metrics, so that a metric
//! costs no call and no right.
//!
//! Format: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>.
//! Written here because the well-kept crate for it (metrique) has a tree of 80 crates, for what is one
//! JSON object here: docs/build.md.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

/// A metric's unit, as CloudWatch names it.
#[derive(Clone, Copy, Debug)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A duration.
    Milliseconds,
}

/// The metrics of one piece of work, under one set of dimensions.
#[derive(Debug)]
pub struct Metrics {
    namespace: &'static str,
    dimensions: Vec<(&'static str, String)>,
    values: Vec<(&'static str, Unit, u64)>,
}

impl Metrics {
    /// Nothing measured yet.
    #[must_use]
    pub fn new(namespace: &'static str) -> Self {
        Self { namespace, dimensions: Vec::new(), values: Vec::new() }
    }

    /// Adds a dimension: few distinct values, never a person's data.
    #[must_use]
    pub fn dimension(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.dimensions.push((name, value.into()));
        self
    }

    /// Adds a value.
    #[must_use]
    pub fn value(mut self, name: &'static str, unit: Unit, value: u64) -> Self {
        self.values.push((name, unit, value));
        self
    }

    /// Writes the line that CloudWatch reads, if there is a value.
    #[expect(clippy::print_stdout, reason = "the format is a line on standard output")]
    pub fn emit(self) {
        if !self.values.is_empty() {
            println!("{}", self.line(SystemTime::now()));
        }
    }

    fn line(&self, now: SystemTime) -> Value {
        let timestamp = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let names: Vec<_> = self.dimensions.iter().map(|(name, _)| *name).collect();
        let metrics: Vec<_> = self.values.iter().map(|(n, unit, _)| json!({"Name": n, "Unit": unit.name()})).collect();
        let mut line = Map::new();
        line.insert(
            "_aws".to_owned(),
            json!({
                "Timestamp": u64::try_from(timestamp).unwrap_or(u64::MAX),
                "CloudWatchMetrics": [{"Namespace": self.namespace, "Dimensions": [names], "Metrics": metrics}],
            }),
        );
        line.extend(self.dimensions.iter().map(|(name, value)| ((*name).to_owned(), json!(value))));
        line.extend(self.values.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value))));
        Value::Object(line)
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_line_is_what_cloudwatch_extracts_metrics_from() {
        let metrics = Metrics::new("NatFailover").dimension("Pool", "prod").value("RoutesMoved", Unit::Count, 4);
        assert_eq!(
            metrics.line(UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)),
            json!({
                "_aws": {
                    "Timestamp": 1_700_000_000_123_u64,
                    "CloudWatchMetrics": [{
                        "Namespace": "NatFailover",
                        "Dimensions": [["Pool"]],
                        "Metrics": [{"Name": "RoutesMoved", "Unit": "Count"}],
                    }],
                },
                "Pool": "prod",
                "RoutesMoved": 4,
            })
        );
    }
}
