//! Strings as search compares them: without case, accents and surplus blanks.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::canonical_combining_class;

/// The text in lower case, without accents, in compatibility form, with one blank for each run of white space and none at
/// the ends. Punctuation stays: R4 lets servers keep it, and names differ by it.
#[must_use]
pub fn normalize(text: &str) -> String {
    if text.is_ascii() {
        return collapse(text.chars().map(|char| char.to_ascii_lowercase()), text.len());
    }
    // Marks of combining class 0 are no accents: vowels of Indic scripts, without which words become other words.
    let letters = text.nfkd().filter(|char| canonical_combining_class(*char) == 0);
    collapse(letters.flat_map(char::to_lowercase).flat_map(plain), text.len())
}

/// Letters that mean others, though Unicode does not decompose them. `to_lowercase` for one letter at a time gives σ for Σ
/// wherever it stands, so ς must be σ too. A dotless ı is how a Turkish `I` is written small, and `I` gives i here.
fn plain(char: char) -> impl Iterator<Item = char> {
    let (first, second) = match char {
        'ß' => ('s', Some('s')),
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'ς' => ('σ', None),
        'ı' => ('i', None),
        'ø' => ('o', None),
        'đ' => ('d', None),
        'ł' => ('l', None),
        other => (other, None),
    };
    // Lower case of İ is an i and a dot above.
    (canonical_combining_class(first) == 0).then_some(first).into_iter().chain(second)
}

fn collapse(chars: impl Iterator<Item = char>, capacity: usize) -> String {
    let mut out = String::with_capacity(capacity);
    let mut blank = false;
    for char in chars {
        if char.is_whitespace() {
            blank = !out.is_empty();
        } else {
            if std::mem::take(&mut blank) {
                out.push(' ');
            }
            out.push(char);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_accents_and_surplus_blanks_make_no_difference() {
        for (text, expected) in [
            ("  Peter  James\t\nChalmers ", "peter james chalmers"),
            ("O'Brien-Smith, Jr.", "o'brien-smith, jr."),
            ("Renée MÜLLER", "renee muller"),
            ("Rene\u{301}e", "renee"),
            ("STRASSE", "strasse"),
            ("Straße", "strasse"),
            ("STRAẞE", "strasse"),
            ("İstanbul", "istanbul"),
            ("Diyarbakır", "diyarbakir"),
            ("ΟΔΥΣΣΕΥΣ", "οδυσσευσ"),
            ("Οδυσσεύς", "οδυσσευσ"),
            ("Søren Łukasz Đorđe Æsir", "soren lukasz dorde aesir"),
            ("ﬁancé", "fiance"),
            ("①２Ａ", "12a"),
            ("a\u{a0}\u{2003}b", "a b"),
            ("कि", "कि"),
            ("", ""),
            (" \u{a0}", ""),
        ] {
            assert_eq!(normalize(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn normalizing_twice_changes_nothing(text in "\\PC{0,20}") {
            let once = normalize(&text);
            prop_assert_eq!(&normalize(&once), &once);
        }

        #[test]
        fn ascii_goes_the_same_way_as_the_rest(text in "[ -~\t\n]{0,20}") {
            let slow = collapse(text.nfkd().flat_map(char::to_lowercase).flat_map(plain), 0);
            prop_assert_eq!(normalize(&text), slow);
        }
    }

    #[test]
    fn every_letter_is_normal_after_once() {
        for char in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let once = normalize(char.encode_utf8(&mut [0; 4]));
            assert_eq!(normalize(&once), once, "{char:?}");
        }
    }
}
