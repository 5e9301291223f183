//! Index rows: the keys by which search finds resources.
//!
//! A row says "this resource, in some version, had this value". Rows are written before the version is committed and
//! removed after it was replaced, so there are never too few, and what they name is checked against the resource.
//!
//! | partition (`pk`) | sort key (`sk`) | serves |
//! | --- | --- | --- |
//! | `i#Type##shard` | order | every resource of the type |
//! | `i#Type#parameter#term[#shard]` | order | tokens, references, URIs: all that have the term |
//! | `i#Type#@id#parameter#term` | order | the same, of one patient's resources only |
//! | `i#Type#parameter#$x` | normalized string, order's id | strings that begin with `x` |
//! | `i#Type#parameter#n#shard` | lower end, id | dates within a day, numbers |
//! | `i#Type#parameter#f#shard`, `…#t#shard` | lower end, or upper end, id | longer dates, ranges |
//! | `l#Type#shard`, `l##shard` | lastUpdated, `Type/id`, version | history, `_lastUpdated` |
//!
//! The *order* of a row is the resource's main date and its id, the same in all partitions: lists of different terms
//! can be intersected without fetching a resource, and a page's cursor means the same in each of them.

pub mod moves;
pub mod terms;

use std::collections::BTreeSet;

use fhir_definitions::{ResourceType, SearchKind, SearchParameter, resource_type};
use fhir_model::json::Json;
use fhir_model::time;
use fhir_model::value::{Span, Value, values};

use crate::store::Key;
use crate::store::item::ItemKey;

/// Into how many partitions a term is split that very many resources share. `DynamoDB` writes 1,000 rows a second to one.
pub const SHARDS: u8 = 8;
/// A date up to that long (in milliseconds) has one row; a search by its upper end reads a day more.
pub const NARROW: i64 = 86_400_000;
/// Stands for a missing main date: after all dates.
pub const NO_DATE: &str = "~";
/// Behind all dates, before those without one.
pub const BEFORE_NO_DATE: &str = "}";
/// A resource may have so many rows, and so many of patients together with codes: what a request can write in its time.
const MOST_ROWS: usize = 20_000;
const MOST_PAIRS: usize = 5_000;
/// Partition keys may have 2,048 bytes, sort keys 1,024.
const LONGEST_TERM: usize = 700;
const LONGEST_STRING: usize = 200;
/// What refers to more types than that tells little of patients.
const MOST_TARGETS: usize = 12;
/// Main dates, the first that a type has. What clients sort by most.
const MAIN_DATES: [&str; 19] = [
    "authoredon",
    "authored-on",
    "authored",
    "date",
    "effective-time",
    "created",
    "recorded-date",
    "onset-date",
    "occurrence",
    "issued",
    "period",
    "whenprepared",
    "execution-period",
    "datetime",
    "started",
    "start",
    "sent",
    "received",
    "birthdate",
];

/// Changes whenever a resource gets other rows than before.
const RULES: u8 = 2;

/// By which rules rows are made, and for which address of the server: absolute references below it are its own.
#[must_use]
pub fn stamp(base: &str) -> String {
    format!("{RULES}.{:08x}", hash(base) >> 32)
}

/// All rows of a resource: what search finds it by.
#[must_use]
pub fn rows(key: &Key, json: &Json<'_>, base: &str) -> BTreeSet<ItemKey> {
    let mut rows = BTreeSet::new();
    let Some(definition) = resource_type(key.resource_type) else { return rows };
    let order = order(definition, json, &key.id, base);
    let shard = shard(&key.id);
    let mut add = |pk: String, sk: String| {
        rows.insert(ItemKey { pk, sk });
    };
    add(everything(key.resource_type, shard), order.clone());
    let patients = patients(definition, json, shard, base);
    for parameter in definition.parameters.iter().filter(|parameter| is_indexed(parameter)) {
        for value in values(parameter, json, base) {
            for term in terms::of_value(parameter, &value) {
                let is_split = is_shared(parameter) || term == terms::CONTAINED;
                add(list(key.resource_type, parameter.code, &term, is_split.then_some(shard)), order.clone());
                if is_shared(parameter) && terms::is_specific(&term) {
                    for patient in &patients {
                        add(patient_list(key.resource_type, patient, parameter.code, &term), order.clone());
                    }
                }
            }
            ranged(key, parameter, &value, shard, &mut add);
        }
    }
    rows
}

/// Whether a resource has more rows than it may have; counted, before they are made.
#[must_use]
pub fn has_too_many_rows(key: &Key, json: &Json<'_>, base: &str) -> bool {
    let Some(definition) = resource_type(key.resource_type) else { return false };
    let patients = patients(definition, json, shard(&key.id), base).len();
    let (mut rows, mut pairs) = (0_usize, 0_usize);
    for parameter in definition.parameters.iter().filter(|parameter| is_indexed(parameter)) {
        let values = values(parameter, json, base);
        let terms: BTreeSet<String> = values.iter().flat_map(|value| terms::of_value(parameter, value)).collect();
        let specific = terms.iter().filter(|term| is_shared(parameter) && terms::is_specific(term)).count();
        let is_ranged =
            matches!(parameter.kind, SearchKind::String | SearchKind::Date | SearchKind::Number | SearchKind::Quantity);
        let ranged = if is_ranged { 2 * values.len() } else { 0 };
        rows = rows.saturating_add(terms.len() + ranged);
        pairs = pairs.saturating_add(specific.saturating_mul(patients));
        if rows > MOST_ROWS || pairs > MOST_PAIRS {
            return true;
        }
    }
    false
}

/// The rows of strings, dates and numbers: sorted by the value.
fn ranged(key: &Key, parameter: &SearchParameter, value: &Value, shard: u8, add: &mut impl FnMut(String, String)) {
    let (kind, code, id) = (key.resource_type, parameter.code, key.id.as_str());
    let mut range = |from: String, to: String, narrow: bool| {
        if narrow {
            add(range(kind, code, Ends::Narrow, shard), format!("{from}#{id}"));
        } else {
            add(range(kind, code, Ends::From, shard), format!("{from}#{id}"));
            add(range(kind, code, Ends::To, shard), format!("{to}#{id}"));
        }
    };
    match value {
        Value::String(text) => {
            let text = fhir_model::text::normalize(text);
            if let Some(first) = text.chars().next() {
                add(strings(kind, code, first), format!("{}\u{1}{id}", cut(&text, LONGEST_STRING)));
            }
        }
        Value::Date(Span { from, to }) => {
            let (from, to) = (from.unwrap_or(i64::MIN), to.unwrap_or(i64::MAX));
            range(time::sortable(from), time::sortable(to), to.saturating_sub(from) <= NARROW);
        }
        Value::Number(from, to) => {
            range(number(from.as_ref(), true), number(to.as_ref(), false), from.is_some() && from == to);
        }
        Value::Quantity(quantity) => {
            let (from, to) = (quantity.from.as_ref(), quantity.to.as_ref());
            range(number(from, true), number(to, false), from.is_some() && from == to);
        }
        _ => {}
    }
}

/// Sorting by floats keeps the order of decimals, or makes neighbours equal: what is found is checked exactly.
#[must_use]
pub fn number(number: Option<&fhir_model::decimal::Decimal>, lower: bool) -> String {
    let open = if lower { f64::NEG_INFINITY } else { f64::INFINITY };
    fhir_model::decimal::sortable(number.map_or(open, fhir_model::decimal::Decimal::to_f64))
}

/// The rows by which type and system history, and `_lastUpdated`, find versions.
#[must_use]
pub fn log(key: &Key, number: u64, updated: i64) -> BTreeSet<ItemKey> {
    let shard = shard(&key.id);
    let sk = log_place(key, number, updated);
    [key.resource_type, ""].into_iter().map(|kind| ItemKey { pk: log_list(kind, shard), sk: sk.clone() }).collect()
}

/// Where a version stands in the log.
#[must_use]
pub fn log_place(key: &Key, number: u64, updated: i64) -> String {
    format!("{}#{key}#{number:012}", time::sortable(updated))
}

/// Where a resource stands among those of its type: by its main date, then by its id. `n` or `w` tells whether the date
/// is narrow or wide, so that a search by date can pass over narrow ones without fetching them. A date without a beginning
/// has begun before all others.
#[must_use]
pub fn order(definition: &ResourceType, json: &Json<'_>, id: &str, base: &str) -> String {
    let spans = main_date(definition).map(|parameter| values(parameter, json, base)).unwrap_or_default();
    let spans = || spans.iter().filter_map(|value| if let Value::Date(span) = value { Some(span) } else { None });
    let from = spans().map(|span| span.from.unwrap_or(i64::MIN)).min();
    let to = spans().map(|span| span.to.unwrap_or(i64::MAX)).max();
    let Some((from, to)) = from.zip(to) else { return format!("{NO_DATE}#{id}") };
    let width = if to.saturating_sub(from) > NARROW { 'w' } else { 'n' };
    format!("{}{width}#{id}", time::sortable(from))
}

/// Whether a place is one of a resource without a main date.
#[must_use]
pub fn is_undated(place: &str) -> bool {
    place.starts_with(NO_DATE)
}

/// The date by which the resources of a type are kept in order.
#[must_use]
pub fn main_date(definition: &ResourceType) -> Option<&'static SearchParameter> {
    let named = MAIN_DATES.iter().filter_map(|code| definition.parameter(code));
    named.into_iter().find(|parameter| parameter.kind == SearchKind::Date)
}

/// Parameters that have rows of their own: not those that another one's rows serve, that the log or the heads serve
/// (`_lastUpdated`, `_id`), or that are made of others (composites).
#[must_use]
pub fn is_indexed(parameter: &SearchParameter) -> bool {
    parameter.served_by.is_none()
        && !matches!(parameter.kind, SearchKind::Composite | SearchKind::Special)
        && !matches!(parameter.code, "_id" | "_lastUpdated")
}

/// Whether very many resources share the parameter's terms: codes, booleans, concepts; not identifiers.
#[must_use]
pub fn is_shared(parameter: &SearchParameter) -> bool {
    parameter.code == "_profile"
        || parameter.kind == SearchKind::Token
            && parameter.paths.iter().any(|path| matches!(path.kind, "code" | "boolean" | "Coding" | "CodeableConcept"))
}

/// The reference that tells whose a resource is: `subject`, or `patient` where there is no such.
#[must_use]
pub fn patient_parameter(definition: &ResourceType) -> Option<&'static SearchParameter> {
    let parameter = definition.parameter("patient").or_else(|| definition.parameter("subject"))?;
    let served = parameter.served_by.and_then(|code| definition.parameter(code));
    // Of all kinds of references those to patients: a Provenance names thousands of others.
    let served = served.filter(|served| served.targets.len() <= MOST_TARGETS);
    Some(served.unwrap_or(parameter)).filter(|parameter| parameter.kind == SearchKind::Reference)
}

/// The ids of those that a resource is about; [`contained_patient`] for one inside of it.
fn patients(definition: &ResourceType, json: &Json<'_>, shard: u8, base: &str) -> BTreeSet<String> {
    let found = patient_parameter(definition).map(|parameter| values(parameter, json, base)).unwrap_or_default();
    let id = |value| match value {
        Value::Reference(reference) => {
            let inside = reference.url.filter(|url| url.starts_with('#')).map(|_| contained_patient(shard));
            reference.id.or(inside)
        }
        _ => None,
    };
    found.into_iter().filter_map(id).collect()
}

/// Stands for the id of a patient inside a resource: very many share it.
#[must_use]
pub fn contained_patient(shard: u8) -> String {
    format!("#{shard}")
}

/// The partition of all resources of a type.
#[must_use]
pub fn everything(kind: &str, shard: u8) -> String {
    format!("i#{kind}##{shard}")
}

/// The partition of a term.
#[must_use]
pub fn list(kind: &str, code: &str, term: &str, shard: Option<u8>) -> String {
    let term = cut(term, LONGEST_TERM);
    match shard {
        Some(shard) => format!("i#{kind}#{code}#{term}#{shard}"),
        None => format!("i#{kind}#{code}#{term}"),
    }
}

/// The partition of a term among one patient's resources.
#[must_use]
pub fn patient_list(kind: &str, patient: &str, code: &str, term: &str) -> String {
    format!("i#{kind}#@{patient}#{code}#{}", cut(term, LONGEST_TERM))
}

/// The partition of strings that begin with a character.
#[must_use]
pub fn strings(kind: &str, code: &str, first: char) -> String {
    format!("i#{kind}#{code}#${first}")
}

/// What a partition of ranges holds, and is sorted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Points, and dates of up to [`NARROW`], by their lower end.
    Narrow,
    /// Others, by their lower end.
    From,
    /// Others, by their upper end.
    To,
}

/// A partition of ranges.
#[must_use]
pub fn range(kind: &str, code: &str, ends: Ends, shard: u8) -> String {
    let ends = match ends {
        Ends::Narrow => "n",
        Ends::From => "f",
        Ends::To => "t",
    };
    format!("i#{kind}#{code}#{ends}#{shard}")
}

/// A partition of the log of a type, or of all (`""`).
#[must_use]
pub fn log_list(kind: &str, shard: u8) -> String {
    format!("l#{kind}#{shard}")
}

/// The partition number of all rows of a resource.
#[must_use]
pub fn shard(id: &str) -> u8 {
    u8::try_from((hash(id) >> 32) % u64::from(SHARDS)).unwrap_or_default()
}

/// FNV-1a: it must stay the same over releases, and std's may not.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The beginning of a text, up to that many bytes, at a character's end. Longer values share a row, and are told apart
/// by their content.
#[must_use]
pub fn cut(text: &str, bytes: usize) -> &str {
    let end = (0..=bytes.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
