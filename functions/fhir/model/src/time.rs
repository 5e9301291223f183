//! FHIR's dates and times (<https://hl7.org/fhir/R4/datatypes.html#dateTime>) as stretches of milliseconds.

use crate::value::Span;

const DAY: i64 = 86_400_000;

/// What a date, dateTime or instant covers: `2020-05` all of May 2020, `2020-05-01T10:00` a minute. None for what is no date.
///
/// Without a zone it is UTC. Fractions finer than milliseconds are cut off. A leap second is the second after it.
#[must_use]
pub fn span(text: &str) -> Option<Span> {
    let moment = Moment::read(text)?;
    Some(Span { from: Some(moment.from), to: Some(moment.from + moment.length - 1) })
}

/// An instant, with seconds and a zone, in milliseconds since 1970.
#[must_use]
pub fn parse_instant(text: &str) -> Option<i64> {
    Moment::read(text).filter(|moment| moment.zone && moment.length <= 1000).map(|moment| moment.from)
}

/// `2026-11-22T07:43:19.123Z`, of milliseconds since 1970.
#[must_use]
pub fn instant(ms: i64) -> String {
    let (days, time) = (ms.div_euclid(DAY), ms.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (time / 3_600_000, time / 60_000 % 60, time / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", time % 1000)
}

/// Sixteen hexadecimal digits whose order as text is that of the times.
#[must_use]
pub fn sortable(ms: i64) -> String {
    format!("{:016x}", ms.cast_unsigned() ^ (1 << 63))
}

/// A time, and how long what was written lasts.
struct Moment {
    from: i64,
    length: i64,
    zone: bool,
}

impl Moment {
    fn read(text: &str) -> Option<Self> {
        let mut rest = Rest(text.as_bytes());
        let year = rest.number(4).filter(|year| *year > 0)?;
        let month = rest.after(b'-', |rest| rest.number(2))?;
        let day = if month.is_some() { rest.after(b'-', |rest| rest.number(2))? } else { None };
        let (first_month, first_day) = (month.unwrap_or(1), day.unwrap_or(1));
        if !(1..=12).contains(&first_month) || !(1..=days_of(year, first_month)).contains(&first_day) {
            return None;
        }
        let date = days(year, first_month, first_day) * DAY;
        let length = match (month, day) {
            (None, _) => days_of(year, 2) + 337, // 365 or 366
            (Some(month), None) => days_of(year, month),
            _ => 1,
        };
        let time = if day.is_some() { rest.after(b'T', Rest::time)? } else { None };
        rest.0.is_empty().then_some(())?;
        let (after, length, zone) = time.unwrap_or((0, length * DAY, false));
        Some(Self { from: date + after, length, zone })
    }
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn takes(&mut self, byte: u8) -> bool {
        let rest = self.0.strip_prefix(&[byte]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn number(&mut self, digits: usize) -> Option<i64> {
        let (number, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        number.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
    }

    /// `Some(None)` where there is no `byte`, none where it is followed by something else.
    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    fn after<T>(&mut self, byte: u8, read: impl Fn(&mut Self) -> Option<T>) -> Option<Option<T>> {
        if self.takes(byte) { read(self).map(Some) } else { Some(None) }
    }

    /// `hh:mm`, `hh:mm:ss`, `hh:mm:ss.s…`, each with or without a zone: milliseconds of the day, length, and whether
    /// there is a zone.
    fn time(&mut self) -> Option<(i64, i64, bool)> {
        let hour = self.number(2).filter(|hour| *hour < 24)?;
        let minute = self.takes(b':').then(|| self.number(2))?.filter(|minute| *minute < 60)?;
        let second = self.after(b':', |rest| rest.number(2).filter(|second| *second <= 60))?;
        let fraction = if second.is_some() { self.after(b'.', Self::fraction)? } else { None };
        let (ms, length) = fraction.unwrap_or((0, if second.is_some() { 1000 } else { 60_000 }));
        let zone = self.zone()?;
        let time = hour * 3_600_000 + minute * 60_000 + second.unwrap_or(0) * 1000 + ms;
        Some((time - zone.unwrap_or(0), length, zone.is_some()))
    }

    /// Milliseconds, and the length that the digits imply: `.5` lasts 100 ms.
    fn fraction(&mut self) -> Option<(i64, i64)> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at_checked(count).filter(|_| count > 0)?;
        self.0 = rest;
        let length = [100, 10].get(count - 1).copied().unwrap_or(1);
        Some((digits.iter().take(3).fold(0, |sum, byte| sum * 10 + i64::from(byte - b'0')) * length, length))
    }

    #[expect(clippy::option_option, reason = "absent and wrong are two things")]
    fn zone(&mut self) -> Option<Option<i64>> {
        let sign = match self.0.first() {
            None => return Some(None),
            Some(b'Z') => 0,
            Some(b'+') => 1,
            Some(b'-') => -1,
            Some(_) => return None,
        };
        self.0 = self.0.get(1..)?;
        if sign == 0 {
            return Some(Some(0));
        }
        let hour = self.number(2)?;
        let minute = self.takes(b':').then(|| self.number(2))?.filter(|minute| *minute < 60)?;
        let offset = hour * 60 + minute;
        (offset <= 14 * 60).then_some(Some(sign * offset * 60_000))
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

/// Days since 1970 of a date of the Gregorian calendar. Years begin in March here, so that the leap day is the last:
/// <https://howardhinnant.github.io/date_algorithms.html#days_from_civil>.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970: the inverse.
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
mod tests;
