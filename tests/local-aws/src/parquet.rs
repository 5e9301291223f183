//! Parquet by `emulators/parquet.py`: a crate that writes it would cost minutes of every build.

use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use bytes::Bytes;
use serde_json::{Value, json};

use crate::emulators::Tools;
use crate::error::{Error, Result};
use crate::process::bound;

/// The rows of a Parquet file, as lines of JSON.
pub(crate) async fn read(file: &Bytes) -> Result<Bytes> {
    run("read", file.clone()).await
}

/// A Parquet file, compressed by Snappy: columns with their types, rows that have some of them.
pub(crate) async fn write(columns: Vec<(&str, &str)>, rows: Vec<Value>) -> Result<Bytes> {
    run("write", json!({"columns": columns, "rows": rows}).to_string().into()).await
}

async fn run(what: &'static str, input: Bytes) -> Result<Bytes> {
    let python = Tools::find()?.python();
    let ran = tokio::task::spawn_blocking(move || run_blocking(&python, what, &input)).await;
    let output = ran.map_err(|error| Error::malformed("parquet.py", error))?.map_err(Error::io("parquet.py"))?;
    if output.status.success() {
        return Ok(output.stdout.into());
    }
    Err(Error::malformed("what parquet.py was given", String::from_utf8_lossy(&output.stderr)))
}

/// It reads all of its input before it writes, so that neither side waits for the other.
fn run_blocking(python: &Path, what: &str, input: &[u8]) -> std::io::Result<Output> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("emulators/parquet.py");
    let mut command = bound(python);
    command.arg(script).arg(what).env("PYTHONDONTWRITEBYTECODE", "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(input); // it may have failed, which its status tells
    }
    child.wait_with_output()
}
