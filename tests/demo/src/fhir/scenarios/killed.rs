//! The function dies in the middle of a transaction.

use e2e::Result;
use e2e::fhir::{Fhir, make};
use local_aws::Fault;
use report::Check;

use crate::fhir::scene::Scene;
use crate::stage::Stage;

/// More than DynamoDB takes in one transaction (100 writes).
const RESOURCES: usize = 150;

pub(super) async fn play(stage: &mut Stage, fhir: &Fhir) -> Result<()> {
    let happened = format!(
        "A hospital posts {RESOURCES} resources, more than one transaction of DynamoDB holds, so that they are staged and then \
         committed by one write. The function's process is killed when all are staged. The client asks what is there, and \
         sends the Bundle again: at once, and when the minute is over after which a dead transaction gives its patient free. \
         Another Bundle's function is killed right after the write that commits."
    );
    let mut scene = Scene::new(stage, fhir, "The function dies in the middle of a transaction", happened).await?;
    let others = RESOURCES as u64 - 1;
    let asked = format!("POST a transaction of {RESOURCES}");
    let (once_more, another) = (format!("{asked}, again"), format!("POST another of {RESOURCES}"));
    // An update stages each resource and the claim on the patient's identifier; the next one commits.
    let last = u32::try_from(RESOURCES + 1)?;
    fhir.account.inject(Fault::kill_after().action("dynamodb:UpdateItem").nth(last));
    let staged = scene.send("killed while staging", &asked, "", &make::visit(1, RESOURCES)).await?.status();
    fhir.account.clear_faults();
    scene.skip();
    scene.get("", &there(1)).await?;
    let nothing = fhir.visited(1).await?;
    scene.skip();
    let soon = scene.send("", &once_more, "", &make::visit(1, RESOURCES)).await?;
    fhir.expire_transactions().await?;
    let later = scene.send("again", &once_more, "", &make::visit(1, RESOURCES)).await?.status();
    scene.get("", &there(1)).await?;
    let once = fhir.visited(1).await?;
    scene.skip();
    fhir.account.inject(Fault::kill_after().action("dynamodb:UpdateItem").nth(last + 1));
    let committed = scene.send("killed when committed", &another, "", &make::visit(2, RESOURCES)).await?.status();
    fhir.account.clear_faults();
    scene.skip();
    scene.get("", &there(2)).await?;
    let all = fhir.visited(2).await?;
    scene.skip();
    let checks = vec![
        Check::new(
            "Killed before the commit: nothing is found, though all was staged",
            staged >= 500 && nothing == (0, 0),
        ),
        Check::new(
            "At once the client is told to come again (503, Retry-After)",
            soon.status() == 503 && soon.header("retry-after").is_some(),
        ),
        Check::new("When it comes again all goes in, once", later == 200 && once == (1, others)),
        Check::new(
            "Killed after the commit: all of it is found, though the client got no answer",
            committed >= 500 && all == (1, others),
        ),
    ];
    stage.close_server(scene, checks).await
}

/// The search that counts what is there of a Bundle, but for the patient.
fn there(patient: usize) -> String {
    format!("Observation?identifier=visit-{patient}&_summary=count")
}
