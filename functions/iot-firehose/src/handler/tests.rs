//! The handler over a stream and a quarantine in memory.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use aws_sdk_firehose::error::SdkError;
use aws_sdk_firehose::operation::put_record_batch::PutRecordBatchError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_runtime::Context;
use shared::aws::AwsError;
use shared::env::Reader;

use super::*;

/// What the next calls answer; afterwards all records are taken.
enum Answer {
    /// Records whose text contains this are refused.
    Refuse(&'static str),
    /// The records are taken, and the answer speaks of none.
    Silence,
    /// The call fails: worth trying again or not.
    Fail { retryable: bool },
}

#[derive(Default)]
struct World {
    answers: RefCell<Vec<Answer>>,
    calls: Cell<usize>,
    delivered: RefCell<Vec<String>>,
    quarantined: RefCell<BTreeMap<String, String>>,
    quarantine_refuses: Cell<bool>,
    quarantine_hangs: Cell<bool>,
}

fn error(retryable: bool) -> AwsError {
    let error = if retryable { SdkError::timeout_error("lost") } else { SdkError::construction_failure("denied") };
    AwsError::new("PutRecordBatch", error as SdkError<PutRecordBatchError, _>)
}

impl Stream for &World {
    async fn put(&self, records: &[&[u8]]) -> Result<Vec<Option<String>>, AwsError> {
        self.calls.set(self.calls.get() + 1);
        let answer = self.answers.borrow_mut().pop();
        if let Some(Answer::Fail { retryable }) = answer {
            return Err(error(retryable));
        }
        if matches!(answer, Some(Answer::Silence)) {
            return Ok(Vec::new());
        }
        let mut codes = Vec::new();
        for record in records {
            let text = std::str::from_utf8(record).unwrap();
            let refused = matches!(answer, Some(Answer::Refuse(part)) if text.contains(part));
            if !refused {
                self.delivered.borrow_mut().extend(text.lines().map(str::to_owned));
            }
            codes.push(refused.then(|| "ServiceUnavailableException".to_owned()));
        }
        Ok(codes)
    }
}

impl Quarantine for &World {
    async fn store(&self, key: &str, body: Vec<u8>) -> Result<(), AwsError> {
        if self.quarantine_hangs.get() {
            std::future::pending::<()>().await;
        }
        if self.quarantine_refuses.get() {
            return Err(error(false));
        }
        self.quarantined.borrow_mut().insert(key.to_owned(), String::from_utf8(body).unwrap());
        Ok(())
    }
}

fn config() -> Config {
    let vars = [("DELIVERY_STREAM_NAME", "s"), ("QUARANTINE_BUCKET", "bucket")];
    let mut env = Reader::new(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()));
    Config::read(&mut env, |_| Err(std::io::ErrorKind::NotFound.into())).unwrap()
}

async fn handle(world: &World, event: &Value) -> Result<Value, String> {
    let payload = serde_json::value::to_raw_value(event).unwrap();
    let mut context = Context::default();
    context.request_id = "r-1".to_owned();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    context.deadline = u64::try_from(now.as_millis()).unwrap() + 3_500;
    let answer = Handler::new(world, config()).handle(LambdaEvent::new(payload, context)).await;
    answer.map_err(|failure| lambda_runtime::Diagnostic::from(failure).error_message)
}

fn message(value: u32) -> String {
    json!({"time": 1, "sensor_a0": value}).to_string()
}

fn sqs(bodies: &[&str]) -> Value {
    let record = |(number, body): (usize, &&str)| json!({"messageId": format!("m-{number}"), "eventSource": "aws:sqs", "body": body, "attributes": {"SentTimestamp": "1716286530123"}});
    json!({ "Records": bodies.iter().enumerate().map(record).collect::<Vec<_>>() })
}

fn kinesis(data: &[&[u8]]) -> Value {
    let record = |(number, data): (usize, &&[u8])| json!({"eventSource": "aws:kinesis", "eventID": "shardId-0:1", "kinesis": {"sequenceNumber": format!("{number:020}"), "data": STANDARD.encode(data), "approximateArrivalTimestamp": 1_716_286_530.123}});
    json!({ "Records": data.iter().enumerate().map(record).collect::<Vec<_>>() })
}

fn given_back(answer: &Value) -> Vec<&str> {
    answer["batchItemFailures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["itemIdentifier"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn one_object_or_an_array_is_delivered_in_one_call() {
    for (event, lines) in [(json!({"time": 1, "sensor_a0": 7}), 1), (json!([{"sensor_a0": 7}, {"sensor_a0": 8}]), 2)] {
        let world = World::default();
        assert_eq!(handle(&world, &event).await, Ok(json!({"delivered": lines, "quarantined": 0})));
        assert_eq!((world.calls.get(), world.delivered.borrow().len()), (1, lines));
    }
}

#[tokio::test]
async fn a_retry_has_the_same_ids_and_equal_messages_have_different_ones() {
    let event = json!([{"sensor_a0": 7}, {"sensor_a0": 7}]);
    let (first, second) = (World::default(), World::default());
    handle(&first, &event).await.unwrap();
    handle(&second, &event).await.unwrap();
    assert_eq!(first.delivered, second.delivered);
    assert_ne!(first.delivered.borrow()[0], first.delivered.borrow()[1]);
}

#[tokio::test]
async fn poison_goes_into_quarantine_alone_and_its_neighbours_are_delivered() {
    let world = World::default();
    let answer =
        handle(&world, &kinesis(&[message(1).as_bytes(), b"NaN", b"\xff", message(2).as_bytes(), b"[]"])).await;
    assert_eq!(given_back(&answer.unwrap()), [] as [&str; 0]);
    assert_eq!(world.delivered.borrow().len(), 2);
    let quarantined = world.quarantined.borrow();
    let (key, body) = quarantined.first_key_value().unwrap();
    assert!(key.starts_with("quarantine/2024/05/21/"), "{key}");
    let reasons: Vec<String> =
        body.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["reason"].to_string()).collect();
    assert_eq!(reasons, ["\"it is not JSON\"", "\"it is not UTF-8\"", "\"it is no JSON object\""]);
}

#[tokio::test]
async fn if_the_quarantine_refuses_the_poison_is_given_back_or_the_invocation_fails() {
    let world = World::default();
    world.quarantine_refuses.set(true);
    assert_eq!(given_back(&handle(&world, &sqs(&[&message(1), "NaN"])).await.unwrap()), ["m-1"]);
    assert_eq!(
        given_back(&handle(&world, &kinesis(&[message(1).as_bytes(), b"NaN"])).await.unwrap()),
        ["00000000000000000001"]
    );
    assert!(handle(&world, &json!(["NaN"])).await.unwrap_err().contains("quarantine"));
}

#[tokio::test]
async fn a_quarantine_that_does_not_answer_holds_nothing_up_beyond_the_deadline() {
    let world = World::default();
    world.quarantine_hangs.set(true);
    let begun = std::time::Instant::now();
    assert_eq!(given_back(&handle(&world, &sqs(&[&message(1), "NaN"])).await.unwrap()), ["m-1"]);
    assert!(begun.elapsed() < Duration::from_secs(3), "Lambda's own deadline is after 3.5 s");
    assert_eq!(world.delivered.borrow().len(), 1);
}

#[tokio::test]
async fn a_batch_that_comes_again_replaces_what_it_left_in_the_quarantine() {
    let world = World::default();
    for _ in 0..2 {
        handle(&world, &sqs(&[&message(1), "NaN"])).await.unwrap();
    }
    handle(&world, &sqs(&["NaN"])).await.unwrap(); // another message
    assert_eq!(world.quarantined.borrow().len(), 2);
}

/// 30 messages of about 100 KB: three records, of which the second is refused at first.
#[tokio::test]
async fn only_what_failed_is_sent_again() {
    let world = World::default();
    world.answers.borrow_mut().push(Answer::Refuse("\"15-"));
    let large: Vec<String> =
        (0..30).map(|n| json!({"sensor_a0": format!("{n}-{}", "x".repeat(100_000))}).to_string()).collect();
    let answer = handle(&world, &sqs(&large.iter().map(String::as_str).collect::<Vec<_>>())).await.unwrap();
    assert_eq!(given_back(&answer), [] as [&str; 0]);
    assert_eq!((world.calls.get(), world.delivered.borrow().len()), (2, 30), "none twice");
}

#[tokio::test]
async fn what_is_still_unsent_at_the_deadline_is_given_back_and_nothing_else() {
    let large: Vec<String> =
        (0..30).map(|n| json!({"sensor_a0": format!("{n}-{}", "x".repeat(100_000))}).to_string()).collect();
    let bodies: Vec<&str> = large.iter().map(String::as_str).collect();
    let refuse = || (0..1000).map(|_| Answer::Refuse("\"15-")).collect();
    let world = World { answers: RefCell::new(refuse()), ..World::default() };
    let answer = handle(&world, &sqs(&bodies)).await.unwrap();
    let back = given_back(&answer).len();
    assert_eq!((back, world.delivered.borrow().len()), (10, 20));
    let world = World { answers: RefCell::new(refuse()), ..World::default() };
    let bytes: Vec<&[u8]> = large.iter().map(String::as_bytes).collect();
    assert_eq!(given_back(&handle(&world, &kinesis(&bytes)).await.unwrap()), ["00000000000000000010"]);
}

#[tokio::test]
async fn an_error_that_can_not_pass_is_not_tried_again() {
    let world = World::default();
    world.answers.borrow_mut().push(Answer::Fail { retryable: false });
    assert_eq!(given_back(&handle(&world, &sqs(&[&message(1), &message(2)])).await.unwrap()), ["m-0", "m-1"]);
    assert_eq!(world.calls.get(), 1);
    world.answers.borrow_mut().push(Answer::Fail { retryable: false });
    assert!(handle(&world, &json!({"sensor_a0": 1})).await.unwrap_err().starts_with("1 of 1 message(s) not delivered"));
}

#[tokio::test]
async fn a_call_that_failed_on_the_way_is_sent_again() {
    let world = World::default();
    world.answers.borrow_mut().push(Answer::Fail { retryable: true });
    handle(&world, &json!({"sensor_a0": 1})).await.unwrap();
    assert_eq!((world.calls.get(), world.delivered.borrow().len()), (2, 1));
}

#[tokio::test]
async fn records_that_the_answer_does_not_speak_of_are_sent_again() {
    let world = World::default();
    world.answers.borrow_mut().push(Answer::Silence);
    handle(&world, &json!({"sensor_a0": 1})).await.unwrap();
    assert_eq!((world.calls.get(), world.delivered.borrow().len()), (2, 1));
}

#[tokio::test]
async fn firehose_gets_an_answer_for_every_record_within_the_limit() {
    let world = World::default();
    let large = json!({"sensor_a0": "x".repeat(900_000)}).to_string();
    let data: Vec<String> = [message(1), "NaN".into(), " \n".into()].into_iter().chain(vec![large; 8]).collect();
    let record = |(number, data): (usize, &String)| json!({"recordId": format!("r{number}"), "approximateArrivalTimestamp": 1_716_286_530_123_u64, "data": STANDARD.encode(data)});
    let records: Vec<_> = data.iter().enumerate().map(record).collect();
    let event = json!({"invocationId": "i", "deliveryStreamArn": "arn", "region": "eu-west-1", "records": records});
    let answer = handle(&world, &event).await.unwrap();
    let results: Vec<_> = answer["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["recordId"].as_str().unwrap(), r["result"].as_str().unwrap()))
        .collect();
    assert_eq!(results[..3], [("r0", "Ok"), ("r1", "ProcessingFailed"), ("r2", "Dropped")]);
    let fits = results.iter().filter(|(_, result)| *result == "Ok").count();
    assert_eq!((results.len(), fits), (11, 6));
    assert!(answer.to_string().len() <= 6 * 1024 * 1024);
    assert_eq!(world.calls.get(), 0);
}

/// The default buffer of a stream's transformation, full of the smallest messages.
#[tokio::test]
async fn a_megabyte_of_small_records_fits_the_answer() {
    let data = STANDARD.encode(r#"{"time":1567023375013,"sensor_a0":456}"#);
    let records: Vec<_> = (0..27_500).map(|n| json!({"recordId": format!("{n:050}000000"), "data": data})).collect();
    let answer = handle(&World::default(), &json!({"invocationId": "i", "records": records})).await.unwrap();
    assert!(answer["records"].as_array().unwrap().iter().all(|record| record["result"] == "Ok"));
    assert!(answer.to_string().len() <= 6 * 1024 * 1024);
}

#[tokio::test]
async fn what_none_of_the_sources_sends_is_refused() {
    let world = World::default();
    for event in [json!(7), json!("x"), json!({"Records": [{"eventSource": "aws:s3"}]})] {
        assert!(handle(&world, &event).await.is_err(), "{event}");
    }
}

/// What each sample of `events/iot-firehose/` ends as: lines, messages in quarantine, messages given back.
#[tokio::test]
async fn every_sample_event_is_answered() {
    let folder = format!("{}/../../events/iot-firehose", env!("CARGO_MANIFEST_DIR"));
    let samples = [
        ("direct-array", Source::Direct),
        ("direct-array-some-bad", Source::Direct),
        ("direct-object", Source::Direct),
        ("direct-select-star", Source::Direct),
        ("firehose-transformation", Source::Firehose),
        ("kinesis-batch", Source::Kinesis),
        ("kinesis-batch-some-bad", Source::Kinesis),
        ("sqs-batch", Source::Sqs),
        ("sqs-batch-some-bad", Source::Sqs),
    ];
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), samples.len(), "a sample event is missing here");
    for (name, source) in samples {
        let text = std::fs::read_to_string(format!("{folder}/{name}.json")).unwrap();
        let raw: Box<RawValue> = serde_json::from_str(&text).unwrap();
        let batch = Batch::read(&raw, Sources::Any).unwrap();
        assert_eq!(batch.source, source, "{name}");
        let world = World::default();
        let answer = handle(&world, &serde_json::from_str(&text).unwrap()).await.unwrap();
        if source == Source::Firehose {
            assert_eq!(answer["records"].as_array().map(Vec::len), Some(batch.items.len()), "{name}");
            continue;
        }
        let quarantined: usize = world.quarantined.borrow().values().map(|body| body.lines().count()).sum();
        assert_eq!(
            world.delivered.borrow().len() + quarantined,
            batch.items.len(),
            "{name}: each is in one of the two"
        );
        assert_eq!(quarantined > 0, name.ends_with("some-bad"), "{name}");
    }
}
