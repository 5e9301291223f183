//! From what is to be stored to the items that store it: a pure function, so that the adapter only carries out.

use std::io::{self, Read as _, Write as _};
use std::sync::Arc;

use fhir_model::json::{Json, Object};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

use super::bodies::{Bodies, LARGEST_IN_ITEM};
use super::item::{Item, ItemKey};
use super::read::{Base, RECENT};
use super::version::{Body, Key, Method, Transaction, Version};
use crate::index::{self, moves::Destinations};

/// A body may be that large when it is unpacked: more than any resource that is taken can be written as
/// ([`crate::interaction`] measures it; escapes may double it).
const LARGEST_UNPACKED: u64 = 96 << 20;

/// What a resource becomes.
#[derive(Clone, Debug)]
pub enum Content<'a> {
    /// That JSON; `id`, `meta.versionId` and `meta.lastUpdated` are set by the store.
    Json(Json<'a>),
    /// Deleted.
    Deleted,
}

/// A change that is to be committed.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// Which resource.
    pub key: Key,
    /// What it is now: [`super::Store::base`]; for a new id of the server's [`Base::default`].
    pub base: Base,
    /// By which interaction.
    pub method: Method,
    /// What it becomes.
    pub content: Content<'a>,
}

/// A change as items.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) base: Base,
    pub(super) version: Version,
    /// A body for S3, with [`Body::Object`] in the version.
    pub(super) object: Option<(String, Vec<u8>)>,
    /// Index rows that the new version has and the old one had not.
    pub(super) added: Vec<ItemKey>,
    /// Index rows that only the old version had.
    pub(super) dropped: Vec<ItemKey>,
    /// Whether nobody else can know the id: the server has just made it.
    pub(super) fresh: bool,
}

/// For whom a dropped row stays for a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lingers {
    /// Every search that reads its partition.
    ForAll,
    /// Searches for this value *or* another. The others pass over it: who polls for a state does not look at all that has
    /// just left it.
    ForAlternatives,
    /// Nobody.
    No,
}

impl Prepared {
    /// The transaction that wrote the old version, if that was a moment ago. A single write hands it on: a response that
    /// has read other resources as they were before must still come upon it.
    pub(super) fn recent(&self, now: i64) -> Option<Transaction> {
        let old = self.base.current.as_ref()?.transaction.as_ref();
        old.filter(|transaction| transaction.at >= now - RECENT).cloned()
    }

    /// The rows that the new version drops, and for whom each is to stay for a while. Of a transaction: a search that has read
    /// others of its resources as they were comes upon this one by the old row, and sees that the transaction has committed
    /// meanwhile. Of a resource that has moved: a search that had passed its new place before it was there, and comes to
    /// the old one after, would find it at neither.
    pub(super) fn drops(&self) -> impl Iterator<Item = (&ItemKey, Lingers)> {
        let for_all = self.version.transaction.is_some();
        let added = if for_all || self.dropped.is_empty() { &[][..] } else { &self.added };
        let moved_to = Destinations::of(added.iter().map(|row| row.pk.as_str()));
        self.dropped.iter().map(move |row| {
            let lingers = if for_all || moved_to.has_family_of(&row.pk) {
                Lingers::ForAll
            } else if moved_to.has_alternative_to(&row.pk) {
                Lingers::ForAlternatives
            } else {
                Lingers::No
            };
            (row, lingers)
        })
    }

    /// The old version's own item, to be written before its head is replaced.
    pub(super) fn older(&self) -> Option<Item> {
        let old = self.base.current.as_ref()?;
        Some(old.write("", Item::new(&old.key.version(old.number))))
    }
}

/// Makes the next version. `old` is the current version's JSON, `now` the time in milliseconds since 1970.
pub(super) fn prepare(draft: Draft<'_>, old: Option<&[u8]>, now: i64, base_url: &str) -> io::Result<Prepared> {
    let Draft { key, base, method, content } = draft;
    let number = base.current.as_ref().map_or(1, |current| current.number + 1);
    let updated = base.current.as_ref().map_or(now, |current| current.updated.max(now));
    let mut rows = index::log(&key, number, updated);
    let (body, object) = match content {
        Content::Deleted => (Body::Deleted, None),
        Content::Json(mut json) => {
            stamp(&mut json, &key, number, updated);
            rows.extend(index::rows(&key, &json, base_url));
            let bytes = gzip(&json.to_vec())?;
            if bytes.len() > LARGEST_IN_ITEM {
                let object = Bodies::new_key(&key, number);
                (Body::Object(object.clone()), Some((object, bytes)))
            } else {
                (Body::Gzip(Arc::new(bytes)), None)
            }
        }
    };
    // What can't be read any more must still be replaced or deleted: its rows stay, and are never believed.
    let old_rows = old.map(|json| Json::parse(json).map(|json| index::rows(&key, &json, base_url)).ok());
    // Rows that other rules made, or another address, may not be those that are missing now.
    let stamp = index::stamp(base_url);
    let same = base.current.as_ref().is_some_and(|current| current.stamp == stamp) && old_rows != Some(None);
    let old_rows = old_rows.flatten().unwrap_or_default();
    let added = if same { rows.difference(&old_rows).cloned().collect() } else { rows.iter().cloned().collect() };
    let dropped = old_rows.difference(&rows).cloned().collect();
    let fresh = method == Method::Post;
    let version = Version { key, number, updated, method, body, transaction: None, commit: String::new(), stamp };
    Ok(Prepared { base, version, object, added, dropped, fresh })
}

/// Sets what the server says of a version: <https://hl7.org/fhir/R4/resource.html#Meta>.
pub(crate) fn stamp(json: &mut Json<'_>, key: &Key, number: u64, updated: i64) {
    let Some(object) = json.as_object_mut() else { return };
    object.set_at(1, "id", Json::string(key.id.clone()));
    if object.get("meta").and_then(Json::as_object).is_none() {
        object.remove("meta");
        object.set_at(2, "meta", Object::new().into());
    }
    if let Some(meta) = object.get_mut("meta").and_then(Json::as_object_mut) {
        meta.set_at(0, "versionId", Json::string(number.to_string()));
        meta.set_at(1, "lastUpdated", Json::string(fhir_model::time::instant(updated)));
    }
}

/// Packs. Level 6 halves a Synthea resource; more takes longer and saves nothing.
pub(crate) fn gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::with_capacity(bytes.len() / 2 + 64), Compression::default());
    out.write_all(bytes)?;
    out.finish()
}

/// Unpacks.
pub(crate) fn gunzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // The last four bytes say how long it will be: RFC 1952. Deflate makes at most 1,032 bytes out of one.
    let length = bytes.last_chunk().map_or(0, |length| u32::from_le_bytes(*length));
    let mut out = Vec::with_capacity(usize::try_from(length).unwrap_or_default().min(bytes.len() * 1_032));
    let read = GzDecoder::new(bytes).take(LARGEST_UNPACKED + 1).read_to_end(&mut out)?;
    if u64::try_from(read).unwrap_or(u64::MAX) > LARGEST_UNPACKED {
        return Err(io::Error::other("a body is too large, unpacked"));
    }
    Ok(out)
}
