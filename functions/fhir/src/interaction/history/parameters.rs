//! What the client asks of history, and where a page ends.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use fhir_definitions::resource_type;
use fhir_model::time;

use crate::config::Config;
use crate::error::Error;
use crate::http::request::number;
use crate::route::is_id;
use crate::store::{Key, Version};

/// The place of a version in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) updated: i64,
    pub(super) key: Key,
    pub(super) number: u64,
}

impl Place {
    pub(super) fn of(version: &Version) -> Self {
        Self { updated: version.updated, key: version.key.clone(), number: version.number }
    }

    /// As [`crate::index::log`] writes it.
    pub(super) fn sort_key(&self) -> String {
        format!("{}#{}#{:012}", time::sortable(self.updated), self.key, self.number)
    }

    pub(super) fn read(sort_key: &str) -> Option<Self> {
        let mut parts = sort_key.split('#');
        let (updated, key, number) = (parts.next()?, parts.next()?, parts.next()?);
        let (name, id) = key.split_once('/').filter(|(_, id)| is_id(id))?;
        let updated = (u64::from_str_radix(updated, 16).ok()? ^ (1 << 63)).cast_signed();
        Some(Self { updated, key: Key::new(resource_type(name)?.name, id), number: number.parse().ok()? })
    }

    pub(super) fn cursor(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.sort_key())
    }

    fn of_cursor(cursor: &str) -> Option<Self> {
        Self::read(std::str::from_utf8(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?)
    }
}

/// What the client asks for.
#[derive(Debug, Default)]
pub(super) struct Parameters {
    pub(super) count: usize,
    /// Only versions that came to be then or later.
    pub(super) since: Option<i64>,
    /// Only versions that were the current ones at some moment of that period.
    pub(super) at: Option<(i64, i64)>,
    pub(super) after: Option<Place>,
    /// What was heeded of the query, for the links; the cursor is not among it.
    pub(super) used: Vec<(String, String)>,
}

impl Parameters {
    pub(super) fn read(query: &[(String, String)], config: &Config, lenient: bool) -> Result<Self, Error> {
        let wrong = |what: &str| Error::Parameter(what.to_owned());
        let mut asked = Self { count: config.page_size, ..Self::default() };
        for (name, value) in query {
            let mut used = value.clone();
            match name.as_str() {
                "_count" | "_since" | "_at" | "_cursor" if value.is_empty() => continue,
                "_count" | "_since" | "_at" if asked.used.iter().any(|(used, _)| used == name) => {
                    return Err(wrong("_count, _since and _at may each stand once"));
                }
                "_count" => {
                    let count = number(value).ok_or_else(|| wrong("_count is no number"))?;
                    asked.count = usize::try_from(count).unwrap_or(usize::MAX).min(config.max_page_size);
                    used = asked.count.to_string();
                }
                "_since" => {
                    let (from, _) =
                        period(value).ok_or_else(|| wrong("_since is no instant, like 2026-01-31T10:00:00Z"))?;
                    asked.since = Some(from);
                }
                "_at" => {
                    let at = period(value).ok_or_else(|| wrong("_at is no date or time, like 2026-01-31"))?;
                    asked.at = Some(at);
                }
                "_cursor" => {
                    let place = Place::of_cursor(value);
                    asked.after = Some(place.ok_or_else(|| wrong("_cursor is none of this server's next links"))?);
                    continue;
                }
                "_format" | "_pretty" => {}
                _ if lenient => continue,
                _ => return Err(wrong("history has the parameters _count, _since, _at, _format and _pretty only")),
            }
            asked.used.push((name.clone(), used));
        }
        Ok(asked)
    }

    /// Whether that version is wanted: it came to be at `updated`, and another took its place at `ended`.
    pub(super) fn shows(&self, updated: i64, ended: Option<i64>) -> bool {
        self.since.is_none_or(|since| updated >= since)
            && self.at.is_none_or(|(from, to)| updated <= to && ended.is_none_or(|ended| ended > from))
    }

    /// Whether neither that version of a resource nor an older one can be wanted.
    pub(super) fn is_over(&self, updated: i64, ended: Option<i64>) -> bool {
        self.since.is_some_and(|since| updated < since)
            || self.at.is_some_and(|(from, _)| ended.is_some_and(|ended| ended <= from))
    }
}

/// What a date or time covers. A `+` that was not encoded has become a space.
fn period(text: &str) -> Option<(i64, i64)> {
    let span = time::span(&text.replace(' ', "+"))?;
    span.from.zip(span.to)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_cursor_is_too_odd(bytes: Vec<u8>, text: String, time in "[0-9a-f]{0,17}", number in "[0-9]{0,21}") {
            let _ = Place::of_cursor(&text);
            let _ = Place::of_cursor(&URL_SAFE_NO_PAD.encode(bytes));
            let _ = Place::of_cursor(&URL_SAFE_NO_PAD.encode(format!("{time}#Patient/1#{number}")));
        }
    }

    fn config() -> Config {
        Config {
            table: String::new(),
            bucket: String::new(),
            archive_bucket: None,
            page_size: 50,
            max_page_size: 200,
            edge: crate::config::Edge::default(),
        }
    }

    fn read(query: &str, lenient: bool) -> Result<Parameters, Error> {
        Parameters::read(&crate::http::request::parameters(query.as_bytes()), &config(), lenient)
    }

    #[test]
    fn a_cursor_says_where_it_was_made() {
        for updated in [0, -1, 1_700_000_000_123] {
            let place = Place { updated, key: Key::new("Patient", "a-1.b"), number: 12 };
            assert_eq!(Place::of_cursor(&place.cursor()), Some(place));
        }
        for cursor in ["x", "Zm9v", "????"] {
            assert_eq!(read(&format!("_cursor={cursor}"), true).unwrap_err().status(), 400, "{cursor}");
        }
    }

    #[test]
    fn what_can_not_be_understood_is_an_error_and_what_is_unknown_if_strict() {
        for (query, strict, lenient) in [
            ("_count=x", false, false),
            ("_since=yesterday", false, false),
            ("_at=", true, true),
            ("_since=&_count=&_cursor=", true, true),
            ("_since=2020&_since=2021", false, false),
            ("_count=1&_count=2", false, false),
            ("_count=+5", false, false),
            ("_count=%2B5", false, false),
            ("name=x", false, true),
            ("_count=500&_since=2020-01-01T00:00:00+01:00&_pretty=true", true, true),
        ] {
            assert_eq!((read(query, false).is_ok(), read(query, true).is_ok()), (strict, lenient), "{query}");
        }
        let capped = read("_count=500&_since=", false).unwrap();
        assert_eq!((capped.count, capped.used), (200, vec![("_count".to_owned(), "200".to_owned())]));
        assert_eq!(read("name=x&_count=3", true).unwrap().used, [("_count".to_owned(), "3".to_owned())]);
    }

    #[test]
    fn a_version_is_shown_at_any_moment_of_its_time_as_the_current_one() {
        let second = |text: &str| time::parse_instant(text).unwrap();
        let asked = read("_at=2020-05-02", false).unwrap();
        let (before, within) = (second("2020-05-01T23:59:59Z"), second("2020-05-02T12:00:00Z"));
        let after = second("2020-05-03T00:00:00Z");
        for (updated, ended, shown, over) in [
            (before, None, true, false),
            (before, Some(within), true, false),
            (before, Some(before), false, true),
            (within, Some(within), true, false),
            (after, None, false, false),
        ] {
            assert_eq!(
                (asked.shows(updated, ended), asked.is_over(updated, ended)),
                (shown, over),
                "{updated} {ended:?}"
            );
        }
        let asked = read("_since=2020-05-02T12:00:00Z", false).unwrap();
        assert_eq!((asked.shows(within, None), asked.shows(before, None)), (true, false));
        assert_eq!((asked.is_over(within, None), asked.is_over(before, None)), (false, true));
    }
}
