//! Escapes in values: `\,` `\|` `\$` `\\` (<https://hl7.org/fhir/R4/search.html#escaping>).

/// The parts of `text` between separators that are not escaped; the parts keep their escapes.
pub(super) fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut escaped = false;
        let at = text.bytes().position(|byte| {
            let hit = byte == separator && !escaped;
            escaped = byte == b'\\' && !escaped;
            hit
        });
        let (part, after) = at.and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?))).unzip();
        rest = after;
        Some(part.unwrap_or(text))
    })
}

/// What is meant; a backslash before anything else stands for itself.
pub(super) fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        let meant = if char == '\\' { chars.next_if(|next| matches!(next, ',' | '|' | '$' | '\\')) } else { None };
        out.push(meant.unwrap_or(char));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_escaped_does_not_separate() {
        for (text, parts) in [
            ("a,b", vec!["a", "b"]),
            (r"a\,b,c", vec!["a,b", "c"]),
            (r"a\\,b", vec![r"a\", "b"]),
            (r"\|\$\x", vec![r"|$\x"]),
            ("", vec![""]),
            (",", vec!["", ""]),
            (r"a\", vec![r"a\"]),
            ("é,ü", vec!["é", "ü"]),
        ] {
            assert_eq!(split(text, b',').map(unescape).collect::<Vec<_>>(), parts, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_was_escaped_comes_back(texts in prop::collection::vec("[a,|$\\\\é]{0,6}", 1..4)) {
            let escaped = |text: &String| text.chars().flat_map(|char| if ",|$\\".contains(char) { vec!['\\', char] } else { vec![char] }).collect::<String>();
            let joined = texts.iter().map(escaped).collect::<Vec<_>>().join(",");
            prop_assert_eq!(split(&joined, b',').map(unescape).collect::<Vec<_>>(), texts);
        }
    }
}
