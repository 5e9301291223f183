//! Where the next page begins: opaque to clients, and bound to the search that it belongs to.
//!
//! It carries no right: whoever may search may search from anywhere. The check keeps a cursor from being used with
//! another search, or half copied, where it would skip results without a word.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;

use crate::error::Error;

/// How many bytes of the hash are kept.
const CHECK: usize = 8;
/// Longer ones we do not write: ten sort keys, or one place.
const LONGEST: usize = 4_096;

/// The order in which a search finds, and how far it has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// `l`ists, `s`orted values, lo`g`, `k`eys, or sorted in `m`emory.
    pub order: char,
    /// The last position, as its order writes it.
    pub place: String,
}

impl Cursor {
    /// The text for a link. `search` is the search it belongs to.
    #[must_use]
    pub fn write(&self, search: &str) -> String {
        let place = format!("{}{}", self.order, self.place);
        let mut bytes = hash(search, &place);
        bytes.extend(place.into_bytes());
        BASE64.encode(bytes)
    }

    /// Reads what a link brought.
    pub fn read(text: &str, search: &str) -> Result<Self, Error> {
        let bad = || Error::Parameter("_cursor is not of this search: follow the page's next link as it is".to_owned());
        if text.len() > LONGEST {
            return Err(bad());
        }
        let bytes = BASE64.decode(text).map_err(|_| bad())?;
        let (check, place) = bytes.split_at_checked(CHECK).ok_or_else(bad)?;
        let place = std::str::from_utf8(place).map_err(|_| bad())?;
        if hash(search, place) != check {
            return Err(bad());
        }
        let order = place.chars().next().ok_or_else(bad)?;
        Ok(Self { order, place: place.chars().skip(1).collect() })
    }
}

fn hash(search: &str, place: &str) -> Vec<u8> {
    let digest = digest(&SHA256, format!("{search}\n{place}").as_bytes());
    digest.as_ref().iter().take(CHECK).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_survives_its_link_and_fits_no_other_search(place: String, search: String, other: String) {
            let cursor = Cursor { order: 'l', place };
            let text = cursor.write(&search);
            prop_assert_eq!(Cursor::read(&text, &search).unwrap(), cursor);
            prop_assert!(search == other || Cursor::read(&text, &other).is_err());
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = Cursor::read(&text, "Patient?");
        }
    }
}
