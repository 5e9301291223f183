//! JSON logs on standard output, a line an event, as CloudWatch Logs Insights reads them.
//!
//! Only our own crates log below `WARN`: the SDK and the HTTP stack print requests, and with them secrets, at `DEBUG`
//! and `TRACE`. `AWS_LAMBDA_LOG_LEVEL` (the template's `LoggingConfig`) sets the level of our own.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

/// The crates whose `DEBUG` and `TRACE` lines are ours, so that we answer for what they say.
const OURS: [&str; 6] = ["shared", "nat_failover", "ssh_rotation", "iot_firehose", "onboarding", "fhir"];

/// Starts logging; later calls do nothing.
pub fn init() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|name| name.parse().ok()).unwrap_or(Level::INFO);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_span_list(false);
    let _ = tracing_subscriber::registry().with(lines.with_filter(targets(level))).try_init();
}

/// What is logged at `level`. The runtime's span, at `INFO`, gives each line its request id.
fn targets(level: Level) -> Targets {
    let others = Targets::new().with_default(Level::WARN).with_target("lambda_runtime", Level::INFO);
    OURS.iter().fold(others, |targets, ours| targets.with_target(*ours, level))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_trace_only_our_own_crates_say_more() {
        let targets = targets(Level::TRACE);
        assert!(targets.would_enable("nat_failover::plan", &Level::TRACE));
        for foreign in ["aws_smithy_runtime::client", "hyper_util::client", "aws_sdk_secretsmanager", "lambda_runtime"]
        {
            assert!(!targets.would_enable(foreign, &Level::DEBUG), "{foreign}");
        }
    }
}
