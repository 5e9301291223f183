//! HL7's examples and Synthea's Bundles. They are not in the repository: where they are missing, that is said, and what is
//! tested with them is skipped.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

const SHARED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../../shared/data/fhir");

/// Names and texts of HL7's examples. Unpacked once, for tests run at the same time.
pub(crate) static OFFICIAL: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    let archive = format!("{SHARED}/hl7-examples/r4-examples.tar.gz");
    if !Path::new(&archive).exists() {
        eprintln!("skipped: HL7's examples, which are not at {archive}");
        return Vec::new();
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(concat!("r4-examples-", env!("CARGO_CRATE_NAME")));
    std::fs::create_dir_all(&folder).unwrap();
    output("tar", &["-xzf", &archive, "-C", folder.to_str().unwrap()]);
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap())).collect()
});

/// Names and texts of Synthea's Bundles.
pub(crate) fn synthea() -> Vec<(String, Vec<u8>)> {
    let Ok(files) = std::fs::read_dir(format!("{SHARED}/synthea")) else {
        eprintln!("skipped: Synthea's Bundles, which are not at {SHARED}/synthea");
        return Vec::new();
    };
    let files = files.map(|file| file.unwrap().path().to_string_lossy().into_owned());
    let bundles = files.filter(|path| path.ends_with(".json.bz2"));
    bundles.map(|path| (path.clone(), output("bzip2", &["-dc", &path]))).collect()
}

fn output(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}");
    output.stdout
}
