//! From numbers and moments to places on an axis, and the ticks along it.

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Distances between ticks that read well on a clock.
const STEPS: [i64; 29] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
];

/// A stretch of an axis.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Span {
    from: f64,
    to: f64,
}

/// A mark on an axis: where it is, from 0 to 1, and what it says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tick {
    pub(crate) at: f64,
    pub(crate) label: String,
}

/// A moment as a number to place.
#[expect(clippy::cast_precision_loss, reason = "no pixel shows it")]
pub(crate) fn ms(at_ms: i64) -> f64 {
    at_ms as f64
}

impl Span {
    /// From the least to the greatest; what isn't finite has no place.
    pub(crate) fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let join = |span: Option<Self>, value: f64| {
            let span = span.unwrap_or(Self { from: value, to: value });
            Some(Self { from: span.from.min(value), to: span.to.max(value) })
        };
        values.filter(|value| value.is_finite()).fold(None, join)
    }

    pub(crate) fn ends(self) -> (f64, f64) {
        (self.from, self.to)
    }

    /// From 0 to 1; what lies outside is at the nearer end, and all is in the middle where there is no stretch.
    pub(crate) fn share(self, value: f64) -> f64 {
        // Halves, because the whole may be more than a number holds.
        let whole = self.to / 2.0 - self.from / 2.0;
        if whole > 0.0 { ((value / 2.0 - self.from / 2.0) / whole).clamp(0.0, 1.0) } else { 0.5 }
    }

    /// At most `most` round numbers along it.
    pub(crate) fn values(self, most: u32) -> Vec<Tick> {
        let least = (self.to / 2.0 - self.from / 2.0) / f64::from(most) * 2.0;
        let power = 10f64.powf(least.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * power).find(|step| *step >= least);
        let Some(step) = step.filter(|step| step.is_normal()) else {
            return vec![Tick { at: self.share(self.from), label: number(self.from) }];
        };
        let first = (self.from / step).ceil();
        let ticks = (0..=most).map(|n| (first + f64::from(n)) * step).filter(|value| *value <= self.to);
        let mut ticks: Vec<Tick> =
            ticks.map(|value| Tick { at: self.share(value), label: rounded(value, step) }).collect();
        ticks.dedup_by(|one, next| one.label == next.label);
        ticks
    }

    /// At most `most` round times of day along it, in UTC; the dates where it spans days.
    pub(crate) fn times(self, most: i64) -> Vec<Tick> {
        let (from, to) = (whole(self.from), whole(self.to));
        let fits = |step: &i64| to.saturating_sub(from) / *step < most;
        let longer = std::iter::successors(Some(14 * DAY), |step| step.checked_mul(2));
        let Some(step) = STEPS.into_iter().chain(longer).find(fits) else { return Vec::new() };
        let first = from.div_euclid(step).saturating_add(i64::from(from.rem_euclid(step) > 0)).saturating_mul(step);
        let ticks = std::iter::successors(Some(first), |at| at.checked_add(step)).take_while(|at| *at <= to);
        ticks.map(|at| Tick { at: self.share(ms(at)), label: moment(at, step) }).collect()
    }
}

/// Beyond the years that there are, times have no ticks worth reading.
#[expect(clippy::cast_possible_truncation, reason = "kept within the years that a date has")]
fn whole(ms: f64) -> i64 {
    ms.clamp(-8.64e15, 8.64e15) as i64
}

/// As much of the moment as differs from tick to tick.
fn moment(at: i64, step: i64) -> String {
    let clock = clock(at);
    match step {
        DAY.. => date(at),
        MINUTE.. => clock.chars().take(5).collect(),
        SECOND.. => clock.chars().take(8).collect(),
        _ => clock,
    }
}

/// The time of day in UTC, such as `14:02:03.250`.
pub(crate) fn clock(at: i64) -> String {
    let day = at.rem_euclid(DAY);
    let (hours, minutes, seconds) = (day / HOUR, day % HOUR / MINUTE, day % MINUTE / SECOND);
    format!("{hours:02}:{minutes:02}:{seconds:02}.{:03}", day % SECOND)
}

/// Such as `2026-03-11`; the algorithm is Howard Hinnant's `civil_from_days`.
pub(crate) fn date(at: i64) -> String {
    let days = at.div_euclid(DAY) + 719_468;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (year, month) = if month < 10 { (year, month + 3) } else { (year + 1, month - 9) };
    format!("{:04}-{month:02}-{day:02}", year + era * 400)
}

/// As short as it is exact.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e9).contains(&size) { format!("{value:e}") } else { format!("{value}") }
}

/// With the digits that a step needs, and no noise behind them.
fn rounded(value: f64, step: f64) -> String {
    match step {
        _ if value.abs() >= 1e9 => format!("{value:.2e}"),
        1.0.. => number((value / step).round() * step),
        0.1..1.0 => format!("{value:.1}"),
        0.01..0.1 => format!("{value:.2}"),
        0.001..0.01 => format!("{value:.3}"),
        _ => format!("{value:.2e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(from: f64, to: f64) -> Span {
        Span { from, to }
    }

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn a_span_holds_what_is_finite() {
        assert_eq!(Span::of([f64::NAN, 2.0, f64::INFINITY, -1.0].into_iter()), Some(span(-1.0, 2.0)));
        assert_eq!(Span::of([f64::NAN].into_iter()), None);
    }

    #[test]
    fn every_place_is_between_0_and_1() {
        for all in [span(0.0, 10.0), span(3.0, 3.0), span(f64::MIN, f64::MAX), span(0.0, 5e-324)] {
            for value in [f64::MIN, -1.0, 0.0, 3.0, f64::MAX] {
                assert!((0.0..=1.0).contains(&all.share(value)), "{all:?} {value}");
            }
            let ticks = [all.values(4), all.times(6)].concat();
            assert!(ticks.iter().all(|tick| (0.0..=1.0).contains(&tick.at)), "{all:?} {ticks:?}");
        }
        let places = [2.0, 7.0, 12.0].map(|value| number(span(2.0, 12.0).share(value)));
        assert_eq!(places, ["0", "0.5", "1"]);
    }

    #[test]
    fn values_have_few_round_ticks() {
        assert_eq!(labels(&span(397.0, 561.0).values(4)), ["400", "450", "500", "550"]);
        assert_eq!(labels(&span(-0.2, 0.34).values(4)), ["-0.2", "0.0", "0.2"]);
        assert_eq!(labels(&span(456.0, 456.0).values(4)), ["456"]);
        for (from, to) in [(0.0, 1e-9), (1e15, 1e15 + 2.0), (-1e300, 1e300), (f64::MIN, f64::MAX), (0.1, 0.7)] {
            let ticks = span(from, to).values(4);
            assert!(!ticks.is_empty() && ticks.len() <= 5, "{from} {to} {ticks:?}");
            assert!(ticks.iter().all(|tick| tick.label.len() < 18), "{ticks:?}");
        }
    }

    #[test]
    fn times_have_few_round_ticks() {
        let from = 1_773_237_720_000; // 2026-03-11 14:02
        let ticks = |span_ms: i64| span(ms(from), ms(from + span_ms)).times(6);
        assert_eq!(labels(&ticks(25 * MINUTE)), ["14:05", "14:10", "14:15", "14:20", "14:25"]);
        assert_eq!(labels(&ticks(3 * SECOND)), ["14:02:00", "14:02:01", "14:02:02", "14:02:03"][..4].to_vec());
        assert_eq!(labels(&ticks(2)), ["14:02:00.000", "14:02:00.001", "14:02:00.002"]);
        assert_eq!(labels(&ticks(3 * DAY)), ["2026-03-12", "2026-03-13", "2026-03-14"]);
        assert_eq!(ticks(0).len(), 1);
        for length in [1, 999, SECOND, 77 * MINUTE, 31 * HOUR, 400 * DAY, 100_000 * DAY] {
            assert!((1..=7).contains(&ticks(length).len()), "{length}");
        }
    }

    #[test]
    fn dates_and_clocks() {
        assert_eq!((date(0), clock(0)), ("1970-01-01".into(), "00:00:00.000".into()));
        assert_eq!((date(-1), clock(-1)), ("1969-12-31".into(), "23:59:59.999".into()));
        assert_eq!((date(1_582_934_400_000), date(951_868_799_999)), ("2020-02-29".into(), "2000-02-29".into()));
    }

    #[test]
    fn numbers_are_short() {
        assert_eq!([456.0, -0.5, 1e300, 0.0, 2e-7].map(number), ["456", "-0.5", "1e300", "0", "2e-7"]);
    }
}
