//! A stream as it was deployed: what ministack's `DescribeDeliveryStream` says. Asked at every call, so that no update is
//! missed.

use serde_json::{Value, json};

use super::schema::Schema;
use crate::account::Account;
use crate::control;
use crate::error::Error;
use crate::wire::ServiceError;

/// What matters here of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Configuration {
    pub(super) stream: String,
    pub(super) version: String,
    pub(super) encrypted: bool,
    pub(super) bucket: String,
    pub(super) prefix: String,
    pub(super) error_prefix: String,
    /// The role by which it delivers.
    pub(super) role: String,
    pub(super) gzip: bool,
    /// The table by which JSON becomes Parquet.
    pub(super) conversion: Option<Schema>,
    /// How many bytes make an object.
    pub(super) size: usize,
    /// After how long there is an object however few they are.
    pub(super) seconds: f64,
}

/// The configuration of a stream, or the error that Firehose answers.
pub(super) async fn read(account: &Account, name: &str) -> Result<Configuration, ServiceError> {
    let input = json!({"DeliveryStreamName": name});
    let target = "Firehose_20150804.DescribeDeliveryStream";
    match control::json_to_emulator(account, "firehose", target, &input).await.and_then(|answer| answer.json()) {
        Ok(answer) => understand(name, answer.get("DeliveryStreamDescription").unwrap_or(&answer)),
        Err(Error::Control { code, .. }) if code == "ResourceNotFoundException" => {
            let message = format!("Firehose {name} under account {} not found.", account.id());
            Err(ServiceError::new(400, code, message))
        }
        Err(error) => Err(ServiceError::new(500, "InternalFailure", format!("{error:?}"))),
    }
}

fn understand(name: &str, description: &Value) -> Result<Configuration, ServiceError> {
    let kinds = ["ExtendedS3DestinationDescription", "S3DestinationDescription"];
    let s3 = kinds.iter().find_map(|kind| description.pointer(&format!("/Destinations/0/{kind}")));
    let Some(s3) = s3 else {
        return Err(unsupported(name, "another destination than S3"));
    };
    for (feature, what) in
        [("ProcessingConfiguration", "a transformation"), ("DynamicPartitioningConfiguration", "dynamic partitioning")]
    {
        if s3.get(feature).is_some_and(is_enabled) {
            return Err(unsupported(name, what));
        }
    }
    let text = |member: &str| s3[member].as_str().unwrap_or_default().to_owned();
    let hint = |member: &str| s3.pointer(&format!("/BufferingHints/{member}")).and_then(number);
    let compression = text("CompressionFormat");
    if !matches!(compression.as_str(), "" | "UNCOMPRESSED" | "GZIP") {
        return Err(unsupported(name, &compression));
    }
    Ok(Configuration {
        stream: name.to_owned(),
        version: description["VersionId"].as_str().unwrap_or("1").to_owned(),
        encrypted: description.pointer("/DeliveryStreamEncryptionConfiguration/Status") == Some(&"ENABLED".into()),
        bucket: text("BucketARN").rsplit(':').next().unwrap_or_default().to_owned(),
        prefix: text("Prefix"),
        error_prefix: text("ErrorOutputPrefix"),
        role: text("RoleARN").rsplit('/').next().unwrap_or_default().to_owned(),
        gzip: compression == "GZIP",
        conversion: conversion(name, s3)?,
        size: usize::try_from(hint("SizeInMBs").unwrap_or(5)).unwrap_or_default() * 1024 * 1024,
        seconds: f64::from(hint("IntervalInSeconds").unwrap_or(300)),
    })
}

/// Conversion as it is usual: `OpenXJsonSerDe` without options to `ParquetSerDe`.
fn conversion(name: &str, s3: &Value) -> Result<Option<Schema>, ServiceError> {
    let Some(conversion) = s3.get("DataFormatConversionConfiguration").filter(|conversion| is_enabled(conversion))
    else {
        return Ok(None);
    };
    let at = |place: &str| conversion.pointer(place);
    if at("/InputFormatConfiguration/Deserializer/OpenXJsonSerDe") != Some(&json!({})) {
        return Err(unsupported(name, "another deserializer than OpenXJsonSerDe without options"));
    }
    let serializer = "/OutputFormatConfiguration/Serializer/ParquetSerDe";
    let compression = at(&format!("{serializer}/Compression")).is_none_or(|compression| compression == "SNAPPY");
    if at(serializer).is_none() || !compression {
        return Err(unsupported(name, "another serializer than ParquetSerDe with SNAPPY"));
    }
    let text = |member: &str| {
        let value = at(&format!("/SchemaConfiguration/{member}")).and_then(Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    Ok(Some(Schema { database: text("DatabaseName"), table: text("TableName"), version: text("VersionId") }))
}

/// A parameter of a template comes as text.
fn number(value: &Value) -> Option<u32> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u32::try_from(number).ok()
}

/// `Enabled` is true unless it says otherwise.
fn is_enabled(feature: &Value) -> bool {
    feature.get("Enabled").is_none_or(|enabled| *enabled != false && *enabled != "false")
}

fn unsupported(name: &str, what: &str) -> ServiceError {
    let message = format!("{name} has {what}, which the local AWS's Firehose does not know: tests/local-aws/README.md");
    ServiceError::new(500, "InternalFailure", message)
}
