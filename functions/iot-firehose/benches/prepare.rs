//! What the function itself does with a batch, without AWS: 10,000 messages of 55 bytes from an event of Kinesis to calls of
//! Firehose. `make bench` runs it. Measured is the process's CPU time, which a busy machine does not stretch.

#[path = "../../../tests/cpu_time.rs"]
mod cpu_time;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cpu_time::CpuTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iot_firehose::event::{Batch, Sources};
use iot_firehose::js_date::Moment;
use iot_firehose::mapping::Mapping;
use iot_firehose::pack::pack;
use iot_firehose::prepare::prepare;
use iot_firehose::time::TimePolicy;
use iot_firehose::transform::Transform;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

const MESSAGES: usize = 10_000;

/// A message of 55 bytes, as the original's device sends it, with a field that the mapping leaves out.
fn message(number: usize) -> String {
    let time = 1_716_286_530_000 + number * 5_000;
    format!(r#"{{"time":{time},"sensor_a0":{},"battery":"3.71"}}"#, 100 + number % 900)
}

fn record(number: usize) -> Value {
    let message = message(number);
    assert_eq!(message.len(), 55);
    let sequence = format!("4959033827149025660855969253836157109592157598913{number:07}");
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "arduino-mkr1010-a",
            "sequenceNumber": sequence,
            "data": STANDARD.encode(message),
            "approximateArrivalTimestamp": 1_716_286_530.156
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("shardId-000000000006:{sequence}"),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": "arn:aws:iam::111122223333:role/iot-firehose-Role-EXAMPLE",
        "awsRegion": "eu-west-1",
        "eventSourceARN": "arn:aws:kinesis:eu-west-1:111122223333:stream/sensor-data"
    })
}

fn event() -> Box<RawValue> {
    let records: Vec<_> = (0..MESSAGES).map(record).collect();
    to_raw_value(&json!({ "Records": records })).unwrap_or_default()
}

fn decode_transform_and_pack(criterion: &mut Criterion<CpuTime>) {
    let event = event();
    let Ok(mapping) = Mapping::read(Mapping::DEFAULT) else { return };
    let transform = Transform::new(mapping, TimePolicy::Javascript);
    let mut group = criterion.benchmark_group("kinesis");
    group.throughput(Throughput::Elements(MESSAGES as u64));
    group.bench_function("decode, transform and pack 10,000 messages", |bencher| {
        bencher.iter(|| {
            let batch = Batch::read(&event, Sources::Any).ok()?;
            let prepared = prepare(&batch, &transform, "invocation", Moment::EPOCH);
            let calls = pack(&prepared.lines.lengths());
            assert!(calls.len() == 1 && prepared.lines.len() == MESSAGES);
            Some((prepared, calls))
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = decode_transform_and_pack
}
criterion_main!(benches);
