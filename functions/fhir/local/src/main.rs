//! `make fhir`: the FHIR server at 127.0.0.1:8080 (`PORT`), in memory or in a file (`DB`).

use std::process::ExitCode;

use fhir_local::{Options, Server};
use shared::env::{Reader, boolean, text};
use tokio::signal::unix::{SignalKind, signal};
use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::prelude::*;

#[tokio::main]
#[expect(clippy::print_stderr, reason = "a program that people start says where it is, or why it does not start")]
async fn main() -> ExitCode {
    log();
    let mut env = shared::env::process();
    let options = options(&mut env);
    let started = match env.finish() {
        Ok(()) => Server::start(options.clone()).await.map_err(|error| shared::error::chain(&error)),
        Err(mistakes) => Err(mistakes.to_string()),
    };
    let server = match started {
        Ok(server) => server,
        Err(why) => {
            eprintln!("fhir-local: {why}");
            return ExitCode::FAILURE;
        }
    };
    eprintln!("{}", welcome(&server.url(), &options));
    ended().await;
    server.stop().await;
    ExitCode::SUCCESS
}

/// Ctrl-C, or a plain `kill`: the folder of a server in memory is to go with it.
async fn ended() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}

fn options<L: Fn(&str) -> Option<String>>(env: &mut Reader<L>) -> Options {
    let port = |value: &str| value.parse().map_err(|_| "is no port".to_owned());
    Options {
        port: env.or("PORT", 8080, "8080", port),
        db: env.optional("DB", "fhir.db", text).map(Into::into),
        archive: env.or("ARCHIVE", false, "true", boolean),
    }
}

/// Lines of JSON on standard error; `LOG=info` says more of what is ours. Others would print requests, and what they hold.
fn log() {
    let level = std::env::var("LOG").ok().and_then(|name| name.parse().ok()).unwrap_or(Level::WARN);
    let ours = ["fhir", "shared"].map(|name| (name, level)); // a prefix: fhir_local, fhir_model
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
    tracing_subscriber::registry()
        .with(lines.with_filter(Targets::new().with_default(Level::WARN).with_targets(ours)))
        .init();
}

fn welcome(url: &str, options: &Options) -> String {
    let kept = options.db.as_ref().map_or_else(|| "memory".to_owned(), |db| db.display().to_string());
    format!(
        "FHIR R4 at {url} (data in {kept}; Ctrl-C ends it)\n  \
         curl {url}/metadata\n  \
         curl {url}/Patient -H 'Content-Type: application/fhir+json' \
         -d '{{\"resourceType\":\"Patient\",\"name\":[{{\"family\":\"Chalmers\",\"given\":[\"Peter\"]}}]}}'\n  \
         curl '{url}/Patient?name=chalmers&_pretty=true'"
    )
}
