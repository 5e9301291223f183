//! Bad input is told where.

use e2e::Result;
use e2e::fhir::Fhir;
use local_aws::Answer;
use report::Check;
use serde_json::{Value, json};

use super::visit::VISIT;
use crate::fhir::scene::Scene;
use crate::stage::Stage;

pub(super) async fn play(stage: &mut Stage, fhir: &Fhir) -> Result<()> {
    let happened = "A client posts the visit with four mistakes in it, searches by a parameter that there is not, asks for a date that is \
                    none, and sends XML.";
    let mut scene = Scene::new(stage, fhir, "Bad input is told where", happened).await?;
    let mut bundle: Value = serde_json::from_str(VISIT)?;
    let mistakes = [
        ("/entry/0/resource/birthDate", json!("25.12.1974")),
        ("/entry/2/resource/status", json!("over")),
        ("/entry/4/resource/component/1/valueQuantity/value", json!("96")),
        ("/entry/5/resource/wieght", json!(72.5)),
    ];
    for (at, wrong) in mistakes {
        set(&mut bundle, at, wrong);
    }
    let items = fhir.items().await?.len();
    let invalid = scene.send("", "POST a transaction with four mistakes", "", &bundle).await?;
    let parameter = scene.get("", "Patient?shoe-size=43").await?;
    let date = scene.get("", "Patient?birthdate=lt19seventy").await?;
    let xml = fhir.request("POST", "Patient").body("application/fhir+xml", "<Patient xmlns=\"http://hl7.org/fhir\"/>");
    let xml = scene.ask("", "POST Patient, as XML", xml).await?;
    let places = places(&invalid);
    scene.event = json!({"the mistakes": places});
    let expected = [
        "Bundle.entry[0].resource.birthDate",
        "Bundle.entry[2].resource.status",
        "Bundle.entry[4].resource.component[1].value.value",
        "Bundle.entry[5].resource.wieght",
    ];
    let says = |answer: &Answer, word: &str| String::from_utf8_lossy(answer.body()).contains(word);
    let checks = vec![
        Check::new(
            format!("All four mistakes are told at once, each with its place: {}", expected.join(", ")),
            invalid.status() == 422 && places == expected,
        ),
        Check::new("Nothing of the Bundle is stored", fhir.items().await?.len() == items),
        Check::new(
            "A parameter that there is not is refused by name, not ignored",
            parameter.status() == 400 && says(&parameter, "shoe-size"),
        ),
        Check::new("So is a date that is none", date.status() == 400 && says(&date, "birthdate")),
        Check::new("XML is answered 415", xml.status() == 415),
    ];
    stage.close_server(scene, checks).await
}

fn set(bundle: &mut Value, at: &str, value: Value) {
    let Some((parent, name)) = at.rsplit_once('/') else { return };
    if let Some(parent) = bundle.pointer_mut(parent).and_then(Value::as_object_mut) {
        parent.insert(name.to_owned(), value);
    }
}

fn places(outcome: &Answer) -> Vec<String> {
    let outcome = outcome.json().unwrap_or_default();
    let issues = outcome.get("issue").and_then(Value::as_array).cloned().unwrap_or_default();
    issues.iter().filter_map(|issue| issue.pointer("/expression/0")?.as_str().map(str::to_owned)).collect()
}
