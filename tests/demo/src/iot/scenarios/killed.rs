//! The function is killed before it can say that Firehose took the batch.

use std::collections::BTreeSet;

use e2e::Result;
use e2e::iot::{Iot, ids};
use local_aws::Fault;
use report::Check;

use crate::iot::lake::Back;
use crate::iot::scene::Scene;
use crate::iot::sensor;
use crate::stage::Stage;

/// Seconds after which the queue gives again what nobody finished: minutes in the template.
pub(super) const RETRY_AFTER: u32 = 2;

const MESSAGES: u32 = 8;

/// A scenario, and how many readings the lake had in its middle.
pub(super) struct Killed<'i> {
    scene: Scene<'i>,
    in_lake_then: usize,
}

/// Nothing is told yet: it runs beside the first scenario.
pub(super) async fn play(iot: &Iot) -> Result<Killed<'_>> {
    let happened = "Firehose takes a batch, and before its answer arrives the function's process is killed. Nobody tells the queue \
                    that the messages are done, so that it gives them again.";
    let mut scene = Scene::new(iot, "Killed after Firehose took the batch", happened);
    scene.inject(Fault::kill_after().action("firehose:PutRecordBatch").nth(1));
    scene.publish("sensor-1", sensor::seconds(MESSAGES)).await?;
    scene.next_batch("killed").await?;
    let in_lake_then = scene.look().await?.lake.counts().in_lake;
    scene.next_batch("again").await?;
    scene.queue_is_done().await?;
    scene.look().await?;
    Ok(Killed { scene, in_lake_then })
}

pub(super) async fn tell(stage: &mut Stage, killed: Killed<'_>) -> Result<()> {
    let scene = killed.scene;
    stage.announce_lake(&scene);
    let (back, counts, all) = (&scene.back, scene.back.lake.counts(), scene.sent.len());
    let failed: Vec<_> = scene.ran.iter().map(|(_, ran)| ran.result.is_err()).collect();
    let checks = vec![
        Check::new(
            "It was killed, though the lake got all of the batch",
            failed == [true, false] && killed.in_lake_then == all,
        ),
        Check::new("The second time it ended well, and nothing is left in the queue", scene.queues_are_empty().await?),
        Check::new(
            format!("Each of the {all} lines is in the lake twice, with the same id: the queue's message id"),
            counts.duplicates == all && ids(&back.lines) == message_ids(&scene),
        ),
        Check::new(
            "Who reads one line for each id has each reading once, and none is lost",
            distinct(back) == all && counts.in_lake == all && back.nothing_missing(),
        ),
    ];
    stage.close_lake(scene, checks).await;
    Ok(())
}

/// How many different lines there are: a second line of an id must say the same as the first.
fn distinct(back: &Back) -> usize {
    back.lines.iter().map(|line| line.text.as_str()).collect::<BTreeSet<_>>().len()
}

/// The queue's ids of the messages.
fn message_ids<'s>(scene: &'s Scene<'_>) -> BTreeSet<&'s str> {
    let records = scene.ran.iter().filter_map(|(_, ran)| ran.event.get("Records")?.as_array()).flatten();
    records.filter_map(|record| record.get("messageId")?.as_str()).collect()
}
