//! The process is killed in the middle of a transaction: all of it is there or nothing, and the client's next attempt goes
//! through. The store's own tests kill at each call; these do it to the real process.

use e2e::Result;
use e2e::fhir::{Fhir, make};
use local_aws::Fault;

use super::within;

/// Sends a transaction of so many resources and kills the function where the fault says; then once more. Whether the fault
/// came up, and whether what was sent first is there.
async fn killed(fhir: &Fhir, patient: usize, resources: usize, fault: Fault) -> Result<(bool, bool)> {
    let others = resources as u64 - 1;
    fhir.account.inject(fault);
    let bundle = make::visit(patient, resources);
    let died = fhir.send("POST", "", &bundle).await?.status() >= 500;
    fhir.account.clear_faults();
    let there = fhir.visited(patient).await?;
    assert!([(0, 0), (1, others)].contains(&there), "half of {patient}: {there:?}");
    assert!(died || there.0 == 1, "a lost transaction of success");
    let mut again = fhir.send("POST", "", &bundle).await?;
    if again.status() == 503 {
        assert_eq!(again.header("retry-after"), Some("1"), "what died holds the same patient for up to a minute");
        fhir.expire_transactions().await?;
        again = fhir.send("POST", "", &bundle).await?;
    }
    assert_eq!(again.status(), 200, "{}", String::from_utf8_lossy(again.body()));
    // The patient is found, what is unconditional comes once more.
    assert_eq!(fhir.visited(patient).await?, (1, others * (there.0 + 1)), "{patient}");
    Ok((died, there.0 == 1))
}

#[test]
fn a_small_transaction_is_there_whole_or_not_after_any_call() {
    within(&[], async |fhir| {
        let mut ends = Vec::new();
        for (call, nth) in (1..40).zip(1..) {
            let (died, there) = killed(fhir, call, 5, Fault::kill_after().function("FhirFunction").nth(nth)).await?;
            if !died {
                break;
            }
            ends.push(there);
        }
        assert!((3..39).contains(&ends.len()), "it was killed at each call: {ends:?}");
        assert!(ends.is_sorted() && ends.contains(&false), "before the commit nothing, after it all: {ends:?}");
        Ok(())
    });
}

#[test]
fn a_large_transaction_is_there_whole_or_not_wherever_it_ends() {
    within(&[], async |fhir| {
        let update = |n| Fault::kill_after().action("dynamodb:UpdateItem").nth(n);
        let rows = |n| Fault::kill_after().action("dynamodb:BatchWriteItem").nth(n);
        let any = |n| Fault::kill_after().function("FhirFunction").nth(n);
        // Where, and whether it is there: while it is prepared; while its 120 heads and the claim are staged, by an update
        // each; committed by the next one; while they are made current.
        let table = [
            (any(1), Some(false)),
            (any(3), Some(false)),
            (rows(1), Some(false)),
            (rows(40), Some(false)),
            (update(1), Some(false)),
            (update(60), Some(false)),
            (update(121), Some(false)),
            (update(122), Some(true)),
            (update(123), Some(true)),
            (update(180), Some(true)),
            (any(150), None),
        ];
        for (number, (fault, expected)) in table.into_iter().enumerate() {
            let story = format!("{fault:?}");
            let (died, there) = killed(fhir, number, 120, fault).await?;
            assert!(died && expected.is_none_or(|expected| expected == there), "{there} {story}");
        }
        Ok(())
    });
}
