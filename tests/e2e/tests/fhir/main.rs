//! fhir end to end: clients send requests to the API of the template that ships, and the real binary answers them under
//! Lambda's runtime, held to its role, on DynamoDB and S3.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests"
)]

mod access;
mod bodies;
mod budgets;
mod crashes;
mod edges;
mod once;
mod privileges;
mod secrecy;
mod throttling;
mod work;

use std::sync::OnceLock;

use e2e::Result;
use e2e::fhir::Fhir;
use local_aws::{Answer, LocalAws};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

/// One runtime for all tests: the local AWS, which they share, lives in it.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap())
}

/// Runs a test in a world of its own.
fn within(parameters: &[(&str, &str)], test: impl AsyncFnOnce(&Fhir) -> Result<()>) {
    runtime().block_on(async {
        let aws = LocalAws::shared().await.unwrap();
        let fhir = Fhir::new(aws, parameters).await.unwrap();
        test(&fhir).await.unwrap_or_else(|error| panic!("{error}\n{}", fhir.account.calls().story()));
    });
}

/// The JSON of an answer with that status.
fn json(answer: &Answer, status: u16) -> Value {
    let text = String::from_utf8_lossy(answer.body());
    assert_eq!(answer.status(), status, "{text}");
    answer.json().unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The resources of a page.
fn resources(page: &Value) -> Vec<&Value> {
    page["entry"].as_array().into_iter().flatten().map(|entry| &entry["resource"]).collect()
}

/// What is after the server's URL: `Patient/1` of its location.
fn of_location(fhir: &Fhir, answer: &Answer) -> String {
    let location = answer.header("location").expect("it says where the resource is");
    let path = location.strip_prefix(&format!("{}/", base(fhir))).unwrap_or_else(|| panic!("{location}"));
    path.split("/_history").next().unwrap().to_owned()
}

/// The server's URL as the function sees it, which has the event's domain name.
fn base(fhir: &Fhir) -> String {
    let host = fhir.base.split("://").nth(1).unwrap();
    let (host, path) = host.split_once('/').unwrap_or((host, ""));
    let (id, domain) = host.split_once('.').unwrap();
    let service = domain.split('.').next().unwrap();
    format!("https://{id}.{service}.localhost/{path}").trim_end_matches('/').to_owned()
}
