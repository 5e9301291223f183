//! Words and numbers as both renderings write them.

/// The text in at most `room` characters: the middle goes, because ids and names differ at their ends.
pub(crate) fn fit(text: &str, room: usize) -> String {
    let length = text.chars().count();
    if length <= room {
        return text.to_owned();
    }
    let tail = (room / 3).min(6);
    let head: String = text.chars().take(room.saturating_sub(tail + 1)).collect();
    let tail: String = text.chars().skip(length - tail).collect();
    format!("{head}…{tail}")
}

/// A duration in the unit and precision that read best.
pub(crate) fn duration(ms: f64) -> String {
    if ms >= 999.5 {
        format!("{:.2} s", ms / 1000.0)
    } else if ms >= 9.95 || ms == 0.0 {
        format!("{ms:.0} ms")
    } else {
        format!("{ms:.1} ms")
    }
}

/// With control characters, and those that would turn the text around or hide in it, written out.
pub(crate) fn visible(text: &str) -> String {
    let hidden = |c: char| {
        let marks =
            ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2060}'..='\u{206f}', '\u{feff}'..='\u{feff}'];
        c.is_control() || marks.iter().any(|range| range.contains(&c))
    };
    let mut all = String::with_capacity(text.len());
    for c in text.chars() {
        if hidden(c) { all.extend(c.escape_default()) } else { all.push(c) }
    }
    all
}

/// A size as it is read: in the unit that leaves at most three digits before the point.
pub(crate) fn size(bytes: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", bytes / unit, bytes % unit * 10 / unit);
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{} KB", tenths(1_000)),
        1_000_000..1_000_000_000 => format!("{} MB", tenths(1_000_000)),
        _ => format!("{} GB", tenths(1_000_000_000)),
    }
}

/// "1 route", "4 routes".
pub(crate) fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_by_leaving_out_the_middle() {
        assert_eq!(fit("i-0123456789abcdef0", 19), "i-0123456789abcdef0");
        assert_eq!(fit("i-0123456789abcdef0", 12), "i-01234…def0");
        assert_eq!(fit("ééééé", 3).chars().count(), 3);
        assert_eq!(fit("abc", 0), "…");
    }

    #[test]
    fn control_characters_are_seen() {
        assert_eq!(visible("a\n\x1b[2J\u{202e}\0\x7f é"), r"a\n\u{1b}[2J\u{202e}\u{0}\u{7f} é");
        assert!(!visible(&('\0'..='\u{2100}').collect::<String>()).contains(char::is_control));
    }

    #[test]
    fn sizes() {
        assert_eq!([999, 41_960, 1_000_000, 25_000_000_000].map(size), ["999 B", "41.9 KB", "1.0 MB", "25.0 GB"]);
    }

    #[test]
    fn durations() {
        assert_eq!([0.0, 4.25, 41.4, 999.6].map(duration), ["0 ms", "4.2 ms", "41 ms", "1.00 s"]);
    }
}
