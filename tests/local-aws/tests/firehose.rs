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
        let payload = invocation.result.unwrap_or_default();
        Ok(payload.pointer("/answers/0").cloned().unwrap_or_default())
    }

    /// The error of the same call made by the test.
    async fn refused(&self, operation: &str, body: &Value) -> Option<(u16, String)> {
        let target = format!("Firehose_20150804.{operation}");
        match self.account.control_json("firehose", &target, body).await {
            Err(Error::Control { status, code, .. }) => Some((status, code)),
            _ => None,
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
    assert!(one["RecordId"].is_string() && one["Encrypted"] == true, "{one}");
    assert_eq!(lake.objects("").await?, [], "gathered, not delivered");

    lake.account.flush_firehose().await?;
    lake.account.flush_firehose().await?; // nothing is left
    let objects = lake.objects("readings/").await?;
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0].text(), "{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n{\"a\":4}", "as they came");
    assert_eq!(objects[0].rows().await?.len(), 4);
    let (day, name) = objects[0].key.strip_prefix("readings/json/day=").and_then(|key| key.split_once('/')).unwrap();
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
        assert_eq!(lake.refused(operation, &body).await, Some((400, code.to_owned())), "{operation} {code}");
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

#[tokio::test]
async fn json_becomes_parquet_by_the_table() -> Result<()> {
    let lake = Lake::deployed(&[("LakeFormat", "parquet"), ("SensorValueType", "bigint")]).await?;
    let lines =
        "{\"time\":\"2026-11-22T01:02:03Z\",\"sensor_value\":1,\"more\":true}\n{\"Sensor_Value\":2,\"uptime_ms\":5}";
    let bad = ["{\"sensor_value\":\"warm\"}", "[{\"sensor_value\":3}]", "{\"sensor_value\":4}{", " "];
    lake.put(&[lines, bad[0], bad[1], bad[2], "{\"id\":5}{\"id\":\"six\"}", bad[3]]).await?;
    lake.account.flush_firehose().await?;

    let objects = lake.objects("readings/parquet/day=").await?;
    assert_eq!(objects.len(), 1);
    assert!(objects[0].key.ends_with(".parquet") && objects[0].body.starts_with(b"PAR1"), "{}", objects[0].key);
    let row = |time: Value, value: Value, uptime: Value, id: Value| json!({"time": time, "sensor_value": value, "uptime_ms": uptime, "id": id});
    let no = Value::Null;
    let expected = [
        row(json!("2026-11-22T01:02:03Z"), json!(1), no.clone(), no.clone()),
        row(no.clone(), json!(2), json!(5.0), no.clone()),
        row(no.clone(), no.clone(), no.clone(), json!("5")),
        row(no.clone(), no.clone(), no.clone(), json!("six")),
    ];
    assert_eq!(objects[0].rows().await?, expected);

    let failed = lake.objects("errors/format-conversion-failed/day=").await?;
    assert_eq!(failed.len(), 1);
    let failed = failed[0].rows().await?;
    let raw: Vec<_> =
        failed.iter().map(|record| STANDARD.decode(record["rawData"].as_str().unwrap()).unwrap()).collect();
    assert_eq!(raw, bad.map(|record| record.as_bytes().to_vec()));
    let code = |code: &str| json!(format!("DataFormatConversion.{code}"));
    let codes: Vec<_> = failed.iter().map(|record| record["ErrorCode"].clone()).collect();
    assert_eq!(codes, [code("MalformedData"), code("MalformedData"), code("ParseError"), code("MalformedData")]);
    let record = &failed[0];
    assert!(record["attemptEndingTimestamp"].as_i64() >= record["arrivalTimestamp"].as_i64(), "{record}");
    assert_eq!((&record["attemptsMade"], &record["dataCatalogTable"]["tableName"]), (&json!(1), &json!("readings")));
    Ok(())
}

#[tokio::test]
async fn the_stream_delivers_by_its_own_role_and_keeps_what_it_may_not() -> Result<()> {
    let lake = Lake::deployed(&[]).await?;
    let role = lake.stack.resource("DeliveryRole")?.physical_id.clone();
    let named = [("RoleName", role.as_str()), ("PolicyName", "deliver")];
    lake.account.control("iam", "DeleteRolePolicy", &named).await?;
    lake.put(&["1"]).await?;
    let denied = lake.account.flush_firehose().await.unwrap_err();
    assert!(matches!(&denied, Error::Delivery { reason, .. } if reason.contains("s3:PutObject")), "{denied:?}");
    assert_eq!(lake.objects("").await?, []);

    let statement = json!({"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::*/readings/*"});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    let policy = [named[0], named[1], ("PolicyDocument", document.as_str())];
    lake.account.control("iam", "PutRolePolicy", &policy).await?;
    lake.account.flush_firehose().await?;
    assert_eq!(lake.objects("readings/").await?[0].text(), "1");
    Ok(())
}

#[tokio::test]
async fn a_full_buffer_is_delivered_without_a_flush() -> Result<()> {
    let lake = Lake::deployed(&[]).await?;
    let bucket = format!("arn:aws:s3:::{}", lake.stack.resource("Lake")?.physical_id);
    let role = format!("arn:aws:iam::{}:role/{}", lake.account.id(), lake.stack.resource("DeliveryRole")?.physical_id);
    let hints = json!({"SizeInMBs": 1, "IntervalInSeconds": 900});
    let s3 = json!({"BucketARN": bucket, "RoleARN": role, "Prefix": "readings/small/", "BufferingHints": hints});
    let stream = json!({"DeliveryStreamName": "small", "ExtendedS3DestinationConfiguration": s3});
    lake.account.control_json("firehose", "Firehose_20150804.CreateDeliveryStream", &stream).await?;

    let mut batch = lake.batch(&["x".repeat(600_000).as_str(), "y".repeat(600_000).as_str(), "z"]);
    batch["DeliveryStreamName"] = json!("small");
    lake.account.control_json("firehose", "Firehose_20150804.PutRecordBatch", &batch).await?;
    let lengths = async || -> Result<Vec<usize>> {
        Ok(lake.objects("readings/small/20").await?.iter().map(|object| object.body.len()).collect())
    };
    let begun = std::time::Instant::now();
    while lengths().await?.is_empty() {
        assert!(begun.elapsed().as_secs() < 20, "nothing came");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(lengths().await?, [1_200_000]);
    lake.account.flush_firehose().await?;
    assert_eq!(lengths().await?.iter().sum::<usize>(), 1_200_001);

    let call = json!({"service": "firehose", "target": "Firehose_20150804.PutRecordBatch", "parameters": batch});
    let denied = lake.function()?.invoke(&json!({"steps": [[call]]})).await?.result.unwrap();
    assert_eq!(denied["answers"][0]["code"], "AccessDeniedException", "the function's role is for the stack's stream");
    Ok(())
}
