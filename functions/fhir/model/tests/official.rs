//! HL7's own example resources and Synthea's Bundles, where the shared data are at hand: all of them are valid.

#![expect(clippy::unwrap_used, reason = "these are tests")]

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use fhir_model::json::Json;
use fhir_model::subset::Subset;
use fhir_model::validate::{Issue, validate};

const DATA: &str = "/work/shared/data/fhir";

/// What a command writes; the tests do nothing where the data are missing.
fn output(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    output.stdout
}

static OFFICIAL: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let archive = format!("{DATA}/hl7-examples/r4-examples.tar.gz");
    if !Path::new(&archive).exists() {
        return Vec::new();
    }
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("r4-examples");
    std::fs::create_dir_all(&directory).unwrap();
    output("tar", &["-xzf", &archive, "-C", directory.to_str().unwrap()]);
    let files = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let read = |path: std::path::PathBuf| {
        (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap())
    };
    files.map(read).collect()
});

fn synthea() -> Vec<(String, Vec<u8>)> {
    let Ok(files) = std::fs::read_dir(format!("{DATA}/synthea")) else { return Vec::new() };
    let files = files.map(|file| file.unwrap().path().to_string_lossy().into_owned());
    let files = files.filter(|path| path.ends_with(".json.bz2"));
    files.map(|path| (path.clone(), output("bzip2", &["-dc", &path]))).collect()
}

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
