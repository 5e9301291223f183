//! Calls one after another, which is what a client waits for: counted, not timed. Each call is held up, so that those made at
//! once are seen to be.

use std::time::Duration;

use e2e::Result;
use e2e::fhir::{FHIR_JSON, Fhir, make};
use local_aws::Fault;
use serde_json::Value;

use super::{of_location, within};

/// The depth of a request that must be answered with that status.
async fn depth(fhir: &Fhir, method: &str, path: &str, body: &Value, status: u16) -> Result<usize> {
    let request = fhir.request(method, path);
    let request = if body.is_null() { request } else { request.body(FHIR_JSON, body.to_string()) };
    let (answer, invocation) = fhir.traced(request).await?;
    let story = invocation.calls.story();
    assert_eq!(answer.status(), status, "{method} {path}: {}\n{story}", String::from_utf8_lossy(answer.body()));
    assert_eq!(invocation.calls.count("Scan"), 0, "{story}");
    Ok(invocation.calls.depth())
}

#[test]
fn each_interaction_waits_for_as_few_calls_as_the_design_says() {
    within(&[], async |fhir| {
        fhir.account.inject(Fault::delay(Duration::from_millis(150)));
        let created =
            fhir.traced(fhir.request("POST", "Patient").body(FHIR_JSON, make::patient(1).to_string())).await?;
        assert!(created.1.calls.depth() <= 2, "{}", created.1.calls.story());
        let path = of_location(fhir, &created.0);
        let id = path.trim_start_matches("Patient/");
        assert_eq!(depth(fhir, "GET", &path, &Value::Null, 200).await?, 1);
        assert_eq!(depth(fhir, "GET", "Patient/nobody", &Value::Null, 404).await?, 1);
        assert!(depth(fhir, "PUT", &path, &make::with_id(make::patient(2), id), 200).await? <= 3);
        for weight in 0..6 {
            assert!(depth(fhir, "POST", "Observation", &make::observation(&path, weight), 201).await? <= 2);
        }
        for search in [
            "Patient?family=quitte2".to_owned(),
            format!("Observation?patient={id}"),
            format!("Observation?patient={id}&code=http://loinc.org|29463-7&_sort=-date&_count=3"),
            format!("Observation?patient={id}&code=29463-7&status=final&_include=Observation:patient"),
        ] {
            let depth = depth(fhir, "GET", &search, &Value::Null, 200).await?;
            assert!((1..=3).contains(&depth), "{search}: {depth}");
        }
        Ok(())
    });
}

/// Index rows are written by 25, and 128 such calls at once: these resources have 22 rows each.
#[test]
fn a_transaction_waits_for_four_calls() {
    within(&[], async |fhir| {
        depth(fhir, "GET", "Patient/nobody", &Value::Null, 404).await?; // a start is no part of it
        fhir.account.inject(Fault::delay(Duration::from_secs(1)));
        assert!(depth(fhir, "POST", "", &make::visit(1, 60), 200).await? <= 4);
        assert!(depth(fhir, "POST", "", &make::visit(2, 99), 200).await? <= 4);
        Ok(())
    });
}
