//! A search right after a write finds it.

use e2e::Result;
use e2e::fhir::{Fhir, make};
use local_aws::Call;
use report::{Check, Fact};

use crate::fhir::scene::Scene;
use crate::stage::Stage;

const TIMES: usize = 10;

pub(super) async fn play(stage: &mut Stage, fhir: &Fhir) -> Result<()> {
    let happened = format!(
        "A scale measures and asks at once for the patient's last weight, {TIMES} times. No index catches up later: what the \
         search finds is written before the resource is."
    );
    let mut scene = Scene::new(stage, fhir, "A search right after a write finds it", happened).await?;
    fhir.send("PUT", "Patient/anna", &make::with_id(make::patient(1), "anna")).await?;
    scene.skip();
    let (before, mut found) = (scene.calls().len(), 0);
    for number in 0..TIMES {
        let (create, search) = if number == 0 { ("the write", "the search") } else { ("", "") };
        let mut weight = make::observation("Patient/anna", number);
        if let Some(date) = weight.get_mut("effectiveDateTime") {
            *date = format!("2026-03-12T08:{number:02}:00Z").into();
        }
        let created = scene.send(create, "POST Observation", "Observation", &weight).await?;
        let path = "Observation?patient=anna&code=http://loinc.org|29463-7&_sort=-date&_count=1";
        let page = scene.get(search, path).await?.json()?;
        let newest = page.pointer("/entry/0/resource/id").and_then(serde_json::Value::as_str).unwrap_or_default();
        found += usize::from(!newest.is_empty() && created.header("location").is_some_and(|at| at.contains(newest)));
    }
    scene.together();
    let calls = scene.calls().split_off(before);
    let depths = (scene.depth("the write"), scene.depth("the search"));
    let checks = vec![
        Check::new(format!("Each of the {TIMES} searches found what had just been written"), found == TIMES),
        Check::new("Every read of the table was strongly consistent, and none a scan", calls.iter().all(consistent)),
        Check::new(
            "A write waits for 2 calls one after another, a search for at most 3",
            depths.0 <= 2 && depths.1 <= 3,
        ),
    ];
    scene.more.push(Fact::new("calls to DynamoDB, all together", calls.len()));
    stage.close_server(scene, checks).await
}

fn consistent(call: &Call) -> bool {
    let says = |name: &str| call.parameter(name).is_some_and(|value| value.contains("true"));
    match call.action.as_str() {
        "Query" | "GetItem" => says("ConsistentRead"),
        "BatchGetItem" => call.parameter("RequestItems").is_some_and(|items| items.contains("\"ConsistentRead\":true")),
        action => action != "Scan",
    }
}
