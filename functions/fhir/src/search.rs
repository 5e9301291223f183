//! Search: <https://hl7.org/fhir/R4/search.html>.
//!
//! [`query`] reads the parameters; [`resolve`] looks up what a condition says of other resources, and leaves [`check`]s,
//! which a resource's content alone decides; [`access`] and [`source`] choose where candidates come from, [`merge`] reads
//! them in order out of the index, [`find`] fetches and checks them; [`sort`] sorts where no index does; [`include`]
//! adds what goes with them, and [`page`] writes the Bundle. What a search may cost is bounded: beyond, it is refused,
//! or ends its page early with a `next` link. It never answers wrongly.

pub mod access;
pub mod canonical;
pub mod check;
pub mod criteria;
pub mod cursor;
pub mod find;
pub mod include;
pub mod merge;
pub mod page;
pub mod query;
pub mod resolve;
mod rows;
pub mod sort;
pub mod source;
pub mod sweep;
pub mod terminology;

use fhir_definitions::ResourceType;

pub use criteria::Criteria;
use cursor::Cursor;
use find::{Keep, Match, Task};
use merge::{Merge, Position};
use page::Page;
use query::{Condition, Context, Query, Summary, Total};
use sort::Sorted;
use source::{Source, Wanted};

use crate::error::Error;
use crate::index;
use crate::store::{Run, Store};

/// The order of a cursor of what was sorted in memory.
const IN_MEMORY: char = 'm';
/// Resources that are sorted in memory.
const MOST_SORTED: usize = 2_000;
/// Rows of each partition that are read to learn whether there are few.
const FEW: usize = 100;
/// Resources that are counted.
const MOST_COUNTED: usize = 10_000;
/// JSON of a page's matches: with the included ones it must fit Lambda's 6 MB.
const PAGE_BYTES: usize = 4_000_000;

/// A search that a client asks for.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Of one type, or of all.
    pub resource_type: Option<&'static ResourceType>,
    /// In the compartment of that type and id.
    pub compartment: Option<(&'static str, String)>,
    /// Names and values, decoded.
    pub parameters: &'a [(String, String)],
    /// The path below the base that is searched: `Patient`, `Patient/1/Observation`.
    pub path: &'a str,
    /// Limits, and whether unknown parameters are left out.
    pub context: Context<'a>,
}

/// Searches, and writes the Bundle.
pub async fn search(store: &Store, asked: &Asked<'_>) -> Result<Vec<u8>, Error> {
    let mut query = Query::parse(asked.resource_type, asked.parameters, asked.context)?;
    if let Some((name, id)) = &asked.compartment {
        query.conditions.push(Condition::Compartment(name, id.clone()));
    }
    let types = searched(&query, asked);
    let fingerprint = fingerprint(asked.path, &query);
    let cursor = query.cursor.as_deref().map(|text| Cursor::read(text, &fingerprint)).transpose()?;
    let url = format!("{}/{}", store.base_url(), asked.path);
    let url = url.trim_end_matches('/');
    store
        .consistently(async |run| {
            let wanted = resolve::wanted(store, run, &types, &query.conditions).await?;
            let counted = query.summary == Summary::Count;
            let is_total_wanted = counted || query.total == Total::Accurate;
            let total = if is_total_wanted { Some(count(store, run, &wanted).await?) } else { None };
            let (matches, next) =
                if counted { (Vec::new(), None) } else { pages(store, run, &query, &wanted, cursor.as_ref()).await? };
            let included = include::included(store, run, &matches, &query.includes).await?;
            let whole = cursor.is_none() && next.is_none() && !counted;
            let page = Page {
                query: &query,
                url,
                base: store.base_url(),
                total: total.or_else(|| whole.then_some(matches.len())),
                matches: &matches,
                included: &included,
                next: next.map(|next| next.write(&fingerprint)),
                cursor: query.cursor.as_deref(),
            };
            Ok(page.write())
        })
        .await
}

/// The types to look at: in a compartment only those that can be in it.
fn searched(query: &Query, asked: &Asked<'_>) -> Vec<&'static ResourceType> {
    let mut types = query.searched();
    if let Some((name, _)) = &asked.compartment {
        types.retain(|definition| definition.name == *name || definition.compartment(name).is_some());
    }
    types
}

/// What a cursor belongs to: everything but how many resources a page has.
fn fingerprint(path: &str, query: &Query) -> String {
    let used = query.used.iter().filter(|(name, _)| !matches!(name.as_str(), "_count" | "_format" | "_pretty"));
    form_urlencoded::Serializer::new(format!("{path}?")).extend_pairs(used).finish()
}

fn too_broad(what: &str, wanted: &[Wanted]) -> Error {
    let fewer = if wanted.len() > 1 { ", or fewer types by _type" } else { "" };
    Error::TooCostly(format!("{what}: name more parameters{fewer}"))
}

async fn count(store: &Store, run: &Run, wanted: &[Wanted]) -> Result<usize, Error> {
    let too_broad = |what: &str| too_broad(what, wanted);
    let source = source::source(wanted, false).ok_or_else(|| too_broad("this search is too broad to be counted"))?;
    let task = Task { wanted, source, backward: false, after: None, limit: MOST_COUNTED, keep: Keep::Count };
    let found = find::find(store, run, &task).await?;
    match found.next {
        None => Ok(found.count),
        Some(_) => Err(too_broad(&format!("more than {MOST_COUNTED} resources would have to be counted"))),
    }
}

/// A page's matches, and where the next one begins.
type Matches = (Vec<Match>, Option<Cursor>);

fn another() -> Error {
    Error::Parameter("_cursor is of another search".to_owned())
}

/// One page. A first page chooses how it is sorted where there are two ways, and its cursor keeps the others to that.
async fn pages(
    store: &Store,
    run: &Run,
    query: &Query,
    wanted: &[Wanted],
    cursor: Option<&Cursor>,
) -> Result<Matches, Error> {
    let by_memory = match cursor {
        Some(cursor) => cursor.order == IN_MEMORY && !query.sort.is_empty(),
        None => !query.sort.is_empty() && is_short(store, run, wanted).await?,
    };
    let (source, backward) = match native(query, wanted) {
        Some(native) if !by_memory => native,
        _ => return in_memory(store, run, query, wanted, cursor).await,
    };
    let order = match source {
        Source::Keys(_) => 'k',
        Source::Lists(_) => 'l',
        Source::Sorted(_) => 's',
        Source::Log(_) => 'g',
    };
    let after = cursor.map(|cursor| {
        let position = Position::read(&cursor.place).filter(|_| cursor.order == order);
        position.ok_or_else(another)
    });
    let after = after.transpose()?;
    let task =
        Task { wanted, source, backward, after: after.as_ref(), limit: query.count, keep: Keep::Page(PAGE_BYTES) };
    let found = find::find(store, run, &task).await?;
    let next = found.next.map(|next| Cursor { order, place: next.write() });
    Ok((found.matches, next))
}

/// Whether the candidates stand in a few rows that are sorted by another value: to fetch them all and sort them costs less
/// than to walk the whole type in the order that is wanted.
async fn is_short(store: &Store, run: &Run, wanted: &[Wanted]) -> Result<bool, Error> {
    let Some(Source::Sorted(parts)) = source::source(wanted, false) else { return Ok(false) };
    let mut merge = Merge::new(parts, false, None);
    merge.fill(&store.table, run, FEW).await.map_err(Error::Store)?;
    Ok(merge.is_read())
}

/// A source whose order is what the client wants, and its direction; none, if there is no such.
fn native(query: &Query, wanted: &[Wanted]) -> Option<(Source, bool)> {
    let [key] = query.sort.as_slice() else {
        return source::source(wanted, false).filter(|_| query.sort.is_empty()).map(|source| (source, false));
    };
    if key.parameter.code == "_lastUpdated" {
        return source::by_log(wanted).map(|source| (source, key.descending));
    }
    let [one] = wanted else { return None };
    let main = index::main_date(one.definition).is_some_and(|main| main.code == key.parameter.code);
    let source = source::source(wanted, true).filter(|source| main && matches!(source, Source::Lists(_)))?;
    Some((source, key.descending))
}

async fn in_memory(
    store: &Store,
    run: &Run,
    query: &Query,
    wanted: &[Wanted],
    cursor: Option<&Cursor>,
) -> Result<Matches, Error> {
    let too_broad = |what: &str| too_broad(what, wanted);
    let _room = store.room_to_sort().await;
    let source = source::source(wanted, false).ok_or_else(|| too_broad("this search reads too much of the index"))?;
    let task = Task { wanted, source, backward: false, after: None, limit: MOST_SORTED, keep: Keep::All };
    let found = find::find(store, run, &task).await?;
    if found.next.is_some() {
        return Err(too_broad(&format!("more than {MOST_SORTED} resources would have to be sorted")));
    }
    let sorted = |found: Match| (Sorted::of(&found, &query.sort, store.base_url()), found);
    let mut matches: Vec<(Sorted, Match)> = found.matches.into_iter().map(sorted).collect();
    matches.sort_by(|(one, _), (other, _)| one.compare(other, &query.sort));
    let after = match cursor {
        Some(Cursor { order: IN_MEMORY, place }) => Some(Sorted::at(place)),
        Some(_) => return Err(another()),
        None => None,
    };
    let rest = matches
        .into_iter()
        .filter(|(sorted, _)| after.as_ref().is_none_or(|after| sorted.compare(after, &query.sort).is_gt()));
    let (mut page, mut bytes, mut last) = (Vec::new(), 0, None);
    for (sorted, found) in rest {
        bytes += found.json.len();
        if page.len() == query.count || (bytes > PAGE_BYTES && !page.is_empty()) {
            return Ok((page, last));
        }
        last = Some(Cursor { order: IN_MEMORY, place: sorted.place() });
        page.push(found);
    }
    Ok((page, None))
}

#[cfg(test)]
mod tests;
