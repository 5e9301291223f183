//! Firehose takes a part of a call and refuses the rest.

use e2e::Result;
use e2e::iot::Iot;
use local_aws::Fault;
use report::{Check, Fact};
use serde_json::Value;

use crate::iot::answer::given_back;
use crate::iot::scene::Scene;
use crate::iot::sensor;
use crate::stage::Stage;

const MESSAGES: u32 = 28;
/// Characters of a spectrum: the broker takes messages of 128 KB.
const SPECTRUM: usize = 127_000;

/// Nothing is told yet: it runs beside the first scenario.
pub(super) async fn play(iot: &Iot) -> Result<Scene<'_>> {
    let happened = format!(
        "A vibration sensor publishes {MESSAGES} spectra of 127 KB, so that a batch fills several records of 1 MB. Firehose takes \
         the call, but refuses the 2nd and the 4th record in it with ServiceUnavailableException, and one of them once \
         more when they are sent again."
    );
    let mut scene = Scene::new(iot, "Firehose refuses a part of a call", happened);
    let refusal = |numbers: &[usize]| Fault::refuse_records(numbers, "ServiceUnavailableException");
    scene.inject(refusal(&[1, 3]).nth(1));
    scene.inject(refusal(&[0]).nth(2));
    scene.publish("vibration-1", sensor::spectra(MESSAGES, SPECTRUM)).await?;
    scene.all_batches().await?;
    scene.look().await?;
    Ok(scene)
}

pub(super) async fn tell(stage: &mut Stage, mut scene: Scene<'_>) -> Result<()> {
    stage.announce_lake(&scene);
    let all = scene.sent.len();
    let counts = scene.back.lake.counts();
    let records = records(&scene);
    let back: usize = scene.ran.iter().flat_map(|(_, ran)| &ran.result).map(|answer| given_back(answer).len()).sum();
    let checks = vec![
        Check::new(
            "Only what was refused was sent again: first 4 records, then 2 of them, then 1",
            records == [4, 2, 1],
        ),
        Check::new(
            format!("All {all} readings are in the lake"),
            counts.in_lake == all && scene.back.nothing_missing(),
        ),
        Check::new("None is there twice, for what Firehose had taken was left alone", counts.duplicates == 0),
        Check::new("Nothing went back to the queue", back == 0 && scene.queues_are_empty().await?),
    ];
    let records: Vec<_> = records.iter().map(usize::to_string).collect();
    scene.more.push(Fact::new("records in each call", records.join(", ")));
    stage.close_lake(scene, checks).await;
    Ok(())
}

/// How many records each call to Firehose had.
fn records(scene: &Scene<'_>) -> Vec<usize> {
    let calls = scene.ran.iter().flat_map(|(_, ran)| ran.calls.iter());
    let records = calls.filter_map(|call| call.parameter("Records"));
    records.map(|records| serde_json::from_str::<Vec<Value>>(records).unwrap_or_default().len()).collect()
}
