//! HL7's own example resources and Synthea's Bundles, where the shared data are at hand: all of them are valid.

#![expect(clippy::unwrap_used, reason = "these are tests")]

mod data;

use data::{OFFICIAL, synthea};
use fhir_model::json::Json;
use fhir_model::subset::Subset;
use fhir_model::validate::{Issue, validate};

fn lines(name: &str, issues: &[Issue]) -> Vec<String> {
    issues.iter().map(|issue| format!("{name}: {} {}: {}", issue.code, issue.expression, issue.message)).collect()
}

#[test]
fn all_official_examples_and_synthea_bundles_are_valid() {
    let mut found = Vec::new();
    for (name, text) in OFFICIAL.iter().chain(&synthea()) {
        let issues = validate(&Json::parse(text).unwrap());
        found.extend(lines(name, &issues));
    }
    assert!(found.is_empty(), "{} issues:\n{}", found.len(), found.join("\n"));
}

#[test]
fn subsets_of_the_official_examples_are_valid() {
    let elements = Subset::Elements(vec!["identifier".to_owned(), "name".to_owned()]);
    let mut found = Vec::new();
    for (name, text) in OFFICIAL.iter() {
        let resource = Json::parse(text).unwrap();
        for subset in [Subset::Summary, Subset::Text, Subset::Data, elements.clone()] {
            let mut issues = validate(&subset.apply(&resource));
            issues.retain(|issue| !issue.message.contains("ref-1")); // what is contained is left out
            found.extend(lines(&format!("{subset:?} of {name}"), &issues));
        }
    }
    assert!(found.is_empty(), "{} issues:\n{}", found.len(), found.join("\n"));
}
