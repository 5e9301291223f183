//! Walks the log, from the newest row on. Its rows are in eight partitions, and some are of versions that were never
//! committed: what counts is what the store has under that number.

use fhir_model::time;

use super::parameters::{Parameters, Place};
use super::{Page, ROUNDS};
use crate::error::Error;
use crate::index::{SHARDS, log_list};
use crate::interaction::Server;
use crate::store::table::{Range, in_parallel};
use crate::store::{Key, Run, Version};

/// Rows that are looked at in one round.
const AT_ONCE: usize = 100;

/// A page of the history of a type, or of all (`""`).
pub(super) async fn walk(server: &Server<'_>, run: &Run, kind: &str, asked: &Parameters) -> Result<Page, Error> {
    let mut page = Page::default();
    let mut last = asked.after.clone();
    // Nearly all rows are wanted, unless only those of a moment are.
    let limit = if asked.at.is_some() { AT_ONCE } else { AT_ONCE.min(asked.count + 1) };
    for _ in 0..ROUNDS {
        let (places, more) = rows(server, kind, asked, last.as_ref(), limit).await?;
        let versions = committed(server, run, asked, &places).await?;
        for (place, version) in places.into_iter().zip(versions) {
            if page.versions.len() == asked.count {
                page.next = last;
                return Ok(page);
            }
            page.versions.extend(version);
            last = Some(place);
        }
        if !more {
            return Ok(page);
        }
    }
    page.next = last;
    Ok(page)
}

/// The next rows of all partitions, and whether there are more.
async fn rows(
    server: &Server<'_>,
    kind: &str,
    asked: &Parameters,
    after: Option<&Place>,
    limit: usize,
) -> Result<(Vec<Place>, bool), Error> {
    // Sixteen hexadecimal digits come first: all are between "0" and "g".
    let from = asked.since.map_or_else(|| "0".to_owned(), time::sortable);
    let end = asked.at.map_or_else(|| "g".to_owned(), |(_, to)| format!("{}~", time::sortable(to)));
    let after = after.map(Place::sort_key);
    let to = after.clone().map_or_else(|| end.clone(), |after| after.min(end.clone()));
    if from > to {
        return Ok((Vec::new(), false));
    }
    let pages = in_parallel((0..SHARDS).map(async |shard| {
        let range = Range {
            pk: log_list(kind, shard),
            from: from.clone(),
            to: Some(to.clone()),
            backward: true,
            limit: limit + 1, // the one that `after` names is there again
            whole: false,
        };
        server.store.table.query(&range).await
    }))
    .await?;
    // Below the last row of a partition that has more there may be some that are still to come.
    let mut sure = String::new();
    let mut found = Vec::new();
    for page in pages {
        let keys: Vec<String> = page.items.iter().map(|item| item.key().sk).collect();
        if let Some(lowest) = keys.last().filter(|lowest| page.more && **lowest > sure) {
            sure.clone_from(lowest);
        }
        found.extend(keys);
    }
    let mut more = !sure.is_empty();
    found.retain(|key| *key >= sure && Some(key) != after.as_ref());
    found.sort_unstable_by(|a, b| b.cmp(a));
    more |= found.len() > limit;
    found.truncate(limit);
    Ok((found.iter().filter_map(|key| Place::read(key)).collect(), more))
}

/// For each place the version that is wanted of it, if any.
async fn committed(
    server: &Server<'_>,
    run: &Run,
    asked: &Parameters,
    places: &[Place],
) -> Result<Vec<Option<Version>>, Error> {
    let mut wanted: Vec<(Key, u64)> = places.iter().map(|place| (place.key.clone(), place.number)).collect();
    if asked.at.is_some() {
        wanted.extend(places.iter().map(|place| (place.key.clone(), place.number + 1)));
    }
    let mut found = server.store.versions(run, &wanted).await?;
    let next = found.split_off(places.len());
    let mut next = next.into_iter();
    let versions = places.iter().zip(found).map(|(place, version)| {
        let ended = next.next().flatten().map(|next| next.updated);
        version.filter(|version| version.updated == place.updated && asked.shows(version.updated, ended))
    });
    Ok(versions.collect())
}
