//! fhir's figures as a process: its start, its size, its memory. What it does in a second, what searches cost, and its memory
//! after a large Bundle are measured by `cargo bench -p fhir --bench server`.

use e2e::Result;
use local_aws::{Deploy, Function, LocalAws};
use serde_json::{Value, json};

use crate::{memory, start};

pub(crate) async fn figures(aws: &LocalAws, only_start: bool) -> Result<()> {
    let account = aws.account();
    let stack = account.deploy(Deploy::template("functions/fhir/template.yaml")).await?;
    let function = stack.function("FhirFunction")?;
    // What ships is arm64, and under 10 MB: `make arm64`.
    start(function, 11_000_000, "15 ms").await?;
    if only_start {
        return Ok(());
    }
    let patient = json!({"resourceType": "Patient", "name": [{"family": "Chalmers", "given": ["Peter"]}]}).to_string();
    answered(function, &event("POST", "/Patient", Some(&patient)), 201).await?;
    answered(function, &event("GET", "/Patient", None), 200).await?;
    memory(function, "peak memory after a create and a search", 40).await?;
    answered(function, &event("GET", "/metadata", None), 200).await?;
    memory(function, "peak memory after the CapabilityStatement", 40).await
}

async fn answered(function: &Function, event: &Value, status: u16) -> Result<()> {
    let invocation = function.invoke(event).await?;
    match &invocation.result {
        Ok(answer) if answer.get("statusCode") == Some(&json!(status)) => Ok(()),
        other => Err(format!("not as it should: {other:?}").into()),
    }
}

/// What an HTTP API sends.
fn event(method: &str, path: &str, body: Option<&str>) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
        "headers": {"content-type": "application/fhir+json", "accept-encoding": "gzip"},
        "requestContext": {
            "domainName": "fhir.example.org", "http": {"method": method, "path": path}, "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
        },
        "body": body, "isBase64Encoded": false,
    })
}
