//! Firehose takes nothing for a while.

use e2e::Result;
use e2e::iot::Iot;
use local_aws::Fault;
use report::Check;

use crate::iot::answer::given_back;
use crate::iot::scene::Scene;
use crate::iot::sensor;
use crate::stage::Stage;

/// Seconds that the function has for a batch, and after which the queue gives it again: minutes in the template.
pub(super) const TIMEOUT: u32 = 3;
pub(super) const RETRY_AFTER: u32 = 3;

/// What Firehose answers who is too fast for it.
const UNAVAILABLE: &str = "ServiceUnavailableException";

const MESSAGES: u32 = 8;

/// A scenario, and what was seen in its middle.
pub(super) struct Down<'i> {
    scene: Scene<'i>,
    /// Lines in the lake after the first try, and messages that were in the queue.
    lines_then: usize,
    waiting_then: usize,
}

/// Nothing is told yet: it runs beside the first scenario.
pub(super) async fn play(iot: &Iot) -> Result<Down<'_>> {
    let happened = format!(
        "Firehose answers every call that it is unavailable. The function tries again, after longer and longer pauses, until 2 s \
         before its deadline, and gives the batch back. (Its time-out is {TIMEOUT} s here; the template has a minute.) Then \
         Firehose recovers."
    );
    let mut scene = Scene::new(iot, "Firehose is down for a while", happened);
    scene.inject(Fault::error(500, UNAVAILABLE, "Slow down.").action("firehose:PutRecordBatch"));
    scene.publish("sensor-1", sensor::seconds(MESSAGES)).await?;
    scene.next_batch("1st try").await?;
    scene.heal();
    let waiting_then = scene.iot.waiting("Queue").await?;
    let lines_then = scene.look().await?.lines.len();
    scene.next_batch("2nd try").await?;
    scene.queue_is_done().await?;
    scene.look().await?;
    Ok(Down { scene, lines_then, waiting_then })
}

pub(super) async fn tell(stage: &mut Stage, down: Down<'_>) -> Result<()> {
    let scene = down.scene;
    stage.announce_lake(&scene);
    let all = scene.sent.len();
    let answers: Vec<_> =
        scene.ran.iter().map(|(_, ran)| ran.result.as_ref().map(|answer| given_back(answer).len())).collect();
    let unavailable = scene
        .ran
        .first()
        .map_or(0, |(_, ran)| ran.calls.filter(|call| call.error_code.as_deref() == Some(UNAVAILABLE)).len());
    let checks = vec![
        Check::new(
            format!(
                "The first try called Firehose {unavailable} times, ended in time, and gave all {all} messages back"
            ),
            unavailable > 1 && answers.first() == Some(&Ok(all)),
        ),
        Check::new(
            "Then none of them was in the lake, and all were in the queue",
            down.lines_then == 0 && down.waiting_then == all,
        ),
        Check::new(
            "The queue gave them again, Firehose took them, and the queue is empty",
            answers.get(1) == Some(&Ok(0)) && scene.queues_are_empty().await?,
        ),
        Check::new(format!("All {all} readings are in the lake, each once; none is lost"), scene.back.all_there(all)),
    ];
    stage.close_lake(scene, checks).await;
    Ok(())
}
