//! Firehose's stand-in, on the stack of iot-firehose's template, which ships: limits, partial failure, objects in the lake.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use local_aws::{Account, Deploy, Error, Fault, Function, LakeObject, LocalAws, Result, Stack};
use serde_json::{Value, json};

struct Lake {
    account: Account,
    stack: Stack,
    stream: String,
}

impl Lake {
    async fn deployed(parameters: &[(&str, &str)]) -> Result<Self> {
        let account = LocalAws::shared().await?.account();
        let template = Deploy::template("functions/iot-firehose/template.yaml")
            .bootstrap("IotFirehoseFunction", "tests/local-aws/tests/fixtures/caller");
        let deploy = parameters.iter().fold(template, |deploy, (name, value)| deploy.parameter(name, value));
        let stack = account.deploy(deploy).await?;
        let stream = stack.resource("DeliveryStream")?.physical_id.clone();
        Ok(Self { account, stack, stream })
    }

    fn function(&self) -> Result<&Function> {
        self.stack.function("IotFirehoseFunction")
    }

    fn batch(&self, records: &[&str]) -> Value {
        let records: Vec<_> = records.iter().map(|record| json!({"Data": STANDARD.encode(record)})).collect();
        json!({"DeliveryStreamName": self.stream, "Records": records})
    }

    /// What the function is answered when it puts these records.
    async fn put(&self, records: &[&str]) -> Result<Value> {
        let target = "Firehose_20150804.PutRecordBatch";
        let call = json!({"service": "firehose", "target": target, "parameters": self.batch(records)});
        let invocation = self.function()?.invoke(&json!({"steps": [[call]]})).await?;
        Ok(invocation.result.unwrap_or_default()["answers"][0].clone())
    }

    /// The error of the same call made by the test.
    async fn refused(&self, operation: &str, body: &Value) -> (u16, String) {
        let target = format!("Firehose_20150804.{operation}");
        match self.account.control_json("firehose", &target, body).await {
            Err(Error::Control { status, code, .. }) => (status, code),
            other => panic!("it should be refused: {other:?}"),
        }
    }

    async fn objects(&self, prefix: &str) -> Result<Vec<LakeObject>> {
        self.account.objects(&self.stack.resource("Lake")?.physical_id, prefix).await
    }
}

#[tokio::test]
async fn records_become_one_compressed_object_of_their_day() -> Result<()> {
    let lake = Lake::deployed(&[]).await?;
    let put = lake.put(&["{\"a\":1}\n{\"a\":2}\n", "{\"a\":3}\n"]).await?;
    assert_eq!(put.pointer("/json/FailedPutCount"), Some(&json!(0)), "{put}");
    assert!(put.pointer("/json/RequestResponses/1/RecordId").is_some_and(Value::is_string), "{put}");
    let record = json!({"DeliveryStreamName": lake.stream, "Record": {"Data": STANDARD.encode("{\"a\":4}")}});
    let one = lake.account.control_json("firehose", "Firehose_20150804.PutRecord", &record).await?.json()?;
    assert!(one["RecordId"].is_string() && one["Encrypted"].is_boolean(), "{one}");
    assert_eq!(lake.objects("").await?, [], "gathered, not delivered");

    lake.account.flush_firehose().await?;
    lake.account.flush_firehose().await?; // nothing is left
    let objects = lake.objects("readings/").await?;
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0].text(), "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}", "as they came");
    assert_eq!(objects[0].rows().await?.len(), 4);
    let (day, name) = objects[0].key.strip_prefix("readings/day=").and_then(|key| key.split_once('/')).unwrap();
    let (before, uuid) = name.strip_suffix(".gz").unwrap().split_at(name.len() - 3 - 36);
    assert!(before.starts_with(&format!("{}-1-{day}-", lake.stream)), "{name}");
    assert_eq!((day.len(), uuid.matches('-').count(), before.len()), (10, 4, lake.stream.len() + 23), "{name}");
    Ok(())
}

#[tokio::test]
async fn a_part_of_a_call_fails_and_the_rest_is_taken() -> Result<()> {
    let lake = Lake::deployed(&[]).await?;
    lake.account.inject(Fault::refuse_records(&[1, 4], "ServiceUnavailableException").nth(1));
    let every = Fault::refuse_every_nth_record(2, "InternalFailure").with_record_ids();
    lake.account.inject(every.function("IotFirehoseFunction").nth(2));

    let first = lake.put(&["0", "1", "2", "3", "4"]).await?["json"].clone();
    assert_eq!(first["FailedPutCount"], 2);
    let answers = first["RequestResponses"].as_array().unwrap();
    let codes: Vec<_> = answers.iter().map(|answer| answer["ErrorCode"].as_str()).collect();
    let code = Some("ServiceUnavailableException");
    assert_eq!(codes, [None, code, None, None, code]);
    assert!(answers.iter().all(|answer| answer["RecordId"].is_null() != answer["ErrorCode"].is_null()));

    let second = lake.put(&["5", "6", "7"]).await?["json"].clone();
    assert_eq!(
        (&second["FailedPutCount"], &second["RequestResponses"][1]["ErrorCode"]),
        (&json!(1), &json!("InternalFailure"))
    );
    assert!(second["RequestResponses"][1]["RecordId"].is_string(), "with both: {second}");
    assert_eq!(lake.put(&["8"]).await?["json"]["FailedPutCount"], 0);

    lake.account.flush_firehose().await?;
    assert_eq!(lake.objects("readings/").await?[0].text(), "023578");
    let calls = lake.account.calls().of("firehose:PutRecordBatch");
    let refused: Vec<_> = calls.iter().map(|call| call.faults.contains(&"refuse-records")).collect();
    assert_eq!(refused, [true, true, false]);
    Ok(())
}

#[tokio::test]
async fn a_bad_call_is_refused_as_a_whole() -> Result<()> {
    let lake = Lake::deployed(&[]).await?;
    let big = "x".repeat(1_024_001);
    let full = "x".repeat(1_024_000);
    let batch = |records: &[&str]| lake.batch(records);
    let mut not_base64 = batch(&["a", "b"]);
    not_base64["Records"][1]["Data"] = json!("%");
    let stranger = json!({"DeliveryStreamName": "nobody", "Records": [{"Data": "eA=="}]});
    let single = json!({"DeliveryStreamName": lake.stream, "Record": {"Data": STANDARD.encode(&big)}});
    let table = [
        ("PutRecordBatch", batch(&[]), "ValidationException"),
        ("PutRecordBatch", batch(&["x"; 501]), "ValidationException"),
        ("PutRecordBatch", batch(&["x", &big]), "ValidationException"),
        ("PutRecordBatch", batch(&[&full, &full, &full, &full, &full]), "InvalidArgumentException"),
        ("PutRecordBatch", not_base64, "SerializationException"),
        ("PutRecordBatch", stranger, "ResourceNotFoundException"),
        ("PutRecord", single, "ValidationException"),
    ];
    for (operation, body, code) in table {
        assert_eq!(lake.refused(operation, &body).await, (400, code.to_owned()), "{operation}");
    }
    lake.account.flush_firehose().await?;
    assert_eq!(lake.objects("").await?, []);
    Ok(())
}

#[tokio::test]
async fn an_object_is_made_by_itself_when_its_time_has_come() -> Result<()> {
    let lake = Lake::deployed(&[("BufferSeconds", "60")]).await?;
    lake.account.set_firehose_clock(300.0);
    lake.put(&["1\n"]).await?;
    let begun = std::time::Instant::now();
    while lake.objects("readings/").await?.is_empty() {
        assert!(begun.elapsed().as_secs() < 20, "nothing came");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    Ok(())
}
