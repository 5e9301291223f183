//! Candidates in order, out of several partitions that are each in that order.

use std::collections::{BTreeMap, HashMap, HashSet};

use fhir_definitions::ResourceType;
use shared::aws::AwsError;

use super::rows;
use super::source::Parts;
use crate::index::moves;
use crate::store::Run;
use crate::store::table::{Range, Table, in_parallel};

/// A candidate: where it stands, and what it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// The sort key, by which candidates are in order.
    pub place: String,
    /// Its type's name.
    pub kind: &'static str,
    /// A row that names it, if one does.
    pub row: Option<Row>,
}

/// An index row that names a candidate.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Its partition.
    pub pk: String,
    /// The highest version that has asserted it.
    pub version: i64,
}

/// How far a search has come: a place, and whose of the types that may have resources there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The last place.
    pub place: String,
    /// The type of the last resource there.
    pub kind: String,
}

/// Places that sort keys can be: longer ones, and those with characters that none has, were made up.
const LONGEST_PLACE: usize = 500;

impl Position {
    /// Where a candidate is.
    #[must_use]
    pub fn of(candidate: &Candidate) -> Self {
        Self { place: candidate.place.clone(), kind: candidate.kind.to_owned() }
    }

    /// As a cursor has it.
    #[must_use]
    pub fn write(&self) -> String {
        format!("{}/{}", self.kind, self.place)
    }

    /// Reads what a cursor has; none, if it can't be one's.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let (kind, place) = text.split_once('/')?;
        let possible = (1..=LONGEST_PLACE).contains(&place.len()) && !place.contains('\u{0}');
        possible.then(|| Self { place: place.to_owned(), kind: kind.to_owned() })
    }

    /// Whether the search has passed a resource of that type at that place.
    #[must_use]
    pub fn has_passed(&self, place: &str, kind: &str, backward: bool) -> bool {
        let (one, reached) = ((place, kind), (self.place.as_str(), self.kind.as_str()));
        if backward { one >= reached } else { one <= reached }
    }
}

impl Candidate {
    /// The resource's id: behind the last separator.
    #[must_use]
    pub fn id(&self) -> &str {
        self.place.rsplit(['#', '\u{1}']).next().unwrap_or_default()
    }
}

/// The union of partitions, read page by page.
#[derive(Debug)]
pub struct Merge {
    parts: Vec<Part>,
    backward: bool,
    /// Whether it looks for one value or another.
    of_several: bool,
    /// Read, but not given yet; in order, each with the part that it was read of, and its row's version.
    buffer: BTreeMap<Candidate, (usize, i64)>,
    /// How many rows have been read.
    pub read: usize,
}

#[derive(Debug)]
struct Part {
    kind: &'static ResourceType,
    range: Range,
    open: Open,
}

/// What is left of a part.
#[derive(Debug, PartialEq, Eq)]
enum Open {
    /// All of it.
    Unread,
    /// What comes behind that sort key, the last that was read.
    Behind(String),
    /// Nothing.
    No,
}

impl Merge {
    /// Partitions, or parts of them, each of one type's resources. `after`: only what comes after that position.
    #[must_use]
    pub fn new(parts: Parts, backward: bool, after: Option<&Position>) -> Self {
        let of_several = are_of_several(&parts);
        let part = |(kind, range): (&'static ResourceType, Range)| {
            let range = Range { backward, whole: false, ..range };
            let range = match after {
                None => Some(range),
                Some(after) if after.has_passed(&after.place, kind.name, backward) => beyond(range, &after.place),
                Some(after) => starting(range, &after.place),
            };
            range.map(|range| Part { kind, range, open: Open::Unread })
        };
        let parts = parts.into_iter().filter_map(part).collect();
        Self { parts, backward, of_several, buffer: BTreeMap::new(), read: 0 }
    }

    /// How many partitions it reads.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.parts.len()
    }

    /// Whether all has been read and given.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.buffer.is_empty() && self.parts.iter().all(|part| part.open == Open::No)
    }

    /// Whether all has been read.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.parts.iter().all(|part| part.open == Open::No)
    }

    /// Reads one page, of at most `limit` keys, of each part of which nothing is left to give: one round.
    pub async fn fill(&mut self, table: &Table, run: &Run, limit: usize) -> Result<(), AwsError> {
        let edge = self.edge();
        let lagging = |part: &Part| match (&part.open, &edge) {
            (Open::Behind(last), Some(edge)) => last == edge,
            (Open::Behind(_), None) | (Open::Unread, _) => true,
            (Open::No, _) => false,
        };
        let parts = self.parts.iter_mut().enumerate().filter(|(_, part)| lagging(part));
        let mut parts: Vec<(usize, &mut Part)> = parts.collect();
        let ranges: Vec<Range> = parts.iter().map(|(_, part)| Range { limit, ..part.range.clone() }).collect();
        let pages = in_parallel(ranges.iter().map(|range| table.query(range))).await?;
        for ((at, part), page) in parts.iter_mut().zip(pages) {
            self.read += page.items.len();
            for (place, version) in rows::counting(run, &part.range.pk, &page.items, self.of_several) {
                let candidate = Candidate { place: place.to_owned(), kind: part.kind.name, row: None };
                self.buffer.insert(candidate, (*at, version));
            }
            let last = page.items.last().and_then(|item| item.get_text("sk")).map(str::to_owned);
            let rest = last.as_deref().filter(|_| page.more).and_then(|last| beyond(part.range.clone(), last));
            part.open = match (rest, last) {
                (Some(rest), Some(last)) => {
                    part.range = rest;
                    Open::Behind(last)
                }
                _ => Open::No,
            };
        }
        Ok(())
    }

    /// How far it has been read, once nothing is left to give; none: to the end. What was read may all have been passed over.
    #[must_use]
    pub fn reached(&self) -> Option<Position> {
        // All types' names are between these.
        let kind = if self.backward { "" } else { "~" };
        self.edge().map(|place| Position { place, kind: kind.to_owned() })
    }

    /// What comes next, up to `limit` candidates, as far as it is certain that nothing comes between.
    pub fn take(&mut self, limit: usize) -> Vec<Candidate> {
        let edge = self.edge();
        let mut taken = Vec::new();
        while taken.len() < limit {
            let next = if self.backward { self.buffer.last_key_value() } else { self.buffer.first_key_value() };
            let Some((next, (part, version))) = next else { break };
            let certain = match (&edge, self.is_unread()) {
                (_, true) => false,
                (None, false) => true,
                (Some(edge), false) if self.backward => next.place >= *edge,
                (Some(edge), false) => next.place <= *edge,
            };
            if !certain {
                break;
            }
            let (next, part, version) = (next.clone(), *part, *version);
            self.buffer.remove(&next);
            let row = self.parts.get(part).map(|part| Row { pk: part.range.pk.clone(), version });
            taken.push(Candidate { row, ..next });
        }
        taken
    }

    /// All that was read and not given yet, and up to where that is all there is (none: to the end).
    #[must_use]
    pub fn known(&self) -> (HashSet<&str>, Option<String>) {
        (self.buffer.keys().map(|candidate| candidate.place.as_str()).collect(), self.edge())
    }

    fn is_unread(&self) -> bool {
        self.parts.iter().any(|part| part.open == Open::Unread)
    }

    /// The place up to which every open part has been read: the least advanced of them.
    fn edge(&self) -> Option<String> {
        let lasts = self.parts.iter().filter_map(|part| match &part.open {
            Open::Behind(last) => Some(last),
            Open::Unread | Open::No => None,
        });
        if self.backward { lasts.max().cloned() } else { lasts.min().cloned() }
    }
}

/// Whether they are of several values of a type. Shards that [`moves::value`] doesn't know as such count as values.
fn are_of_several(parts: &Parts) -> bool {
    let mut values = HashMap::new();
    parts.iter().any(|(kind, range)| {
        let value = moves::value(kind, &range.pk);
        *values.entry(kind.name).or_insert(value) != value
    })
}

/// The part of a range from a place on, the place included; none, if nothing is there.
fn starting(mut range: Range, place: &str) -> Option<Range> {
    let place = place.to_owned();
    if range.backward {
        range.to = match range.to {
            Some(to) if to < place => Some(to),
            _ => Some(place),
        };
    } else {
        range.from = range.from.max(place);
    }
    range.to.as_ref().is_none_or(|to| range.from <= *to).then_some(range)
}

/// The part of a range that comes after a place; none, if nothing does.
fn beyond(range: Range, place: &str) -> Option<Range> {
    if range.backward {
        // The greatest text below `place`, as far as sort keys go: they have no characters below U+0001.
        let before = place.strip_suffix('\u{0}').map_or_else(|| below(place), str::to_owned);
        let to = match range.to {
            Some(to) if to < before => to,
            _ => before,
        };
        (!to.is_empty() && range.from <= to).then_some(Range { to: Some(to), ..range })
    } else {
        let from = format!("{place}\u{0}");
        let from = if from > range.from { from } else { range.from };
        let empty = range.to.as_ref().is_some_and(|to| from > *to);
        (!empty).then_some(Range { from, ..range })
    }
}

/// A text just below: its last character's predecessor, followed by the greatest character. Ids are of letters, digits,
/// dots and dashes, and up to 64 long, so nothing stands between.
fn below(place: &str) -> String {
    let mut shorter = place.to_owned();
    let last = shorter.pop();
    let before = match last {
        Some('\u{E000}') => Some('\u{D7FF}'), // there are no characters between
        last => last.and_then(|last| char::from_u32(u32::from(last).saturating_sub(1))),
    };
    if let Some(before) = before {
        shorter.push(before);
        shorter.extend(std::iter::repeat_n('\u{10FFFF}', 16));
    }
    shorter
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TYPES: [&str; 3] = ["Basic", "Location", "Organization"];

    fn range(backward: bool) -> Range {
        Range { pk: "i".to_owned(), from: String::new(), to: None, backward, limit: 1, whole: false }
    }

    fn within(merge: &Merge, place: &str, kind: &str) -> bool {
        merge.parts.iter().any(|part| {
            part.kind.name == kind
                && *part.range.from <= *place
                && part.range.to.as_ref().is_none_or(|to| place <= to.as_str())
        })
    }

    proptest! {
        #[test]
        fn what_a_position_has_not_passed_is_still_read_and_nothing_else(
            places in proptest::collection::vec("[a-c]{1,2}#[a-b.-]{1,2}", 2), kinds in (0..5_usize, 0..3_usize),
            backward: bool,
        ) {
            let [place, other] = places.as_slice() else { return Ok(()) };
            let (kind, of) = (["", "~"].iter().chain(&TYPES).nth(kinds.0).unwrap(), TYPES[kinds.1]);
            let after = Position { place: place.clone(), kind: (*kind).to_owned() };
            let parts = TYPES.map(|name| (fhir_definitions::resource_type(name).unwrap(), range(backward))).to_vec();
            let merge = Merge::new(parts, backward, Some(&after));
            prop_assert_eq!(within(&merge, other, of), !after.has_passed(other, of, backward));
        }

        #[test]
        fn a_position_survives_its_cursor_and_no_range_of_it_is_refused(place in "[^\u{0}]{1,40}", kind in "([A-Z][a-z]{1,9}|~)?", backward: bool) {
            let position = Position { place, kind };
            prop_assert_eq!(Position::read(&position.write()), Some(position.clone()));
            let parts = TYPES.map(|name| (fhir_definitions::resource_type(name).unwrap(), range(backward))).to_vec();
            for part in Merge::new(parts, backward, Some(&position)).parts {
                let Range { from, to, .. } = part.range;
                prop_assert!(from.len() <= 1_024 && to.is_none_or(|to| !to.is_empty() && to.len() <= 1_024 && from <= to));
            }
        }
    }

    #[test]
    fn what_is_no_place_is_no_position() {
        for text in ["", "Patient", "Patient/", "Patient/a\u{0}", &format!("Patient/{}", "x".repeat(501))] {
            assert_eq!(Position::read(text), None);
        }
    }
}
