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
    fn durations() {
        assert_eq!([0.0, 4.25, 41.4, 999.6].map(duration), ["0 ms", "4.2 ms", "41 ms", "1.00 s"]);
    }
}
