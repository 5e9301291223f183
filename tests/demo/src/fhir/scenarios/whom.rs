//! Nobody without a token.

use e2e::Result;
use e2e::fhir::{FHIR_JSON, Fhir, make};
use report::Check;

use crate::fhir::scene::Scene;
use crate::stage::Stage;

pub(super) async fn play(stage: &mut Stage, fhir: &Fhir) -> Result<()> {
    let happened = "Somebody without a token asks for the patient, then for what the server can do. A client whose token has the scope \
                    fhir/read reads, and then tries to write.";
    let mut scene = Scene::new(stage, fhir, "Nobody without a token", happened).await?;
    let reads = fhir.token(&["fhir/read"]).await?;
    let invoked = fhir.account.invocations().len();
    let search = "Patient?family=muller";
    let nobody = scene.ask("", &format!("GET {search}, no token"), fhir.anonymous("GET", search)).await?.status();
    let patient = make::patient(9).to_string();
    let write = || fhir.anonymous("POST", "Patient").body(FHIR_JSON, patient.clone());
    let unknown = scene.ask("", "POST Patient, no token", write()).await?.status();
    let reader = scene.ask("", "POST Patient, scope fhir/read", write().token(&reads)).await?.status();
    let untouched = fhir.account.invocations().len() == invoked;
    let open = scene.ask("", "GET metadata, no token", fhir.anonymous("GET", "metadata")).await?;
    let may =
        scene.ask("", &format!("GET {search}, scope fhir/read"), fhir.anonymous("GET", search).token(&reads)).await?;
    let names = ["müller", "muller", "okafor", "quitte", "20260311", "1974"];
    let statement = open.json()?.get("resourceType").is_some_and(|kind| kind == "CapabilityStatement");
    let checks = vec![
        Check::new("Without a token there is no patient to see or to write (401)", (nobody, unknown) == (401, 401)),
        Check::new("Whose scope is fhir/read may not write (403), but read", (reader, may.status()) == (403, 200)),
        Check::new("What API Gateway turns away does not reach the function", untouched),
        Check::new(
            "The CapabilityStatement is open, by which clients learn how to come in",
            open.status() == 200 && statement,
        ),
        Check::new(
            "Nobody's name, birth date or number is in any log line of this chapter's clinic",
            !scene.tells(&names),
        ),
    ];
    stage.close_server(scene, checks).await
}
