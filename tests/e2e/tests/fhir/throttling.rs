//! DynamoDB throttles: the client gets what it asked for or a 503 that says when to come again, and never half.

use e2e::Result;
use e2e::fhir::{Fhir, make};
use local_aws::{Answer, Fault};

use super::within;

fn unavailable(answer: &Answer) {
    let text = String::from_utf8_lossy(answer.body());
    assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("1")), "{text}");
    assert!(text.contains("OperationOutcome") && text.contains("transient"), "{text}");
}

/// Whole or not, and if it was not answered with success, it is once nothing is throttled.
async fn settled(fhir: &Fhir, patient: usize, resources: usize, answer: &Answer) -> Result<()> {
    fhir.account.clear_faults();
    let (others, there) = (resources as u64 - 1, fhir.visited(patient).await?);
    if answer.status() == 200 {
        assert_eq!(there, (1, others));
        return Ok(());
    }
    unavailable(answer);
    assert_eq!(there, (0, 0));
    fhir.expire_transactions().await?;
    assert_eq!(fhir.send("POST", "", &make::visit(patient, resources)).await?.status(), 200);
    assert_eq!(fhir.visited(patient).await?, (1, others));
    Ok(())
}

#[test]
fn a_call_that_is_throttled_now_and_then_is_made_again() {
    within(&[], async |fhir| {
        for number in [1, 2, 4, 6] {
            fhir.account.inject(Fault::throttle().action("dynamodb:*").nth(number));
        }
        assert_eq!(fhir.send("POST", "", &make::visit(1, 10)).await?.status(), 200);
        fhir.account.clear_faults();
        assert_eq!(fhir.visited(1).await?, (1, 9));
        fhir.account.inject(Fault::throttle().action("dynamodb:*").first(2));
        assert_eq!(fhir.visited(1).await?, (1, 9));
        Ok(())
    });
}

#[test]
fn a_table_that_only_throttles_is_a_503_with_the_time_to_come_again() {
    within(&[], async |fhir| {
        fhir.account.inject(Fault::throttle().action("dynamodb:*"));
        for (method, path) in [("GET", "Patient/1"), ("GET", "Patient?family=quitte1")] {
            unavailable(&fhir.account.send(fhir.request(method, path)).await?);
        }
        unavailable(&fhir.send("POST", "Patient", &make::patient(1)).await?);
        let answer = fhir.send("POST", "", &make::visit(1, 5)).await?;
        settled(fhir, 1, 5, &answer).await
    });
}

#[test]
fn wherever_throttling_begins_a_transaction_is_whole_or_not_there() {
    within(&[], async |fhir| {
        let from = |action: &str, n| Fault::throttle().action(action).from(n);
        let small =
            [from("dynamodb:*", 2), from("dynamodb:*", 3), from("TransactWriteItems", 1), from("BatchWriteItem", 2)];
        for (patient, fault) in small.into_iter().enumerate() {
            fhir.account.inject(fault);
            let answer = fhir.send("POST", "", &make::visit(patient, 12)).await?;
            settled(fhir, patient, 12, &answer).await?;
        }
        let large = [
            from("BatchWriteItem", 1),
            from("UpdateItem", 1),
            from("UpdateItem", 2),
            from("UpdateItem", 3),
            from("UpdateItem", 50),
        ];
        for (patient, fault) in large.into_iter().enumerate() {
            let patient = 100 + patient;
            fhir.account.inject(fault);
            let answer = fhir.send("POST", "", &make::visit(patient, 110)).await?;
            settled(fhir, patient, 110, &answer).await?;
        }
        Ok(())
    });
}

#[test]
fn a_bucket_that_slows_down_is_no_lost_document() {
    within(&[], async |fhir| {
        let slow = || Fault::error(503, "SlowDown", "Please reduce your request rate.");
        let document = make::with_id(make::document(300_000), "scan");
        fhir.account.inject(slow().action("s3:PutObject").first(1));
        assert_eq!(fhir.send("PUT", "Binary/scan", &document).await?.status(), 201);
        fhir.account.inject(slow().action("s3:GetObject"));
        unavailable(&fhir.account.send(fhir.request("GET", "Binary/scan")).await?);
        fhir.account.clear_faults();
        assert_eq!(fhir.get("Binary/scan").await?["data"], document["data"]);
        Ok(())
    });
}
