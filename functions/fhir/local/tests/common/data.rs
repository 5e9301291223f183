//! Resources to test with: our own, HL7's examples and Synthea's Bundles. The latter are not in the repository; where they
//! are missing, that is said, and the tests go on with our own.

use std::path::Path;
use std::process::Command;

const SHARED: &str = "/work/shared/data/fhir";

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

/// Bundles of Synthea whose name begins so.
pub fn synthea(begin: &str) -> Vec<(String, Vec<u8>)> {
    let Ok(files) = std::fs::read_dir(format!("{SHARED}/synthea")) else {
        eprintln!("skipped: Synthea's Bundles, which are not at {SHARED}/synthea");
        return Vec::new();
    };
    let paths = files.map(|file| file.unwrap().path());
    let named = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(begin);
    let mut paths: Vec<String> = paths.filter(named).map(|path| path.to_string_lossy().into_owned()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), output("bzip2", &["-dc", &path]))).collect()
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
