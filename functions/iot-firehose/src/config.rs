//! The function's configuration. The table of its variables is in the README.

use shared::env::{Reader, text};

use crate::event::Sources;
use crate::mapping::Mapping;
use crate::time::TimePolicy;

/// What the environment says.
#[derive(Debug)]
pub struct Config {
    /// `DELIVERY_STREAM_NAME`: the Firehose stream.
    pub stream: String,
    /// `QUARANTINE_BUCKET`: where messages go that give no line.
    pub quarantine_bucket: String,
    /// `QUARANTINE_PREFIX`: what their keys begin with.
    pub quarantine_prefix: String,
    /// `TRANSFORM`: the mapping, or a file's path that holds it.
    pub mapping: Mapping,
    /// `TIME_POLICY`.
    pub time_policy: TimePolicy,
    /// `SOURCES`.
    pub sources: Sources,
}

impl Config {
    /// Reads the variables; `None` if one that must be there is not. Mistakes stay with `env`. Files are read by `file`.
    pub fn read<L: Fn(&str) -> Option<String>>(
        env: &mut Reader<L>,
        file: impl Fn(&str) -> std::io::Result<String>,
    ) -> Option<Self> {
        let stream = env.required("DELIVERY_STREAM_NAME", "SensorDataStream", stream_name);
        let quarantine_bucket = env.required("QUARANTINE_BUCKET", "sensor-data-quarantine", bucket);
        let quarantine_prefix = env.or("QUARANTINE_PREFIX", "quarantine/".to_owned(), "quarantine/", text);
        let mapping = env.or("TRANSFORM", Mapping::read(Mapping::DEFAULT).ok(), "mappings/sensor.json", |value| {
            let written = if value.starts_with('{') { Ok(value.to_owned()) } else { file(value) };
            let written = written.map_err(|error| format!("can't be read as a file: {error}"))?;
            Mapping::read(&written).map(Some).map_err(|why| format!("is no mapping: {why}"))
        });
        let time_policy = env.or("TIME_POLICY", TimePolicy::Javascript, "javascript", |value| match value {
            "javascript" => Ok(TimePolicy::Javascript),
            "strict" => Ok(TimePolicy::Strict),
            _ => Err("is neither javascript nor strict".to_owned()),
        });
        let sources = env.or("SOURCES", Sources::Any, "any", |value| match value {
            "any" => Ok(Sources::Any),
            "direct" => Ok(Sources::Direct),
            _ => Err("is neither any nor direct".to_owned()),
        });
        Some(Self {
            stream: stream?,
            quarantine_bucket: quarantine_bucket?,
            quarantine_prefix,
            mapping: mapping?,
            time_policy,
            sources,
        })
    }
}

/// <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html>
fn stream_name(value: &str) -> Result<String, String> {
    let good = value.len() <= 64 && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-'));
    if good { Ok(value.to_owned()) } else { Err("is no stream's name".to_owned()) }
}

/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html>
fn bucket(value: &str) -> Result<String, String> {
    let good = (3..=63).contains(&value.len())
        && value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-'));
    if good { Ok(value.to_owned()) } else { Err("is no bucket's name".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;

    fn read(vars: &[(&str, &str)]) -> (Option<Config>, Vec<String>) {
        let mut env = Reader::new(|name| vars.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()));
        let file = |path: &str| match path {
            "good.json" => Ok(Mapping::DEFAULT.to_owned()),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        };
        let config = Config::read(&mut env, file);
        (config, env.finish().err().map(|e| e.0).unwrap_or_default())
    }

    #[test]
    fn all_mistakes_are_named_at_once() {
        let vars =
            [("QUARANTINE_BUCKET", "Not A Bucket"), ("TRANSFORM", "{\"fields\":{\"id\":{}}}"), ("TIME_POLICY", "lax")];
        let (config, mistakes) = read(&vars);
        assert!(config.is_none());
        for name in ["DELIVERY_STREAM_NAME"].into_iter().chain(vars.map(|(name, _)| name)) {
            assert_eq!(mistakes.iter().filter(|m| m.starts_with(name)).count(), 1, "{name}: {mistakes:?}");
        }
    }

    #[test]
    fn the_mapping_is_the_originals_unless_a_text_or_a_file_says_otherwise() {
        let base = [("DELIVERY_STREAM_NAME", "s"), ("QUARANTINE_BUCKET", "bucket")];
        for (transform, fields) in [("", 2), ("good.json", 2), (r#"{"fields": {"a": {"from": "b"}}}"#, 1)] {
            let (config, mistakes) = read(&[&base[..], &[("TRANSFORM", transform)]].concat());
            assert_eq!(config.unwrap().mapping.fields.len(), fields, "{mistakes:?}");
        }
        assert_eq!(read(&[&base[..], &[("TRANSFORM", "bad.json")]].concat()).1.len(), 1);
    }

    #[test]
    fn every_mapping_that_ships_is_one() {
        let folder = format!("{}/mappings", env!("CARGO_MANIFEST_DIR"));
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(Mapping::read(&text).is_ok(), "{text}");
        }
    }
}
