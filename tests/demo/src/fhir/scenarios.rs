//! The scenarios, in the order in which a reader understands them.

mod bad;
mod killed;
mod once;
mod soon;
mod visit;
mod whom;

use e2e::Result;
use e2e::fhir::Fhir;

use crate::stage::Stage;

/// A FHIR server for clients with a token.
pub(crate) async fn play(stage: &mut Stage) -> Result<()> {
    let lead = "A FHIR R4 server that is a Lambda function, a DynamoDB table and a bucket. Clients reach it by API Gateway, with a \
                token; each resource, each version and each row of the search index is an item of the one table.";
    stage.chapter("fhir", lead);
    let aws = stage.aws.clone();
    stage.pause();
    let making = async {
        tokio::try_join!(Fhir::new(&aws, &[]), Fhir::new(&aws, &[]), Fhir::new(&aws, &[]), Fhir::new(&aws, &[]))
    };
    let what = "deploying the function's template into four accounts";
    let (clinic, home, crowd, mishap) = stage.prepare(what, Box::pin(making)).await?;
    visit::play(stage, &clinic).await?;
    soon::play(stage, &home).await?;
    once::play(stage, &crowd).await?;
    killed::play(stage, &mishap).await?;
    bad::play(stage, &clinic).await?;
    whom::play(stage, &clinic).await
}
