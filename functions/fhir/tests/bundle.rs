//! Batches and transactions, each through the handler.

mod common;

use common::Server;
use serde_json::{Value, json};

/// Synthea's Bundles, where this machine has them: name and text, the ones that the others refer to first.
fn synthea() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/fhir/synthea");
    let Ok(files) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let mut text = Vec::new();
        let file = std::fs::File::open(path).unwrap();
        std::io::copy(&mut bzip2_rs::DecoderReader::new(file), &mut text).unwrap();
        (path.file_name().unwrap().to_string_lossy().into_owned(), text)
    };
    paths.iter().map(read).collect()
}

fn statuses(answer: &common::Answer) -> Vec<String> {
    let json = answer.json();
    let entries = json["entry"].as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["response"]["status"].as_str().unwrap().to_owned()).collect()
}

fn transaction(entries: &Value) -> Value {
    json!({"resourceType": "Bundle", "type": "transaction", "entry": entries})
}

fn batch(entries: &Value) -> Value {
    json!({"resourceType": "Bundle", "type": "batch", "entry": entries})
}

#[tokio::test]
async fn synthea_goes_in_whole() {
    let server = Server::start().await;
    for (name, text) in synthea() {
        let count = serde_json::from_slice::<Value>(&text).unwrap()["entry"].as_array().unwrap().len();
        let began = std::time::Instant::now();
        let answer = server.send("POST /", &[("content-type", "application/fhir+json")], &text).await;
        let took = began.elapsed();
        let statuses = statuses(&answer);
        eprintln!(
            "{name}: {count} entries, {} bytes, {took:?}, {} {}",
            text.len(),
            answer.status,
            &answer.text[..answer.text.len().min(300)]
        );
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(statuses.len(), count, "{name}");
        assert!(statuses.iter().all(|status| status == "201 Created"), "{name}");
    }
}
