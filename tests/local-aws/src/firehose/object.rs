//! The objects that a batch makes.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::configuration::Configuration;
use super::prefix;
use super::stream::{Batch, Record};
use crate::error::{Error, Result};
use crate::random::uuid;

/// An object to be written.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) key: String,
    pub(super) body: Bytes,
}

/// The objects of a batch.
pub(super) fn of_batch(batch: &Batch) -> Result<Vec<Object>> {
    let Batch { configuration, records } = batch;
    let at = oldest(records);
    let prefix = prefix::of_data(&configuration.prefix, at)?;
    // As they came: whoever wants lines ends records with a newline.
    let joined: Vec<u8> = records.iter().flat_map(|record| record.data.iter().copied()).collect();
    let (body, extension) = if configuration.gzip { (gzip(&joined)?, ".gz") } else { (joined, "") };
    let key = format!("{prefix}{}{extension}", name(configuration, at)?);
    Ok(vec![Object { key, body: body.into() }])
}

/// The arrival of the oldest record: the time of the prefix and of the name.
fn oldest(records: &[Record]) -> f64 {
    records.iter().map(|record| record.arrived).fold(f64::INFINITY, f64::min)
}

fn name(configuration: &Configuration, at: f64) -> Result<String> {
    let Configuration { stream, version, .. } = configuration;
    let time =
        prefix::timestamp("yyyy-MM-dd-HH-mm-ss", at).ok_or_else(|| Error::malformed("the time of a record", at))?;
    Ok(format!("{stream}-{version}-{time}-{}", uuid()))
}

fn gzip(content: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let compressed = encoder.write_all(content).and_then(|()| encoder.finish());
    compressed.map_err(Error::io("GZIP"))
}
