//! The scenarios, in the order in which a reader understands them. Those in which something is waited for are played beside
//! the first.

mod afternoon;
mod down;
mod killed;
mod kinesis;
mod refused;
mod transformation;

use std::pin::Pin;

use e2e::Result;
use e2e::iot::Iot;

use super::world;
use crate::stage::Stage;

/// From devices to a lake.
pub(crate) async fn play(stage: &mut Stage) -> Result<()> {
    let lead = "Devices publish readings by MQTT. A rule puts them into a queue, the function makes each a line of a data lake \
                and hands them to Firehose, which writes them to S3. What gives no line goes into a quarantine.";
    stage.chapter("iot-firehose", lead);
    let aws = stage.aws.clone();
    stage.pause();
    let making = async {
        tokio::try_join!(
            world::strict(&aws),
            world::keeping_others(&aws),
            world::hurried(&aws, down::TIMEOUT, down::RETRY_AFTER),
            world::retrying_after(&aws, killed::RETRY_AFTER),
            Iot::new(&aws, &[]),
            Iot::new(&aws, &[]),
        )
    };
    let what = "deploying the function's template into six accounts";
    let (strict, others, hurried, retrying, plain, unused) = stage.prepare(what, Box::pin(making)).await?;
    let beside = async {
        tokio::try_join!(refused::play(&others), down::play(&hurried), killed::play(&retrying), kinesis::play(&plain))
    };
    let (refused, down, killed, kinesis) = after_the_first(stage, &strict, Box::pin(beside)).await?;
    refused::tell(stage, refused).await?;
    down::tell(stage, down).await?;
    killed::tell(stage, killed).await?;
    kinesis::tell(stage, kinesis).await?;
    transformation::play(stage, &unused).await
}

/// Plays and tells the first scenario, and plays others beside it, which take longer.
async fn after_the_first<T>(
    stage: &mut Stage,
    strict: &Iot,
    mut beside: Pin<Box<impl Future<Output = Result<T>>>>,
) -> Result<T> {
    let mut played = None;
    let mut first = Box::pin(afternoon::play(stage, strict));
    loop {
        tokio::select! {
            result = &mut beside, if played.is_none() => played = Some(result?),
            result = &mut first => break result?,
        }
    }
    drop(first);
    stage.pause();
    let rest = async { if let Some(played) = played { Ok(played) } else { beside.await } };
    stage.prepare("playing the next ones, in which the queue and the function try again", rest).await
}
