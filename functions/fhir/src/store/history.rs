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
        let current = current?;
        let mut older: HashMap<_, Item> = older?.into_iter().map(|item| (item.key(), item)).collect();
        // A version may have been the current one when the older ones were read, and replaced when the heads were.
        let is_older = |(key, number): &(Key, u64), current: &Option<Version>| {
            current.as_ref().is_some_and(|current| current.number > *number).then(|| key.version(*number))
        };
        let places = wanted.iter().zip(&current).filter_map(|(wanted, current)| is_older(wanted, current));
        let mut missing: Vec<_> = places.filter(|place| !older.contains_key(place)).collect();
        missing.sort();
        missing.dedup();
        older.extend(self.table.get_all(&missing).await?.into_iter().map(|item| (item.key(), item)));
        let found = wanted.iter().zip(current).map(|((key, number), current)| match current {
            Some(current) if current.number == *number => Some(current),
            Some(current) if current.number > *number => {
                let version = Version::read(key, "", &mut older.get(&key.version(*number))?.clone());
                version.inspect(|version| run.meet(version))
            }
            _ => None,
        });
        Ok(found.collect())
    }

    /// Versions of one resource, the newest first, from `below` (exclusive) on, at most `limit`. Two rounds: the
    /// head first, as each version below it has an item of its own then.
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
        let current = self.current(run, &keys).await?.into_iter().flatten().next();
        let mut older = self.table.query(&range).await?;
        let Some(newest) = current.as_ref().map(|current| current.number) else { return Ok(Vec::new()) };
        let current = current.filter(|current| below.is_none_or(|below| current.number < below));
        let mut found: Vec<Version> = current.into_iter().collect();
        loop {
            let versions = older.items.into_iter().filter_map(|mut item| Version::read(key, "", &mut item));
            let versions = versions.filter(|version| version.number < newest); // a writer may just have copied the newest
            found.extend(versions.inspect(|version| run.meet(version)));
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
