//! Many clients at once: conditional interactions do not race, and nobody sees half.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use e2e::fhir::{FHIR_JSON, make};
use local_aws::Fault;
use tokio::task::JoinSet;

use super::{of_location, within};

#[test]
fn of_many_simultaneous_conditional_creates_one_creates_and_all_answer_with_it() {
    within(&[("ReservedConcurrency", "20")], async |fhir| {
        // What is written before the commit is held up, so that all have found nobody when the first commits.
        fhir.account.inject(Fault::delay(Duration::from_millis(1500)).action("dynamodb:BatchWriteItem").first(20));
        let mut clients = JoinSet::new();
        for _ in 0..20 {
            let request = fhir.request("POST", "Patient").body(FHIR_JSON, make::patient(7).to_string());
            let request = request.header("if-none-exist", &format!("identifier={}|quince-7", make::MRN));
            let account = fhir.account.clone();
            clients.spawn(async move { account.send(request).await });
        }
        let answers = clients.join_all().await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let statuses: Vec<_> = answers.iter().map(local_aws::Answer::status).collect();
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 19, "{statuses:?}");
        let commits = fhir.account.calls().count("dynamodb:TransactWriteItems");
        assert!(commits > 1, "they did race: {commits}");
        let places: BTreeSet<_> = answers.iter().map(|answer| of_location(fhir, answer)).collect();
        assert_eq!((places.len(), fhir.count("Patient?family=quitte7").await?), (1, 1));
        Ok(())
    });
}

#[test]
fn who_searches_meanwhile_sees_all_of_a_transaction_or_nothing() {
    within(&[], async |fhir| {
        let bundle = make::visit(1, 120);
        let search = format!("Observation?identifier={}|visit-1", make::MRN);
        let (mut posting, mut seen) = (Box::pin(fhir.send("POST", "", &bundle)), BTreeMap::<_, usize>::new());
        let posted = loop {
            tokio::select! {
                posted = &mut posting => break posted?,
                counted = fhir.count(&search) => *seen.entry(counted?).or_default() += 1,
            }
        };
        assert_eq!(posted.status(), 200);
        assert!(seen.keys().all(|count| [0, 119].contains(count)) && seen.values().sum::<usize>() > 2, "{seen:?}");
        assert_eq!(fhir.count(&search).await?, 119);
        Ok(())
    });
}
