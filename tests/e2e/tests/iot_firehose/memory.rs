//! Memory, as the kernel counts it: the most that the process ever took.

use e2e::iot::make::{kinesis, large, reading, sqs};

use super::{given_back, within};

const MOST: u64 = 25_000_000;

#[test]
fn a_full_batch_takes_less_than_25_mb() {
    within(&[], async |iot| {
        for event in [sqs((0..22).map(|number| large(number, 270_000)))?, kinesis((0..10_000).map(reading))?] {
            iot.function.restart().await;
            assert_eq!(given_back(&iot.function.invoke(&event).await?), [""; 0]);
            let peak = iot.function.rss().await.unwrap();
            assert!(peak < MOST, "{peak} bytes");
        }
        Ok(())
    });
}
