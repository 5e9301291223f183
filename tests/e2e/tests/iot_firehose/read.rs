//! What the function sent and answered, read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local_aws::Call;
use serde_json::Value;

/// The text of base64.
pub(crate) fn decoded(base64: &Value) -> String {
    String::from_utf8(STANDARD.decode(base64.as_str().unwrap()).unwrap()).unwrap()
}

/// The records of a `PutRecordBatch`, each the ids of its lines.
pub(crate) fn sent(call: &Call) -> Vec<Vec<String>> {
    let records: Vec<Value> = serde_json::from_str(call.parameter("Records").unwrap()).unwrap();
    let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].as_str().unwrap().to_owned();
    records.iter().map(|record| decoded(&record["Data"]).lines().map(id).collect()).collect()
}
