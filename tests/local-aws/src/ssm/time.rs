//! SSM's time: how fast time-outs pass, and how moments are written.

use std::sync::Mutex;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::lock;

/// How much faster than real time the time-outs pass.
#[derive(Debug)]
pub(crate) struct Clock {
    speed: Mutex<f64>,
}

impl Default for Clock {
    fn default() -> Self {
        Self { speed: Mutex::new(1.0) }
    }
}

impl Clock {
    pub(crate) fn set(&self, speed: f64) {
        *lock(&self.speed) = speed.max(f64::MIN_POSITIVE);
    }

    pub(crate) fn speed(&self) -> f64 {
        *lock(&self.speed)
    }

    /// How long `seconds` of SSM's take here.
    pub(crate) fn real(&self, seconds: f64) -> Duration {
        Duration::try_from_secs_f64(seconds / self.speed()).unwrap_or(Duration::MAX / 4)
    }
}

/// Now, in seconds since 1970: how the JSON protocol writes times.
pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

/// `2026-11-22T01:23:45.678Z`.
pub(crate) fn iso(seconds: f64) -> String {
    let since = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let (day, of_day) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, date) = civil(day);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since.subsec_millis())
}

/// Year, month and day of a day since 1970. Years begin in March here, so that a leap day comes last.
/// <https://howardhinnant.github.io/date_algorithms.html>
fn civil(day: u64) -> (u64, u64, u64) {
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (era * 400 + year + u64::from(month <= 2), month, date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_iso_8601() {
        let table = [
            (0.0, "1970-01-01T00:00:00.000Z"),
            (951_827_696.5, "2000-02-29T12:34:56.500Z"),
            (1_795_311_225.0, "2026-11-22T01:33:45.000Z"),
        ];
        for (seconds, expected) in table {
            assert_eq!(iso(seconds), expected);
        }
    }
}
