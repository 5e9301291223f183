//! Compartments hold what R4's definitions say.

use std::collections::{BTreeMap, BTreeSet};

use fhir_definitions::resource_type;

use crate::common::generate::definition;
use crate::{THREADS, none_is_wrong, shared};

#[test]
fn compartments_hold_what_their_parameters_say() {
    THREADS.block_on(async {
        let (client, oracle) = shared().await;
        let mut all = Vec::new();
        let mut count = 0;
        let owners =
            oracle.keys().filter(|key| matches!(definition(key).name, "Patient" | "Encounter" | "Practitioner"));
        for owner in owners.collect::<Vec<_>>().into_iter().rev().take(4) {
            let name = definition(owner).name;
            let inside = |key: &&String| {
                let codes = definition(key).compartment(name).unwrap_or_default().iter();
                let mut parameters = codes.filter_map(|code| definition(key).parameter(code));
                *key == owner || parameters.any(|it| oracle.references(key, it).contains(owner))
            };
            let expected: BTreeSet<String> = oracle.keys().filter(inside).cloned().collect();
            let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::from([("*".to_owned(), expected.clone())]);
            for kind in ["Observation", "Encounter", "Condition", "List", "DiagnosticReport"] {
                if resource_type(kind).unwrap().compartment(name).is_some() && kind != name {
                    asked.insert(
                        kind.to_owned(),
                        expected.iter().filter(|key| definition(key).name == kind).cloned().collect(),
                    );
                }
            }
            for (kind, expected) in asked {
                count += 1;
                let found = client.search(&format!("/{owner}/{kind}?_count=50")).await;
                let set = found.clone().map(|found| found.into_iter().collect::<BTreeSet<_>>());
                if set.as_ref() != Ok(&expected) || found.as_ref().unwrap().len() != expected.len() {
                    all.push(format!("{owner}/{kind}: {found:?}, not {expected:?}"));
                }
            }
        }
        none_is_wrong(&all, count);
        let found = client.search("/Patient/own-1/Observation?code=85354-9").await.unwrap();
        assert_eq!(found, ["Observation/own-1"]);
    });
}
