//! Versions of resources, and the items that hold them.
//!
//! A head (`r#Patient/1`, `h`) holds the current version, and at most one staged next one; `v…` items beside it hold the
//! older versions, so that a resource's history is one query.

use std::sync::Arc;

use super::item::{Item, ItemKey};

/// A resource's type and logical id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// `Patient`
    pub resource_type: &'static str,
    /// `[A-Za-z0-9\-\.]{1,64}`
    pub id: String,
}

impl Key {
    /// The key of a resource.
    #[must_use]
    pub fn new(resource_type: &'static str, id: &str) -> Self {
        Self { resource_type, id: id.to_owned() }
    }

    /// Where the head is.
    #[must_use]
    pub fn head(&self) -> ItemKey {
        ItemKey { pk: self.partition(), sk: "h".to_owned() }
    }

    /// Where an older version is.
    #[must_use]
    pub fn version(&self, number: u64) -> ItemKey {
        ItemKey { pk: self.partition(), sk: format!("v{number:012}") }
    }

    /// The partition of head and versions.
    #[must_use]
    pub fn partition(&self) -> String {
        format!("r#{self}")
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.resource_type, self.id)
    }
}

/// How a version came to be, as history tells (`Bundle.entry.request.method`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Created with an id of the server's.
    Post,
    /// Created with an id of the client's: it was not there, or had been deleted.
    Create,
    /// Updated.
    Put,
    /// Patched.
    Patch,
    /// Deleted.
    Delete,
}

impl Method {
    /// The HTTP method.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Create | Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// As it is stored.
    const fn label(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            method => method.as_str(),
        }
    }

    fn read(text: &str) -> Self {
        match text {
            "POST" => Self::Post,
            "CREATE" => Self::Create,
            "PATCH" => Self::Patch,
            "DELETE" => Self::Delete,
            _ => Self::Put,
        }
    }
}

/// Where a version's JSON is, gzipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// In the item. Shared: a Bundle may have a thousand entries that find the same one.
    Gzip(Arc<Vec<u8>>),
    /// In the bucket, under that key.
    Object(String),
    /// Nowhere: the version is a deletion.
    Deleted,
}

/// The transaction that committed a version together with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its id.
    pub id: String,
    /// When it was about to commit, in milliseconds since 1970.
    pub at: i64,
}

/// A version of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Which resource.
    pub key: Key,
    /// `meta.versionId`: 1, 2, 3, ...
    pub number: u64,
    /// `meta.lastUpdated` in milliseconds since 1970.
    pub updated: i64,
    /// How it came to be.
    pub method: Method,
    /// Its JSON.
    pub body: Body,
    /// The transaction that it is part of, if it is; of a single write, the one just before it.
    pub transaction: Option<Transaction>,
    /// The commit that wrote it: tells one whose answer was lost from one that somebody else won.
    pub commit: String,
    /// By which rules, and for which address, its index rows were made: [`crate::index::stamp`].
    pub stamp: String,
}

impl Version {
    /// Whether it is a deletion.
    #[must_use]
    pub fn is_deleted(&self) -> bool {
        self.body == Body::Deleted
    }

    /// Adds the version to an item, the attributes' names with that prefix (`n_` for a staged one).
    #[must_use]
    pub fn write(&self, prefix: &str, item: Item) -> Item {
        let name = |name: &str| format!("{prefix}{name}");
        let item = item
            .number(&name("v"), i64::try_from(self.number).unwrap_or(i64::MAX))
            .number(&name("t"), self.updated)
            .text(&name("m"), self.method.label())
            .text(&name("w"), &self.commit)
            .text(&name("i"), &self.stamp);
        let item = match &self.body {
            Body::Gzip(bytes) => item.bytes(&name("b"), bytes.to_vec()),
            Body::Object(object) => item.text(&name("o"), object),
            Body::Deleted => item,
        };
        match &self.transaction {
            Some(transaction) => item.text(&name("x"), &transaction.id).number(&name("c"), transaction.at),
            None => item,
        }
    }

    /// Takes the version out of an item; none, if the item holds none under that prefix.
    pub fn read(key: &Key, prefix: &str, item: &mut Item) -> Option<Self> {
        let name = |name: &str| format!("{prefix}{name}");
        let number = u64::try_from(item.get_number(&name("v"))?).ok()?;
        let updated = item.get_number(&name("t"))?;
        let method = item.get_text(&name("m")).map_or(Method::Put, Method::read);
        let body = match item.take_bytes(&name("b")) {
            Some(bytes) => Body::Gzip(Arc::new(bytes)),
            None => item.get_text(&name("o")).map_or(Body::Deleted, |object| Body::Object(object.to_owned())),
        };
        let id = item.get_text(&name("x")).map(str::to_owned);
        let transaction = id.zip(item.get_number(&name("c"))).map(|(id, at)| Transaction { id, at });
        let text = |attribute| item.get_text(&name(attribute)).unwrap_or_default().to_owned();
        let (commit, stamp) = (text("w"), text("i"));
        Some(Self { key: key.clone(), number, updated, method, body, transaction, commit, stamp })
    }
}

/// The names of all attributes that [`Version::write`] may set.
pub const ATTRIBUTES: [&str; 9] = ["v", "t", "m", "b", "o", "x", "c", "w", "i"];
