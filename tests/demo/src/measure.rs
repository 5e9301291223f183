//! What an invocation cost.

use std::time::Duration;

use local_aws::{Function, Invocation};
use report::Fact;

/// The function's own time, as Lambda's runtime measured it; else the whole of what the caller waited.
pub(crate) fn own_time(invocation: &Invocation) -> Duration {
    let fields = invocation.report.iter().flat_map(|report| report.split('\t'));
    let mut own = fields.filter_map(|field| field.trim().strip_prefix("Duration: ")?.strip_suffix(" ms"));
    let ms = own.find_map(|ms| ms.parse::<f64>().ok());
    ms.map_or(invocation.duration, |ms| Duration::from_secs_f64(ms / 1000.0))
}

/// The most that the deployed function's process held; a killed one has no memory to read.
pub(crate) async fn peak_memory(function: &Function) -> Option<Fact> {
    let bytes = function.rss().await?;
    Some(Fact::new("peak memory", format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)))
}
