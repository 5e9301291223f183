//! Dates as JavaScript has them: what `JSON.stringify(new Date(value))` gives, for every JSON value.
//!
//! The original of this function was written in JavaScript, and what its readers have in the lake came from there.
//! Time values: <https://tc39.es/ecma262/#sec-time-values-and-time-range>. The text format, and only that one:
//! <https://tc39.es/ecma262/#sec-date-time-string-format>. Engines read other texts too, each in its own way; here they
//! give null. Local time is UTC, as it is in Lambda.

use std::fmt::Write as _;

/// The furthest moment from the epoch, in milliseconds: 100,000,000 days.
const FURTHEST: f64 = 8.64e15;
const MS_PER_DAY: i64 = 86_400_000;

/// A moment in milliseconds since the epoch, at most [`FURTHEST`] away from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(i64);

impl Moment {
    /// 1970.
    pub const EPOCH: Self = Self(0);

    /// `new Date(number)`: cut off towards zero; none for what is too far away, infinite or no number.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "8.64e15 fits into an i64")]
    pub fn of_number(milliseconds: f64) -> Option<Self> {
        // Not `milliseconds.abs() > FURTHEST`: that is false for NaN.
        (milliseconds.abs() <= FURTHEST).then_some(Self(milliseconds as i64))
    }

    /// `new Date(text)`.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        parse(text.as_bytes()).and_then(Self::of_milliseconds)
    }

    /// So many milliseconds since the epoch.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "what loses precision is too far away by three orders of magnitude")]
    pub fn of_milliseconds(milliseconds: i64) -> Option<Self> {
        Self::of_number(milliseconds as f64).map(|_| Self(milliseconds))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub fn milliseconds(self) -> i64 {
        self.0
    }

    /// `toISOString()`: `2024-05-21T10:15:30.123Z`, with a sign and six digits for years before 0 and after 9999.
    pub fn write(self, to: &mut String) {
        let (days, time) = (self.0.div_euclid(MS_PER_DAY), self.0.rem_euclid(MS_PER_DAY));
        let (year, month, day) = civil(days);
        let _ = match year {
            0..=9999 => write!(to, "{year:04}"),
            ..0 => write!(to, "-{:06}", -year),
            _ => write!(to, "+{year:06}"),
        };
        let (hour, minute, second) = (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60);
        let _ = write!(to, "-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", time % 1000);
    }
}

/// Reads the one format, to milliseconds since the epoch.
fn parse(text: &[u8]) -> Option<i64> {
    let mut rest = Rest(text);
    let year = rest.year()?;
    let month = if rest.takes(b'-') { rest.digits(2)? } else { 1 };
    let day = if rest.takes(b'-') { rest.digits(2)? } else { 1 };
    if !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
        return None;
    }
    let date = days(year, month, day) * MS_PER_DAY;
    if rest.0.is_empty() {
        return Some(date);
    }
    let time = rest.time()?;
    rest.0.is_empty().then_some(date + time)
}

struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn takes(&mut self, byte: u8) -> bool {
        match self.0.split_first() {
            Some((first, rest)) if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.iter().try_fold(0, |number, digit| digit.is_ascii_digit().then(|| number * 10 + i64::from(digit - b'0')))
    }

    /// Four digits, or a sign and six; -000000 is none.
    fn year(&mut self) -> Option<i64> {
        if self.takes(b'+') {
            self.digits(6)
        } else if self.takes(b'-') {
            self.digits(6).filter(|year| *year != 0).map(|year| -year)
        } else {
            self.digits(4)
        }
    }

    /// `THH:mm`, `THH:mm:ss`, `THH:mm:ss.sss`, each with or without `Z` or `+HH:mm`. 24:00:00.000 is the next midnight.
    fn time(&mut self) -> Option<i64> {
        let (hour, minute) = (self.takes(b'T').then(|| self.digits(2))??, self.takes(b':').then(|| self.digits(2))??);
        let mut time = hour * 3_600_000 + minute * 60_000;
        if self.takes(b':') {
            let second = self.digits(2).filter(|second| *second < 60)?;
            time += second * 1000 + if self.takes(b'.') { self.fraction()? } else { 0 };
        }
        if hour > 24 || minute > 59 || time > MS_PER_DAY {
            return None;
        }
        Some(time - self.offset()?)
    }

    /// Milliseconds. The format has three digits; every engine reads more or fewer, and cuts off what is finer.
    fn fraction(&mut self) -> Option<i64> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(count).filter(|_| count > 0)?;
        self.0 = rest;
        let padded = digits.iter().chain(b"00").take(3);
        Some(padded.fold(0, |number, digit| number * 10 + i64::from(digit - b'0')))
    }

    fn offset(&mut self) -> Option<i64> {
        if self.0.is_empty() || self.takes(b'Z') {
            return Some(0);
        }
        let sign = if self.takes(b'+') {
            1
        } else if self.takes(b'-') {
            -1
        } else {
            return None;
        };
        let hour = self.digits(2).filter(|hour| *hour < 24)?;
        let minute = self.takes(b':').then(|| self.digits(2))?.filter(|minute| *minute < 60)?;
        Some(sign * (hour * 3_600_000 + minute * 60_000))
    }
}

fn days_of(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since the epoch of a date of the Gregorian calendar. Years begin in March here, so that the leap day is the last:
/// <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since the epoch: the inverse.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn iso(moment: Option<Moment>) -> String {
        let mut text = String::new();
        match moment {
            Some(moment) => moment.write(&mut text),
            None => text.push_str("null"),
        }
        text
    }

    /// What Node 20.20.2 prints for `JSON.stringify(new Date(text))` with `TZ=UTC`.
    #[test]
    fn texts_of_the_format_are_read_as_ecmascript_reads_them() {
        for (text, expected) in [
            ("2024", "2024-01-01T00:00:00.000Z"),
            ("2024-05", "2024-05-01T00:00:00.000Z"),
            ("2024-05-21", "2024-05-21T00:00:00.000Z"),
            ("2024-02-29", "2024-02-29T00:00:00.000Z"),
            ("2024-05-21T10:15", "2024-05-21T10:15:00.000Z"),
            ("2024-05-21T10:15Z", "2024-05-21T10:15:00.000Z"),
            ("2024-05-21T10:15:30", "2024-05-21T10:15:30.000Z"),
            ("2024-05-21T10:15:30.1Z", "2024-05-21T10:15:30.100Z"),
            ("2024-05-21T10:15:30.123Z", "2024-05-21T10:15:30.123Z"),
            ("2024-05-21T10:15:30.1239Z", "2024-05-21T10:15:30.123Z"),
            ("2024-05-21T10:15:30+02:00", "2024-05-21T08:15:30.000Z"),
            ("2024-05-21T00:15:30-23:59", "2024-05-22T00:14:30.000Z"),
            ("2024-05T10:15Z", "2024-05-01T10:15:00.000Z"),
            ("2024T10:15Z", "2024-01-01T10:15:00.000Z"),
            ("2024-12-31T24:00:00Z", "2025-01-01T00:00:00.000Z"),
            ("0000-01-01", "0000-01-01T00:00:00.000Z"),
            ("-000001-01-01T00:00Z", "-000001-01-01T00:00:00.000Z"),
            ("+012345-06-07", "+012345-06-07T00:00:00.000Z"),
            ("+275760-09-13T00:00:00.000Z", "+275760-09-13T00:00:00.000Z"),
            ("-271821-04-20T00:00:00.000Z", "-271821-04-20T00:00:00.000Z"),
        ] {
            assert_eq!(iso(Moment::of_text(text)), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_dates() {
        for text in [
            "",
            " ",
            "now",
            "21.05.2024",
            "20240521",
            "2024-5-21",
            "2024-13-01",
            "2024-00-10",
            "2024-05-32",
            "2024-02-30",
            "2023-02-29",
            "1900-02-29",
            "2024-05-21 10:15",
            "2024-05-21T",
            "2024-05-21T10",
            "2024-05-21T10:60",
            "2024-05-21T25:00",
            "2024-05-21T24:00:01",
            "2024-05-21T10:15:60",
            "2024-05-21T10:15:30.",
            "2024-05-21T10:15:30,1Z",
            "2024-05-21T10:15+0200",
            "2024-05-21T10:15+24:00",
            "2024-05-21T10:15ZZ",
            "2024-05-21Z",
            "-000000-01-01",
            "+275760-09-13T00:00:00.001Z",
            "-271821-04-19T23:59:59.999Z",
            "+999999-01-01",
            "12345",
            "2024-05-21t10:15z",
            "٢٠٢٤",
        ] {
            assert_eq!(Moment::of_text(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_cut_off_towards_zero_and_end_a_hundred_million_days_away() {
        for (number, expected) in [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (-0.9, "1970-01-01T00:00:00.000Z"),
            (-1.0, "1969-12-31T23:59:59.999Z"),
            (1_567_023_375_013.9, "2019-08-28T20:16:15.013Z"),
            (253_402_300_800_000.0, "+010000-01-01T00:00:00.000Z"),
            (-62_167_219_200_001.0, "-000001-12-31T23:59:59.999Z"),
            (8.64e15, "+275760-09-13T00:00:00.000Z"),
            (-8.64e15, "-271821-04-20T00:00:00.000Z"),
            (8.64e15 + 1.0, "null"),
            (f64::NAN, "null"),
            (f64::INFINITY, "null"),
        ] {
            assert_eq!(iso(Moment::of_number(number)), expected, "{number}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(milliseconds in -8_640_000_000_000_000_i64..=8_640_000_000_000_000) {
            let moment = Moment::of_milliseconds(milliseconds);
            prop_assert_eq!(Moment::of_text(&iso(moment)), moment);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC*|[-+0-9TZ:.]*") {
            let _ = Moment::of_text(&text);
        }
    }
}
