//! Least privilege, both ways. The gateway asks the deployed role at every call, so that every other test here proves that
//! the role allows what the function calls; these prove that it allows nothing else.

use std::time::Duration;

use e2e::Result;
use e2e::events::sample;
use e2e::fhir::{FHIR_JSON, Fhir, make};
use local_aws::{Call, Fault};

use super::within;

/// Two clients replace the same large document at once: the one that comes too late removes what it put into S3, and tries
/// again.
async fn race(fhir: &Fhir) -> Result<()> {
    let put = || {
        let document = make::with_id(make::document(300_000), "scan");
        fhir.account.send(fhir.request("PUT", "Binary/scan").body(FHIR_JSON, document.to_string()))
    };
    put().await?;
    for commit in ["dynamodb:PutItem", "dynamodb:TransactWriteItems"] {
        fhir.account.inject(Fault::delay(Duration::from_secs(2)).action(commit).nth(1));
    }
    let (one, other) = tokio::join!(put(), put());
    fhir.account.clear_faults();
    assert_eq!((one?.status(), other?.status()), (200, 200));
    assert_eq!(fhir.get("Binary/scan").await?["meta"]["versionId"], "3");
    assert_eq!(fhir.objects("BodiesBucket").await?.len(), 3, "one for each version");
    Ok(())
}

/// What clients do with a server, large and small.
async fn everything(fhir: &Fhir) -> Result<()> {
    for resources in [20, 120] {
        assert_eq!(fhir.send("POST", "", &make::visit(resources, resources)).await?.status(), 200);
    }
    let patient = make::with_id(make::patient(1), "p");
    for status in [201, 200] {
        assert_eq!(fhir.send("PUT", "Patient/p", &patient).await?.status(), status);
    }
    assert_eq!(fhir.count("Patient?family:exact=Quitte1&birthdate=1974-12-25").await?, 1);
    fhir.get("Observation?patient=p&_include=Observation:patient&_sort=date").await?;
    fhir.get("Patient/p/_history").await?;
    fhir.get("_history?_count=5").await?;
    let condition = format!("Patient?identifier={}|quince-1", make::MRN);
    assert_eq!(fhir.send("PUT", &condition, &make::patient(1)).await?.status(), 200);
    assert_eq!(fhir.account.send(fhir.request("DELETE", "Patient/p")).await?.status(), 204);
    race(fhir).await?;
    super::bodies::lose_bodies(fhir).await?;
    let small = make::with_id(make::document(1000), "scan");
    assert_eq!(fhir.send("PUT", "Binary/scan", &small).await?.status(), 200);
    Ok(())
}

#[test]
fn every_action_that_the_role_allows_is_used_and_no_other_is_asked_for() {
    within(&[("Archive", "true")], async |fhir| {
        everything(fhir).await?;
        assert_eq!(fhir.account.policy_coverage().unused_actions(), Vec::<String>::new());
        let calls = fhir.account.calls();
        let denied = |call: &&Call| call.error_code.as_deref().is_some_and(|code| code.contains("AccessDenied"));
        assert_eq!(calls.iter().filter(denied).count(), 0, "{}", calls.story());
        assert_eq!(calls.count("Scan"), 0);
        let own = |arn: &String| {
            let table = fhir.stack.output("TableName").unwrap();
            let bodies = format!("{}/bodies/", fhir.stack.output("BodiesBucket").unwrap());
            let archive = format!("{}/", fhir.stack.output("ArchiveBucket").unwrap());
            arn.ends_with(&format!(":table/{table}")) || arn.contains(&bodies) || arn.contains(&archive)
        };
        assert!(calls.resources().iter().all(own), "{:?}", calls.resources());
        Ok(())
    });
}

#[test]
fn another_table_and_another_bucket_are_not_the_functions_to_use() {
    within(&[("Archive", "true")], async |fhir| {
        let bodies = fhir.stack.output("BodiesBucket")?.to_owned();
        let (read, create) = (sample("fhir/http-api-read", &[])?, sample("fhir/http-api-create", &[])?);
        for (variable, value, event) in
            [("TABLE", "other", &read), ("TABLE", "other", &create), ("ARCHIVE_BUCKET", &bodies, &create)]
        {
            let invocation = fhir.function.with_env(&[(variable, value)]).invoke(event).await?;
            let status = invocation.result.as_ref().unwrap()["statusCode"].as_u64();
            assert!(status.is_some_and(|status| status >= 500), "{variable}: {:?}", invocation.result);
            assert!(invocation.logged("AccessDenied"), "{:?}", invocation.logs);
            let denied = |call: &Call| call.error_code.as_deref().is_some_and(|code| code.contains("AccessDenied"));
            let denials = invocation.calls.filter(denied);
            let mut actions: Vec<_> = denials.iter().map(|call| (&call.action, &call.parameters)).collect();
            let all = actions.len();
            actions.dedup();
            assert_eq!((actions.len(), all > 0), (all, true), "not retried: {}", invocation.calls.story());
        }
        assert_eq!(fhir.objects("BodiesBucket").await?, []);
        Ok(())
    });
}
