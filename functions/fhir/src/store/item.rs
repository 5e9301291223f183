//! `DynamoDB` items as the store reads and writes them.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::Blob;

/// The key of an item.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemKey {
    /// Partition key, at most 2,048 bytes.
    pub pk: String,
    /// Sort key, at most 1,024 bytes.
    pub sk: String,
}

/// Attributes by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Item(pub HashMap<String, AttributeValue>);

impl Item {
    /// An item of that key.
    #[must_use]
    pub fn new(key: &ItemKey) -> Self {
        Self::default().text("pk", &key.pk).text("sk", &key.sk)
    }

    /// With a string.
    #[must_use]
    pub fn text(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::S(value.to_owned()));
        self
    }

    /// With a number.
    #[must_use]
    pub fn number(mut self, name: &str, value: i64) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::N(value.to_string()));
        self
    }

    /// With bytes.
    #[must_use]
    pub fn bytes(mut self, name: &str, value: Vec<u8>) -> Self {
        self.0.insert(name.to_owned(), AttributeValue::B(Blob::new(value)));
        self
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> ItemKey {
        let part = |name| self.get_text(name).unwrap_or_default().to_owned();
        ItemKey { pk: part("pk"), sk: part("sk") }
    }

    /// A string.
    #[must_use]
    pub fn get_text(&self, name: &str) -> Option<&str> {
        self.0.get(name)?.as_s().ok().map(String::as_str)
    }

    /// A number.
    #[must_use]
    pub fn get_number(&self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_n().ok()?.parse().ok()
    }

    /// Bytes, taken out.
    pub fn take_bytes(&mut self, name: &str) -> Option<Vec<u8>> {
        match self.0.remove(name)? {
            AttributeValue::B(blob) => Some(blob.into_inner()),
            _ => None,
        }
    }

    /// About how many bytes it counts as, for the limits of one item (400 KB) and one transaction (4 MB).
    #[must_use]
    pub fn size(&self) -> usize {
        let value = |value: &AttributeValue| match value {
            AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
            AttributeValue::B(blob) => blob.as_ref().len(),
            _ => 8,
        };
        self.0.iter().map(|(name, attribute)| name.len() + value(attribute)).sum()
    }
}
