//! `make demo`: the real function binaries on the local AWS, scenario by scenario, told in the terminal and drawn in one
//! HTML page. Whatever is shown was read from the world, and each promise was checked on it.
//!
//! The page goes to `report/index.html`, or to the path given; chapters named after it are played alone. The exit status says
//! whether every promise held.

mod fhir;
mod iot;
mod logs;
mod machine;
mod measure;
mod names;
mod nat;
mod onboarding;
mod ssh;
mod stage;
mod steps;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use e2e::Result;
use local_aws::LocalAws;
use report::{Narrator, Report};
use stage::Stage;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let page = arguments.next().map_or_else(default_page, PathBuf::from);
    let chapters: Vec<OsString> = arguments.collect();
    match run(&page, &chapters).await {
        Ok(report) if report.all_held() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("\nthe demo ended early: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(page: &Path, chapters: &[OsString]) -> Result<Report> {
    let plays = |system: &str| chapters.is_empty() || chapters.iter().any(|chapter| chapter == system);
    let mut narrator = Narrator::stdout();
    let starting = narrator.start("starting the local AWS: a gateway and its emulators");
    let aws = LocalAws::start().await?;
    starting.done();
    let mut stage = Stage::new(narrator, aws);
    if plays("nat-failover") {
        nat::play(&mut stage).await?;
    }
    if plays("ssh-rotation") {
        ssh::play(&mut stage).await?;
    }
    if plays("iot-firehose") {
        iot::play(&mut stage).await?;
    }
    if plays("onboarding") {
        onboarding::play(&mut stage).await?;
    }
    if plays("fhir") {
        fhir::play(&mut stage).await?;
    }
    let (mut narrator, report) = stage.finish();
    write(&report, page)?;
    narrator.closing(&report, Some(page));
    Ok(report)
}

fn default_page() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    root.unwrap_or(Path::new(".")).join("report/index.html")
}

fn write(report: &Report, page: &Path) -> Result<()> {
    let told = |error: std::io::Error| format!("{}: {error}", page.display());
    if let Some(folder) = page.parent() {
        std::fs::create_dir_all(folder).map_err(told)?;
    }
    Ok(std::fs::write(page, report.html()).map_err(told)?)
}
