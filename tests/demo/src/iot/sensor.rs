//! Devices that measure. The same every time but for the date, which is yesterday's.

use std::f64::consts::PI;

use report::Message;

/// Readings of an afternoon, and the seconds between two.
const READINGS: u32 = 300;
const EVERY: i64 = 75;
const DAY: i64 = 86_400;
const NOON: i64 = 12 * 3600;

/// A light sensor on 10 bits, from noon on: all of its messages, in order, a dozen of them bad.
pub(crate) fn afternoon() -> Vec<Message> {
    let start = noon_of_yesterday();
    let mut noise = Noise(0x5eed);
    let message = |n: u32| {
        let at_ms = (start + i64::from(n) * EVERY) * 1000 + 83;
        let value = light(n, &mut noise);
        bad(n, at_ms, value).unwrap_or_else(|| reading(at_ms, value))
    };
    (0..READINGS).map(message).collect()
}

/// Some readings of a device that measures every second, without a bad one.
pub(crate) fn seconds(count: u32) -> Vec<Message> {
    let mut noise = Noise(0xcafe);
    let start = noon_of_yesterday();
    (0..count).map(|n| reading((start + i64::from(n)) * 1000 + 83, 450.0 + noise.next())).collect()
}

/// Readings with what belongs to each: so many characters of a spectrum.
pub(crate) fn spectra(count: u32, characters: usize) -> Vec<Message> {
    let with_spectrum = |message: Message| {
        let head = message.text.trim_end_matches('}');
        let text = format!("{head},\"spectrum\":\"{}\"}}", "3fa9".repeat(characters / 4));
        Message { text, ..message }
    };
    seconds(count).into_iter().map(with_spectrum).collect()
}

fn reading(at_ms: i64, value: f64) -> Message {
    Message::published(at_ms, Some(value), format!("{{\"time\":{at_ms},\"sensor_a0\":{value}}}"))
}

/// What the device sends in a reading's place when something went wrong.
fn bad(n: u32, at_ms: i64, value: f64) -> Option<Message> {
    let (value, text) = match n {
        23 | 61 | 62 | 171 => (None, format!("{{\"time\":{at_ms},\"sensor_a0\":NaN}}")),
        118 | 170 | 172 => (None, format!("{{\"time\":{at_ms},\"sens")),
        201 => (None, format!("[{at_ms},{value}]")),
        233 | 234 => (None, format!("{{\"time\":{at_ms},\"battery\":3.1}}")),
        266 => (None, format!("{{\"time\":{at_ms},\"sensor_a0\":\"high\"}}")),
        285 => (Some(value), format!("{{\"time\":\"just now\",\"sensor_a0\":{value}}}")),
        _ => return None,
    };
    Some(Message::published(at_ms, value, text))
}

/// Bright at two, dusk at six, and a cloud at half past three.
fn light(n: u32, noise: &mut Noise) -> f64 {
    let hour = f64::from(n) / f64::from(READINGS);
    let day = 180.0 + 700.0 * (PI * (hour * 0.72 + 0.26)).sin();
    let cloud = 190.0 * (-((hour - 0.56) / 0.035).powi(2)).exp();
    (day - cloud + noise.next()).clamp(0.0, 1023.0).round()
}

fn noon_of_yesterday() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default().as_secs();
    let today = i64::try_from(now).unwrap_or_default() / DAY;
    (today - 1) * DAY + NOON
}

/// Whole numbers from -12 to 12, by Marsaglia's xorshift.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        f64::from(self.0 % 25) - 12.0
    }
}
