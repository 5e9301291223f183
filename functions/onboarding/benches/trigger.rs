//! What onboarding-trigger itself does with a payload, without AWS: 1,000 events 4720 of 1.7 KB, decoded and judged. Its
//! budget is 20 ms. Beside it a gzip bomb of 1 GB, which has 50 ms to be refused. `make bench` runs it. Measured is the
//! process's CPU time, which a busy machine does not stretch.

#[path = "../../../tests/cpu_time.rs"]
mod cpu_time;

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cpu_time::CpuTime;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use flate2::Compression;
use flate2::write::GzEncoder;
use onboarding::trigger::account::{Directory, UpnFallback};
use onboarding::trigger::batch::Batch;
use onboarding::trigger::judge::judge;
use onboarding::trigger::payload;
use serde_json::json;

const EVENTS: usize = 1_000;

/// The event of `events/onboarding/trigger-several-users.json` that a console's new user gives, for another user.
fn log_event(number: usize) -> serde_json::Value {
    let sample = include_str!("../fuzz/corpus/event/plain.xml");
    let message =
        sample.replace("Yuki", &format!("user{number:04}")).replace("-1106<", &format!("-{}<", 10_000 + number));
    json!({"id": format!("{number:056}"), "timestamp": 1_795_323_903_123_u64, "message": message})
}

fn event(text: &[u8]) -> String {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let data = encoder.write_all(text).and_then(|()| encoder.finish()).unwrap_or_default();
    json!({"awslogs": {"data": STANDARD.encode(data)}}).to_string()
}

fn decode_and_judge(criterion: &mut Criterion<CpuTime>) {
    let events: Vec<_> = (0..EVENTS).map(log_event).collect();
    let event = event(json!({"messageType": "DATA_MESSAGE", "logEvents": events}).to_string().as_bytes());
    let (domain, netbios) = ("corp.example.com".to_owned(), "CORP".to_owned());
    let directory = Directory { domain, netbios, upn_fallback: UpnFallback::SamAccountName };
    let mut group = criterion.benchmark_group("payload");
    group.throughput(Throughput::Elements(EVENTS as u64));
    group.bench_function("decode and judge 1,000 events", |bencher| {
        bencher.iter(|| {
            let text = payload::open(&event).ok()?;
            let Ok(Batch::Data(events)) = Batch::read(&text) else { return None };
            let judged = judge(&events, &directory);
            assert_eq!(judged.accounts.len(), EVENTS);
            Some(judged)
        });
    });
    group.finish();
}

/// Its trailer lies, so that it has to be decompressed as far as the bound.
fn refuse_a_bomb(criterion: &mut Criterion<CpuTime>) {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    let written = (0..1024).try_for_each(|_| encoder.write_all(&zeros));
    let mut bomb = written.and_then(|()| encoder.finish()).unwrap_or_default();
    bomb.truncate(bomb.len().saturating_sub(4));
    bomb.extend(u32::try_from(payload::LONGEST).unwrap_or_default().to_le_bytes());
    criterion.bench_function("refuse a gzip bomb of 1 GB", |bencher| {
        bencher.iter(|| assert!(matches!(payload::inflate(&bomb), Err(payload::Unreadable::TooLong))));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().with_measurement(CpuTime);
    targets = decode_and_judge, refuse_a_bomb
}
criterion_main!(benches);
