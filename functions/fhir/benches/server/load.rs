//! Requests per second and their times: one at a time, as Lambda gives them to a process, and eight at a time.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use lambda_runtime::LambdaEvent;
use serde_json::value::RawValue;

use crate::data::Synthea;
use crate::samples::{chance, head, milliseconds, percentile, row};
use crate::world::{World, event, send};

const READS: usize = 10_000;
const CREATES: usize = 2_000;
const SEARCHES: usize = 2_000;

/// Prints the table.
pub(crate) fn figures(world: &World, synthea: &Synthea) {
    let title = format!("Through the handler, on dynoxide in memory, {} resources of Synthea:", synthea.all.len());
    head(&title, &["requests", "at a time", "per second", "p50", "p90", "p99"]);
    let searches = synthea.searches();
    for at_once in [1, 8] {
        let reads = chance(synthea.all.len()).take(READS);
        measure(world, "read", at_once, 200, reads.map(|at| event(&format!("GET /{}", synthea.all[at]), b"")));
        let creates = chance(synthea.observations.len()).take(CREATES);
        let creates = creates.map(|at| event("POST /Observation", &synthea.observations[at]));
        measure(world, "create an Observation", at_once, 201, creates);
        let searches = chance(searches.len()).take(SEARCHES).map(|at| event(&searches[at], b""));
        measure(world, "Observation?patient=X&code=Y&_sort=-date&_count=20", at_once, 200, searches);
    }
}

fn measure(
    world: &World,
    what: &str,
    at_once: usize,
    status: u16,
    events: impl Iterator<Item = LambdaEvent<Box<RawValue>>>,
) {
    let events: Vec<_> = events.collect();
    let count = events.len();
    let began = Instant::now();
    let times = stream::iter(events).map(async |event| {
        let began = Instant::now();
        send(&world.handler, event, status).await;
        began.elapsed()
    });
    let mut times: Vec<Duration> = world.runtime.block_on(times.buffer_unordered(at_once).collect());
    #[expect(clippy::cast_precision_loss, reason = "these are thousands")]
    let per_second = count as f64 / began.elapsed().as_secs_f64();
    let times = [50, 90, 99].map(|percent| milliseconds(percentile(&mut times, percent)));
    let cells = [what.to_owned(), at_once.to_string(), format!("{per_second:.0}")];
    row(&cells.into_iter().chain(times).collect::<Vec<_>>());
}
