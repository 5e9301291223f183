//! `_sort` by what no index is in the order of: in memory, of a bounded number of resources.

use std::cmp::Ordering;

use fhir_definitions::{SearchKind, resource_type};
use fhir_model::json::Json;
use fhir_model::value::{Value, values};
use fhir_model::{decimal, text, time};

use super::find::Match;
use super::query::SortKey;
use crate::index;

/// Longer strings are in order up to here.
const LONGEST: usize = 200;
const FIELD: char = '\u{1f}';

/// What a resource is sorted by: a text for each key whose order is the values', none where there is no value; the id
/// decides between equals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sorted {
    keys: Vec<Option<String>>,
    id: String,
}

impl Sorted {
    /// What a match is sorted by.
    #[must_use]
    pub fn of(found: &Match, sort: &[SortKey], base: &str) -> Self {
        let resource = Json::parse(&found.json).unwrap_or(Json::Null);
        let definition = resource_type(found.version.key.resource_type);
        let key = |sort: &SortKey| {
            // Of several types each has its own definition.
            let own = definition.and_then(|definition| definition.parameter(sort.parameter.code));
            let values = values(own.unwrap_or(sort.parameter), &resource, base);
            let texts = values.into_iter().filter_map(|value| sortable(&value));
            // Dates by their first beginning in either direction, as the index has them: see crate::index::order.
            let greatest = sort.descending && sort.parameter.kind != SearchKind::Date;
            if greatest { texts.max() } else { texts.min() }
        };
        Self { keys: sort.iter().map(key).collect(), id: found.version.key.to_string() }
    }

    /// The order of the search. Those without a value come last, whichever the direction.
    #[must_use]
    pub fn compare(&self, other: &Self, sort: &[SortKey]) -> Ordering {
        let pairs = self.keys.iter().zip(&other.keys).zip(sort);
        let by_key = pairs.map(|((one, other), key)| match (one, other) {
            (Some(one), Some(other)) if key.descending => other.cmp(one),
            (Some(one), Some(other)) => one.cmp(other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        });
        by_key.fold(Ordering::Equal, Ordering::then).then_with(|| self.id.cmp(&other.id))
    }

    /// The place for a cursor.
    #[must_use]
    pub fn place(&self) -> String {
        let keys = self.keys.iter().map(|key| key.as_ref().map_or_else(String::new, |key| format!("+{key}")));
        keys.chain([self.id.clone()]).collect::<Vec<_>>().join(&FIELD.to_string())
    }

    /// Reads a cursor's place.
    #[must_use]
    pub fn at(place: &str) -> Self {
        let mut keys: Vec<&str> = place.split(FIELD).collect();
        let id = keys.pop().unwrap_or_default().to_owned();
        Self { keys: keys.into_iter().map(|key| key.strip_prefix('+').map(str::to_owned)).collect(), id }
    }
}

fn sortable(value: &Value) -> Option<String> {
    let cut = |text: &str| index::cut(text, LONGEST).replace(FIELD, " ");
    Some(match value {
        Value::Date(span) => time::sortable(span.from.unwrap_or(i64::MIN)),
        Value::Number(from, to) => decimal::sortable(from.as_ref().or(to.as_ref())?.to_f64()),
        Value::Quantity(quantity) => decimal::sortable(quantity.from.as_ref().or(quantity.to.as_ref())?.to_f64()),
        Value::String(string) => cut(&text::normalize(string)),
        Value::Token(token) => cut(token.code.as_ref().or(token.text.as_ref())?),
        Value::Reference(reference) => match (&reference.resource_type, &reference.id) {
            (Some(kind), Some(id)) => format!("{kind}/{id}"),
            _ => cut(reference.url.as_ref().or(reference.id.as_ref())?),
        },
        Value::Uri(uri) => cut(uri),
        Value::Composite(_) | Value::Position(..) => return None,
    })
}
