//! `PutRecord` and `PutRecordBatch`: the limits, and what each record is answered.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::configuration;
use super::refusal::Refusal;
use super::stream::Record;
use crate::account::Account;
use crate::random::uuid;
use crate::ssm::time;
use crate::wire::ServiceError;

/// Records of a call.
const RECORDS: usize = 500;
/// Bytes of a record.
const RECORD: usize = 1_024_000;
/// Bytes of a call's records, decoded.
const CALL: usize = 4 * 1024 * 1024;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    delivery_stream_name: Option<String>,
    record: Option<InputRecord>,
    records: Option<Vec<InputRecord>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InputRecord {
    data: Option<String>,
}

/// Takes the records, or those that no fault refuses, or none if the call is bad.
pub(super) async fn put(
    account: &Account,
    action: &str,
    body: &[u8],
    refusals: &[Refusal],
) -> Result<Value, ServiceError> {
    let batch = action == "PutRecordBatch";
    let (name, records) = read(batch, body)?;
    let configuration = configuration::read(account, &name).await?;
    let encrypted = configuration.encrypted;
    let arrived = time::now();
    let (mut taken, mut answers, mut failed) = (Vec::new(), Vec::new(), 0_usize);
    for (number, data) in records.into_iter().enumerate() {
        let id = uuid();
        let refusal = refusals.iter().find(|refusal| batch && refusal.is_about(number));
        answers.push(entry(&id, refusal));
        match refusal {
            Some(_) => failed += 1,
            None => taken.push(Record { data, arrived }),
        }
    }
    account.state.firehose.stream(&name).take(account, configuration, taken);
    if batch {
        return Ok(json!({"FailedPutCount": failed, "Encrypted": encrypted, "RequestResponses": answers}));
    }
    let id = answers.pop().and_then(|mut answer| answer.get_mut("RecordId").map(Value::take));
    Ok(json!({"RecordId": id, "Encrypted": encrypted}))
}

fn entry(id: &str, refusal: Option<&Refusal>) -> Value {
    match refusal {
        None => json!({"RecordId": id}),
        Some(Refusal { code, with_ids: false, .. }) => json!({"ErrorCode": code, "ErrorMessage": message(code)}),
        Some(Refusal { code, .. }) => json!({"RecordId": id, "ErrorCode": code, "ErrorMessage": message(code)}),
    }
}

fn message(code: &str) -> &'static str {
    if code == "ServiceUnavailableException" { "Slow down." } else { "Internal service failure." }
}

/// The stream's name and the decoded records.
fn read(batch: bool, body: &[u8]) -> Result<(String, Vec<Bytes>), ServiceError> {
    let input: Input = serde_json::from_slice(body)
        .map_err(|error| ServiceError::new(400, "SerializationException", error.to_string()))?;
    let name = input.delivery_stream_name.ok_or_else(|| invalid("null", "deliveryStreamName", "not be null"))?;
    let records = if batch {
        input.records.ok_or_else(|| invalid("null", "records", "not be null"))?
    } else {
        vec![input.record.ok_or_else(|| invalid("null", "record", "not be null"))?]
    };
    if records.is_empty() {
        return Err(invalid("'[]'", "records", "have length greater than or equal to 1"));
    }
    let place = |number| if batch { format!("records.{}.member.data", number + 1) } else { "record.data".to_owned() };
    let decoded: Vec<Bytes> =
        records.iter().enumerate().map(|(number, record)| decode(record, &place(number))).collect::<Result<_, _>>()?;
    if decoded.len() > RECORDS {
        return Err(invalid("'[...]'", "records", &format!("have length less than or equal to {RECORDS}")));
    }
    if let Some((number, data)) = decoded.iter().enumerate().find(|(_, data)| data.len() > RECORD) {
        let value = format!("'java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]'", data.len());
        return Err(invalid(&value, &place(number), &format!("have length less than or equal to {RECORD}")));
    }
    if decoded.iter().map(Bytes::len).sum::<usize>() > CALL {
        return Err(ServiceError::new(400, "InvalidArgumentException", "Records size exceeds 4 MB limit"));
    }
    Ok((name, decoded))
}

fn decode(record: &InputRecord, place: &str) -> Result<Bytes, ServiceError> {
    let data = record.data.as_deref().ok_or_else(|| invalid("null", place, "not be null"))?;
    let decoded = STANDARD
        .decode(data)
        .map_err(|error| ServiceError::new(400, "SerializationException", format!("{place} is no base64: {error}")))?;
    Ok(decoded.into())
}

/// A constraint of the API's model that does not hold, in the words of AWS's front.
fn invalid(value: &str, place: &str, must: &str) -> ServiceError {
    let message = format!(
        "1 validation error detected: Value {value} at '{place}' failed to satisfy constraint: Member must {must}"
    );
    ServiceError::new(400, "ValidationException", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(lengths: &[usize]) -> Result<usize, (String, String)> {
        let data = |length: &usize| json!({"Data": STANDARD.encode(vec![b'x'; *length])});
        let records: Vec<Value> = lengths.iter().map(data).collect();
        let body = json!({"DeliveryStreamName": "s", "Records": records}).to_string();
        let read = read(true, body.as_bytes());
        read.map(|(_, records)| records.len()).map_err(|error| (error.code, error.message))
    }

    #[test]
    fn the_limits_are_aws_s() {
        assert_eq!(batch(&[1; RECORDS]), Ok(RECORDS));
        assert_eq!(batch(&[RECORD, RECORD, RECORD, RECORD, CALL - 4 * RECORD]), Ok(5));
        let table: [(&[usize], &str, &str); 4] = [
            (&[], "ValidationException", "greater than or equal to 1"),
            (&[1; RECORDS + 1], "ValidationException", "less than or equal to 500"),
            (&[1, RECORD + 1], "ValidationException", "'records.2.member.data'"),
            (&[RECORD, RECORD, RECORD, RECORD, CALL - 4 * RECORD + 1], "InvalidArgumentException", "4 MB"),
        ];
        for (lengths, expected, part) in table {
            let (code, message) = batch(lengths).unwrap_err();
            assert_eq!(code, expected);
            assert!(message.contains(part), "{message}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let table = [
            (r#"{"DeliveryStreamName":"s","Records":[{"Data":"eA=="},{"Data":"%"}]}"#, "SerializationException"),
            (r#"{"DeliveryStreamName":"s","Records":[{"Data":"eA"}]}"#, "SerializationException"),
            (r#"{"DeliveryStreamName":"s","Records":{}}"#, "SerializationException"),
            (r#"{"DeliveryStreamName":"s","Records":[{}]}"#, "ValidationException"),
            (r#"{"DeliveryStreamName":"s"}"#, "ValidationException"),
            (r#"{"Records":[]}"#, "ValidationException"),
        ];
        for (body, code) in table {
            assert_eq!(read(true, body.as_bytes()).unwrap_err().code, code, "{body}");
        }
    }
}
