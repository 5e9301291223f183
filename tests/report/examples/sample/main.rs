//! `cargo run -p report --example sample -- out.html`: the renderings of a made-up report, to look at.
#![expect(clippy::indexing_slicing, reason = "the sample's own data")]

mod data;

use std::path::PathBuf;

use report::Narrator;

fn main() -> std::io::Result<()> {
    let out = std::env::args_os().nth(1).map(PathBuf::from);
    let report = data::report();
    let mut narrator = Narrator::stdout();
    let mut task = narrator.start("building the functions");
    task.note("nat-failover");
    task.done();
    narrator.start("starting the local AWS").failed("port 4566 is taken");
    for chapter in &report.chapters {
        narrator.chapter(&chapter.system, &chapter.lead);
        chapter.scenarios.iter().zip(1..).for_each(|(scenario, number)| narrator.scenario(number, scenario));
    }
    if let Some(out) = &out {
        std::fs::write(out, report.html())?;
    }
    narrator.closing(&report, out.as_deref());
    Ok(())
}
