//! The objects that a batch makes.

use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use super::configuration::Configuration;
use super::prefix;
use super::schema::{self, Column, Failure, Schema};
use super::stream::{Batch, Record};
use crate::account::Account;
use crate::error::{Error, Result};
use crate::random::uuid;
use crate::ssm::time;
use crate::{REGION, parquet};

/// An object to be written.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) key: String,
    pub(super) body: Bytes,
}

/// The objects of a batch.
pub(super) async fn of_batch(account: &Account, batch: &Batch) -> Result<Vec<Object>> {
    let Batch { configuration, records } = batch;
    if let Some(schema) = &configuration.conversion {
        return converted(account, configuration, schema, records).await;
    }
    // As they came: whoever wants lines ends records with a newline.
    let joined: Vec<u8> = records.iter().flat_map(|record| record.data.iter().copied()).collect();
    let (body, extension) = if configuration.gzip { (gzip(&joined)?, ".gz") } else { (joined, "") };
    Ok(vec![Object { key: key(configuration, records, extension)?, body: body.into() }])
}

/// One of the records that fit the table, one of those that do not.
async fn converted(
    account: &Account,
    configuration: &Configuration,
    schema: &Schema,
    records: &[Record],
) -> Result<Vec<Object>> {
    let columns = schema::columns(account, schema).await?;
    let (mut rows, mut failed) = (Vec::new(), Vec::new());
    for record in records {
        let read = columns.as_ref().ok_or(schema::NO_TABLE).and_then(|columns| schema::rows(&record.data, columns));
        match read {
            Ok(of_record) => rows.extend(of_record),
            Err(failure) => failed.push(error_record(account, schema, record, failure).to_string() + "\n"),
        }
    }
    let mut objects = Vec::new();
    if !rows.is_empty() {
        let columns = columns.iter().flatten().map(|Column { name, kind }| (name.as_str(), kind.name())).collect();
        let body = parquet::write(columns, rows).await?;
        objects.push(Object { key: key(configuration, records, ".parquet")?, body });
    }
    if !failed.is_empty() {
        objects.push(Object { key: error_key(configuration, records)?, body: failed.concat().into() });
    }
    Ok(objects)
}

/// <https://docs.aws.amazon.com/firehose/latest/dev/record-format-conversion-error-handling.html>
fn error_record(account: &Account, schema: &Schema, record: &Record, (code, message): Failure) -> Value {
    json!({
        "attemptsMade": 1,
        "arrivalTimestamp": milliseconds(record.arrived),
        "ErrorCode": code,
        "ErrorMessage": message,
        "attemptEndingTimestamp": milliseconds(time::now()),
        "rawData": STANDARD.encode(&record.data),
        "sequenceNumber": null,
        "subSequenceNumber": null,
        "dataCatalogTable": {
            "catalogId": account.id(),
            "databaseName": schema.database,
            "tableName": schema.table,
            "region": REGION,
            "versionId": schema.version,
            "catalogArn": null,
        },
    })
}

#[expect(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0) as i64
}

fn key(configuration: &Configuration, records: &[Record], extension: &str) -> Result<String> {
    let at = oldest(records);
    Ok(format!("{}{}{extension}", prefix::of_data(&configuration.prefix, at)?, name(configuration, at)?))
}

fn error_key(configuration: &Configuration, records: &[Record]) -> Result<String> {
    let (at, Configuration { error_prefix, prefix, .. }) = (oldest(records), configuration);
    let prefix = prefix::of_errors(error_prefix, prefix, prefix::CONVERSION_FAILED, at)?;
    Ok(prefix + &name(configuration, at)?)
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
