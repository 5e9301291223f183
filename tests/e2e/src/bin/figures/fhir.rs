//! fhir's figures as a process: its start, its size, its memory. What the server does in a second, and what searches cost,
//! is measured by `cargo bench -p fhir --bench server`.

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use e2e::Result;
use flate2::Compression;
use flate2::write::GzEncoder;
use local_aws::{Deploy, Function, LocalAws};
use serde_json::{Value, json};

use crate::{bytes_to_mb, figure, memory, start};

/// Synthea's Bundles, of which the largest has 3,177 entries and 6.4 MB; it refers to the other two.
const SYNTHEA: &str = "../shared/data/fhir/synthea";
const BUNDLE: &str = "4b86befa-fa7e-9285-615f-e081dab3f93c";
const BEFORE: [&str; 2] = ["0-hospitalInformation1625911868739", "0-practitionerInformation1625911868739"];
/// The emulators take longer than AWS and the timeout of 29 s: each of its calls is authorized and written down.
const TIME: Duration = Duration::from_mins(15);

pub(crate) async fn figures(aws: &LocalAws, only_start: bool) -> Result<()> {
    let account = aws.account();
    let stack = account.deploy(Deploy::template("functions/fhir/template.yaml")).await?;
    let function = stack.function("FhirFunction")?.with_timeout(TIME);
    start(&function, 10_000_000, "15 ms").await?;
    if only_start {
        return Ok(());
    }
    function.restart().await;
    let patient = json!({"resourceType": "Patient", "name": [{"family": "Chalmers", "given": ["Peter"]}]}).to_string();
    answered(&function, &event("POST", "/Patient", patient.as_bytes(), false)?, 201).await?;
    answered(&function, &event("GET", "/Patient", b"", false)?, 200).await?;
    memory(&function, "memory after a create and a search", 40).await?;
    answered(&function, &event("GET", "/metadata", b"", false)?, 200).await?;
    memory(&function, "peak memory after the CapabilityStatement", 40).await?;
    if !Path::new(SYNTHEA).exists() {
        figure("peak memory after a Bundle", &format!("{SYNTHEA} is not there"), "120 MB");
        return Ok(());
    }
    for name in BEFORE {
        answered(&function, &event("POST", "/", &synthea(name)?, true)?, 200).await?;
    }
    let text = synthea(BUNDLE)?;
    bundle(&function, "gzipped", &text, true).await?;
    // Without the white space it fits an event as it is, quotation marks escaped.
    let compact = serde_json::from_slice::<Value>(&text)?.to_string();
    bundle(&function, "as text", compact.as_bytes(), false).await
}

fn synthea(name: &str) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    let file = std::fs::File::open(format!("{SYNTHEA}/{name}.json.bz2"))?;
    bzip2_rs::DecoderReader::new(file).read_to_end(&mut text)?;
    Ok(text)
}

/// Memory of a new process after one transaction, and its CPU time.
async fn bundle(function: &Function, how: &str, text: &[u8], gzipped: bool) -> Result<()> {
    let event = event("POST", "/", text, gzipped)?;
    let bytes = event.to_string().len();
    function.restart().await;
    answered(function, &self::event("GET", "/Patient/1", b"", false)?, 404).await?;
    let before = function.cpu_time().await.ok_or("the function has no process")?;
    answered(function, &event, 200).await?;
    let after = function.cpu_time().await.ok_or("the function has no process")?;
    let megabytes = bytes_to_mb(u64::try_from(text.len())?);
    let what = format!("a transaction of 3,177 entries and {megabytes:.1} MB, {how}, an event of {bytes} bytes");
    memory(function, &format!("peak memory after {what}"), 120).await?;
    figure(&format!("own CPU time for {what}"), &format!("{:.1} s", after.saturating_sub(before).as_secs_f64()), "");
    Ok(())
}

async fn answered(function: &Function, event: &Value, status: u16) -> Result<()> {
    let invocation = function.invoke(event).await?;
    match &invocation.result {
        Ok(answer) if answer.get("statusCode") == Some(&json!(status)) => Ok(()),
        other => {
            Err(format!("not as it should: {}", format!("{other:?}").chars().take(500).collect::<String>()).into())
        }
    }
}

/// What an HTTP API sends.
fn event(method: &str, path: &str, body: &[u8], gzipped: bool) -> Result<Value> {
    let mut headers = json!({"content-type": "application/fhir+json", "accept-encoding": "gzip"});
    let body = if gzipped {
        headers =
            json!({"content-type": "application/fhir+json", "content-encoding": "gzip", "accept-encoding": "gzip"});
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(body)?;
        STANDARD.encode(gzip.finish()?)
    } else {
        String::from_utf8(body.to_vec())?
    };
    Ok(json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "", "headers": headers,
        "requestContext": {
            "domainName": "fhir.example.org", "http": {"method": method, "path": path}, "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
        },
        "body": if body.is_empty() { Value::Null } else { Value::String(body) }, "isBase64Encoded": gzipped,
    }))
}
