//! iot-firehose's figures.

use e2e::Result;
use e2e::iot::Iot;
use e2e::iot::make::{kinesis, large, reading, sqs};
use local_aws::{Invocation, LocalAws};
use serde_json::Value;

use crate::{bytes_to_mb, figure, memory, start};

const PUT: &str = "firehose:PutRecordBatch";
/// What Lambda hands over at most.
const PAYLOAD: usize = 6 * 1024 * 1024;
const MESSAGES: usize = 10_000;

pub(crate) async fn figures(aws: &LocalAws, only_start: bool) -> Result<()> {
    let iot = Iot::new(aws, &[]).await?;
    start(&iot.function, 10_000_000, "10 ms").await?;
    if only_start {
        return Ok(());
    }
    let small = kinesis((0..MESSAGES).map(reading))?;
    batch(&iot, &format!("{MESSAGES} messages of 55 bytes from Kinesis"), &small, 1).await?;
    let all_mapped = sqs((0..22).map(|number| large(number, 270_000)))?;
    batch(&iot, "22 messages of 270,000 bytes from SQS, all of which is mapped", &all_mapped, 2).await?;
    let without = iot.function.without_env(&["MALLOC_MMAP_THRESHOLD_"]);
    given_back_nothing(without.invoke(&all_mapped).await?)?;
    let peak = without.rss().await.ok_or("the function has no process")?;
    figure("the same without MALLOC_MMAP_THRESHOLD_", &format!("{:.1} MB", bytes_to_mb(peak)), "");
    let little_mapped = sqs((0..22).map(|number| traced(number, 200_000)))?;
    batch(&iot, "22 messages of 200,000 bytes from SQS, of which little is mapped", &little_mapped, 1).await?;
    cpu_time(&iot, &small).await
}

/// A reading among much that no line takes: escaped in the queue's event, so that the event is larger.
fn traced(number: usize, bytes: usize) -> String {
    let trace = r#"{"t":1,"v":0.25},"#.repeat(bytes / 17);
    format!(r#"{{"time":1567023375013,"trace":[{trace}0],"sensor_a0":{number}}}"#)
}

/// Memory and calls of a new process, for one batch.
async fn batch(iot: &Iot, what: &str, event: &Value, calls: usize) -> Result<()> {
    let bytes = event.to_string().len();
    if bytes > PAYLOAD {
        return Err(format!("{what} are {bytes} bytes, which Lambda does not hand over").into());
    }
    iot.function.restart().await;
    let invocation = delivered(iot, event).await?;
    memory(&iot.function, &format!("peak memory after {what}, an event of {bytes} bytes"), 25).await?;
    figure(&format!("PutRecordBatch for {what}"), &invocation.calls.count(PUT).to_string(), &calls.to_string());
    Ok(())
}

/// CPU time, the kernel's part included, from before the event to after the answer: TLS is not in it, JSON and base64 are.
async fn cpu_time(iot: &Iot, event: &Value) -> Result<()> {
    let mut measured = Vec::new();
    for _ in 0..11 {
        let before = iot.function.cpu_time().await.ok_or("the function has no process")?;
        delivered(iot, event).await?;
        let after = iot.function.cpu_time().await.ok_or("the function has no process")?;
        measured.push(after.saturating_sub(before));
    }
    measured.sort_unstable();
    let median = measured.get(measured.len() / 2).copied().unwrap_or_default();
    let median = format!("{:.1} ms", median.as_secs_f64() * 1e3);
    figure(&format!("an invocation with {MESSAGES} messages of 55 bytes, own CPU time, median of 11"), &median, "");
    Ok(())
}

async fn delivered(iot: &Iot, event: &Value) -> Result<Invocation> {
    given_back_nothing(iot.function.invoke(event).await?)
}

fn given_back_nothing(invocation: Invocation) -> Result<Invocation> {
    let given_back = invocation.result.as_ref().map(|answer| answer.pointer("/batchItemFailures/0").is_some());
    if given_back != Ok(false) {
        return Err(format!("not delivered: {:?}", invocation.result).into());
    }
    Ok(invocation)
}
