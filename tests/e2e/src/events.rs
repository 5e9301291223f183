//! The sample events of `events/`, with the names of a world put in.

use serde_json::Value;

use crate::Result;

/// A sample event of `events/`, with each of `names` replaced by its other half, inside strings too: an SNS message is
/// JSON in a string.
pub fn sample(path: &str, names: &[(&str, &str)]) -> Result<Value> {
    let file = format!("{}/../../events/{path}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let text = names.iter().fold(text, |text, (from, to)| text.replace(from, to));
    Ok(serde_json::from_str(&text)?)
}
