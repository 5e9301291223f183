//! Many want to create the same patient.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use e2e::Result;
use e2e::fhir::{FHIR_JSON, Fhir, make};
use local_aws::{Answer, Fault};
use report::Check;
use serde_json::json;
use tokio::task::JoinSet;

use crate::fhir::scene::Scene;
use crate::iot::shown;
use crate::stage::Stage;

const CLIENTS: usize = 100;

pub(super) async fn play(stage: &mut Stage, fhir: &Fhir) -> Result<()> {
    let happened = format!(
        "{CLIENTS} terminals register the same patient in the same moment, each on the condition that nobody has yet \
         (If-None-Exist). Lambda starts a process for each. What they write before they commit is held up, so that they all have found nobody."
    );
    let mut scene =
        Scene::new(stage, fhir, "A hundred simultaneous conditional creates make one patient", happened).await?;
    let patient = make::patient(7);
    let condition = format!("identifier={}|quince-7", make::MRN);
    scene.event = shown(&json!({"request": "POST Patient", "If-None-Exist": condition, "body": patient}));
    let all = u32::try_from(CLIENTS)?;
    fhir.account.inject(Fault::delay(Duration::from_secs(2)).action("dynamodb:BatchWriteItem").first(all));
    let began = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CLIENTS {
        let request = fhir.request("POST", "Patient").header("if-none-exist", &condition);
        let (account, request) = (fhir.account.clone(), request.body(FHIR_JSON, patient.to_string()));
        clients.spawn(async move { account.send(request).await });
    }
    let answers: Vec<Answer> = clients.join_all().await.into_iter().collect::<std::result::Result<_, _>>()?;
    scene.sent_at_once("who created", "POST Patient, If-None-Exist", &answers, began.elapsed());
    let found = scene.get("", "Patient?family=quitte7").await?.json()?;
    let of = |status: u16| answers.iter().filter(|answer| answer.status() == status).count();
    let places: BTreeSet<&str> = answers.iter().filter_map(|answer| answer.header("location")).collect();
    let checks = vec![
        Check::new("One is answered 201 Created", of(201) == 1),
        Check::new(
            format!("The other {} are answered 200, with the patient that is there", CLIENTS - 1),
            of(200) == CLIENTS - 1,
        ),
        Check::new("All are told the same place", places.len() == 1),
        Check::new(
            "One patient is stored",
            found.get("total").is_some_and(|total| *total == 1) || entries(&found) == 1,
        ),
    ];
    stage.close_server(scene, checks).await
}

fn entries(page: &serde_json::Value) -> usize {
    page.get("entry").and_then(serde_json::Value::as_array).map_or(0, Vec::len)
}
