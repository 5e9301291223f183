//! A Bundle goes in whole.

use e2e::Result;
use e2e::fhir::Fhir;
use report::Check;
use serde_json::Value;

use crate::fhir::scene::Scene;
use crate::stage::Stage;

/// A visit, in which everything refers to something else in the same Bundle by a name that only the Bundle knows.
pub(super) const VISIT: &str = include_str!("../visit.json");

pub(super) async fn play(stage: &mut Stage, fhir: &Fhir) -> Result<()> {
    let happened = "A clinic posts a visit as one transaction: a patient, her doctor, the encounter, a diagnosis and two measurements \
                    that refer to each other by urn:uuid, one of them in a link of its narrative. Then it posts the same again.";
    let mut scene = Scene::new(stage, fhir, "A Bundle goes in whole", happened).await?;
    let first = scene.send_text("the visit", "POST a transaction of 6", "", VISIT).await?.json()?;
    let again = scene.send_text("once more", "POST the same transaction", "", VISIT).await?.json()?;
    let everything = scene
        .get("", "Patient?family=muller&_include=*&_revinclude=Observation:subject&_revinclude=Condition:subject")
        .await?;
    let condition = scene.get("", "Condition?code=38341003&_count=1").await?.json()?;
    let text = String::from_utf8_lossy(everything.body()).into_owned();
    let div = condition.pointer("/entry/0/resource/text/div").and_then(Value::as_str).unwrap_or_default();
    let weight = fhir.account.send(fhir.request("GET", "Observation?code=29463-7&_count=1")).await?;
    let checks = vec![
        Check::new(
            "All six are there, as the answer says",
            statuses(&first).iter().filter(|status| status.starts_with("20")).count() == 6,
        ),
        Check::new(
            "Not one urn:uuid is left in what is read back",
            !text.contains("urn:uuid") && text.contains("Observation/"),
        ),
        Check::new(
            "The link in the narrative leads to the encounter",
            div.contains("href=\"") && div.contains("Encounter/"),
        ),
        Check::new("72.50 kg is still 72.50, not 72.5", String::from_utf8_lossy(weight.body()).contains("72.50")),
        Check::new(
            "The second time the patient and the doctor are found, and not made again",
            (statuses(&again).first().copied(), fhir.count("Patient").await?, fhir.count("Practitioner").await?)
                == (Some("200 OK"), 1, 1),
        ),
        Check::new("The transaction took at most 4 calls one after another", scene.depth("the visit") <= 4),
    ];
    stage.close_server(scene, checks).await
}

fn statuses(bundle: &Value) -> Vec<&str> {
    let entries = bundle.get("entry").and_then(Value::as_array).into_iter().flatten();
    entries.filter_map(|entry| entry.pointer("/response/status")?.as_str()).collect()
}
