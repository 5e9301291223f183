//! Objects in S3, written and read by the account itself.

use std::io::Read;
use std::path::Path;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::account::Account;
use crate::error::{Error, Result};
use crate::parquet;

/// What need not be encoded in a path.
const IN_PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// An object of a lake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeObject {
    /// Its key.
    pub key: String,
    /// Its content, decompressed if the key ends with `.gz`.
    pub body: Bytes,
}

impl LakeObject {
    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Its rows: those of Parquet, or JSON documents one after another, with or without newlines between them.
    pub async fn rows(&self) -> Result<Vec<Value>> {
        let lines =
            if has_extension(&self.key, "parquet") { parquet::read(&self.body).await? } else { self.body.clone() };
        let documents = serde_json::Deserializer::from_slice(&lines).into_iter();
        documents.collect::<Result<_, _>>().map_err(|error| Error::malformed(&self.key, error))
    }
}

impl Account {
    /// The objects of a bucket whose keys begin with `prefix`, in the order of their keys.
    pub async fn objects(&self, bucket: &str, prefix: &str) -> Result<Vec<LakeObject>> {
        let mut objects = Vec::new();
        for key in keys(self, bucket, prefix).await? {
            let answer = self.control_rest("s3", "GET", &path(bucket, &key), "").await?;
            let body = Bytes::copy_from_slice(answer.body());
            let body = if has_extension(&key, "gz") { gunzip(&body)? } else { body };
            objects.push(LakeObject { key, body });
        }
        Ok(objects)
    }

    /// Removes an object.
    pub async fn remove_object(&self, bucket: &str, key: &str) -> Result<()> {
        self.control_rest("s3", "DELETE", &path(bucket, key), "").await.map(drop)
    }
}

/// Writes an object.
pub(crate) async fn put(account: &Account, bucket: &str, key: &str, body: Bytes) -> Result<()> {
    account.control_rest("s3", "PUT", &path(bucket, key), body).await.map(drop)
}

async fn keys(account: &Account, bucket: &str, prefix: &str) -> Result<Vec<String>> {
    let (mut keys, mut token) = (Vec::new(), None::<String>);
    loop {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("list-type", "2").append_pair("prefix", prefix);
        query.extend_pairs(token.iter().map(|token| ("continuation-token", token)));
        let path = format!("/{bucket}?{}", query.finish());
        let page = account.control_rest("s3", "GET", &path, "").await?;
        keys.extend(page.texts("Key")?);
        token = page.texts("NextContinuationToken")?.into_iter().next();
        if token.is_none() {
            return Ok(keys);
        }
    }
}

fn path(bucket: &str, key: &str) -> String {
    format!("/{bucket}/{}", utf8_percent_encode(key, IN_PATH))
}

fn has_extension(key: &str, extension: &str) -> bool {
    Path::new(key).extension().is_some_and(|found| found == extension)
}

fn gunzip(body: &[u8]) -> Result<Bytes> {
    let mut content = Vec::new();
    MultiGzDecoder::new(body).read_to_end(&mut content).map_err(Error::io("GZIP"))?;
    Ok(content.into())
}
