//! Older versions.

use std::collections::HashMap;

use super::item::Item;
use super::read::Run;
use super::table::Range;
use super::version::{Key, Version};
use super::{Store, StoreError};

impl Store {
    /// Versions by number, in the order of `wanted`; none for what never was. One round.
    pub async fn versions(&self, run: &Run, wanted: &[(Key, u64)]) -> Result<Vec<Option<Version>>, StoreError> {
        let keys: Vec<Key> = wanted.iter().map(|(key, _)| key.clone()).collect();
        let mut older: Vec<_> = wanted.iter().map(|(key, number)| key.version(*number)).collect();
        older.sort();
        older.dedup();
        let (current, older) = futures_util::join!(self.current(run, &keys), self.table.get_all(&older));
        let mut older: HashMap<_, Item> = older?.into_iter().map(|item| (item.key(), item)).collect();
        let found = wanted.iter().zip(current?).map(|((key, number), current)| match current {
            Some(current) if current.number == *number => Some(current),
            Some(current) if current.number > *number => {
                let item = older.get(&key.version(*number))?;
                Version::read(key, "", &mut item.clone())
            }
            _ => None,
        });
        let found = found.collect();
        older.clear();
        Ok(found)
    }

    /// Versions of one resource, the newest first, from `below` (exclusive) on, at most `limit`. One round.
    pub async fn history(
        &self,
        run: &Run,
        key: &Key,
        below: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Version>, StoreError> {
        let last = below.map_or(u64::MAX, |below| below.saturating_sub(1)).min(999_999_999_999);
        let mut range = Range {
            pk: key.partition(),
            from: "v".to_owned(),
            to: Some(key.version(last).sk),
            backward: true,
            limit,
            whole: true,
        };
        let keys = [key.clone()];
        let (current, older) = futures_util::join!(self.current(run, &keys), self.table.query(&range));
        let (current, mut older) = (current?.into_iter().flatten().next(), older?);
        let Some(newest) = current.as_ref().map(|current| current.number) else { return Ok(Vec::new()) };
        let current = current.filter(|current| below.is_none_or(|below| current.number < below));
        let mut found: Vec<Version> = current.into_iter().collect();
        loop {
            let versions = older.items.into_iter().filter_map(|mut item| Version::read(key, "", &mut item));
            found.extend(versions.filter(|version| version.number < newest)); // a writer may just have copied the newest
            let oldest = found.last().map_or(1, |version| version.number);
            if !older.more || found.len() >= limit || oldest <= 1 {
                found.truncate(limit);
                return Ok(found);
            }
            // A query ends at 1 MB.
            range.to = Some(key.version(oldest - 1).sk);
            older = self.table.query(&range).await?;
        }
    }
}
