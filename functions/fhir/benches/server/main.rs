//! The server's figures on this machine, through the function's handler, on embedded dynoxide: what it does in a second, its
//! own CPU time and memory, and what a search costs as the store grows. `make bench` runs it, or
//! `cargo bench -p fhir --bench server -- [load] [own] [rows] [memory] [flat [1000000]]`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark ends where something is wrong, and its output is its purpose"
)]

#[path = "../../tests/common/mod.rs"]
mod common;
mod data;
mod flat;
mod load;
mod memory;
mod own;
mod rows;
mod samples;
#[path = "../../tests/common/trace.rs"]
mod trace;
mod world;

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

const CHILD: &str = "FHIR_BENCH_CHILD";

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if std::env::var_os(CHILD).is_none() {
        return relay(&arguments);
    }
    let data = data::is_there();
    if !data {
        eprintln!("skipped but for `flat`: no Bundles of Synthea at {}", data::FOLDER);
    }
    let wanted = |part: &str| {
        let parts = || arguments.iter().filter(|argument| argument.parse::<usize>().is_err());
        parts().count() == 0 || parts().any(|argument| argument == part)
    };
    if data && ["own", "load", "rows"].into_iter().any(wanted) {
        let world = world::World::start(None);
        let synthea = data::Synthea::load(&world);
        if wanted("own") {
            own::figures(&world, &synthea);
        }
        if wanted("rows") {
            rows::figures(&world, &synthea);
        }
        if wanted("load") {
            load::figures(&world, &synthea);
        }
    }
    if data && wanted("memory") {
        memory::figures();
    }
    if wanted("flat") {
        let largest = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
        flat::figures(largest);
    }
}

/// The handler writes its metrics to standard output. What is to be read comes from a child's standard error.
fn relay(arguments: &[String]) {
    let mut child = Command::new(std::env::current_exe().unwrap());
    let mut child = child.args(arguments).env(CHILD, "1").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    for line in BufReader::new(child.stderr.take().unwrap()).lines() {
        println!("{}", line.unwrap());
    }
    assert!(child.wait().unwrap().success(), "the benchmark has failed");
}
