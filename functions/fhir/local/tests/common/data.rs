//! Resources to test with: our own, HL7's examples and Synthea's Bundles. The latter are not in the repository; where they
//! are missing, that is said, and the tests go on with our own.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/data/fhir");

/// Our own resources: a text for each.
pub fn own() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/resources");
    read(&folder)
}

/// HL7's examples.
pub fn official() -> Vec<(String, Vec<u8>)> {
    let archive = format!("{SHARED}/hl7-examples/r4-examples.tar.gz");
    if !Path::new(&archive).exists() {
        eprintln!("skipped: HL7's examples, which are not at {archive}");
        return Vec::new();
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("r4-examples-over-http");
    std::fs::create_dir_all(&folder).unwrap();
    output("tar", &["-xzf", &archive, "-C", folder.to_str().unwrap()]);
    read(&folder)
}

/// Synthea's Bundles of a patient, and before it what it refers to: hospitals and practitioners.
pub fn synthea_patient() -> Vec<Vec<u8>> {
    if !Path::new(&format!("{SHARED}/synthea")).exists() {
        eprintln!("skipped: Synthea's Bundles, which are not at {SHARED}/synthea");
        return Vec::new();
    }
    let read = |name: &str| output("bzip2", &["-dc", &format!("{SHARED}/synthea/{name}.json.bz2")]);
    let patient = read("4004a424-c33b-6ced-23c3-c1318e45c419");
    let text = String::from_utf8(patient.clone()).unwrap();
    let named = |entry: &Value| {
        let resource = &entry["resource"];
        let values = [&resource["identifier"][0]["value"], &resource["practitioner"]["identifier"]["value"]];
        values.into_iter().filter_map(Value::as_str).any(|value| text.contains(value))
    };
    let before = ["0-hospitalInformation1625911868739", "0-practitionerInformation1625911868739"].map(|name| {
        let mut bundle: Value = serde_json::from_slice(&read(name)).unwrap();
        bundle["entry"].as_array_mut().unwrap().retain(named);
        bundle.to_string().into_bytes()
    });
    before.into_iter().chain([patient]).collect()
}

fn output(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    output.stdout
}

fn read(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let mut all: Vec<(String, Vec<u8>)> = files
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    all.sort();
    all
}
