//! Made-up lakes: a day's stream with some bad messages in it, and single batches.

use report::{Check, Fact, Fate, Figure, Lake, Message, Object, Outcome, Reading, Scenario};
use serde_json::json;

/// 2026-03-11 13:02 UTC.
const START: i64 = 1_773_234_120_000;

const REASONS: [(&str, &str); 4] = [
    ("it is not JSON", "{\"time\": 1773234120000, \"sensor_a0\": NaN}"),
    ("it is no JSON object", "</script><b onclick=\"alert(1)\">7</b>"),
    ("it is not UTF-8", "\u{0}\u{1b}[2J\u{202e}\u{7f}ÿ"),
    (
        "it lacks the field sensor_a0",
        "{\"time\": 1773234120000, \"firmware\": \"2.7.1-rc3\", \"uptime\": 918273645, \"boot\": {\"reason\": \"watchdog\", \"count\": 12}}",
    ),
];

pub(crate) fn scenarios() -> Vec<Scenario> {
    let stream = scenario("Three hundred readings, some of them bad", &Lake::default(), stream());
    let mut before = self::stream();
    before.messages.truncate(120);
    before.objects.truncate(1);
    let mut broken = scenario("A stream that loses three", &before, losing());
    broken.checks = vec![Check::new("published = in the lake + in quarantine", false)];
    vec![stream, scenario("A batch with one bad message in it", &Lake::default(), batch()), broken]
}

fn scenario(title: &str, before: &Lake, after: Lake) -> Scenario {
    Scenario {
        title: title.into(),
        happened: "A sensor publishes a reading every twelve seconds; now and then it garbles one.".into(),
        event: json!(null),
        before: Figure::Lake(before.clone()),
        after: Figure::Lake(after),
        outcome: Outcome::Ok("each message is in the lake or in quarantine".into()),
        checks: vec![Check::new("published = in the lake + in quarantine", true)],
        figures: vec![Fact::new("calls to Firehose", 3)],
        ..Scenario::default()
    }
}

/// Lakes of every sort, for properties.
#[cfg_attr(not(test), expect(dead_code, reason = "the tests' own"))]
pub(crate) fn lakes() -> Vec<Lake> {
    let odd = [Some(f64::NAN), Some(f64::MAX), Some(f64::MIN), None, Some(0.0)];
    let times = [i64::MIN, i64::MAX, 0, START, -1];
    let odd = odd.into_iter().zip(times).map(|(value, at_ms)| Message {
        fate: Fate::InLake(vec![Reading { id: format!("{at_ms}"), at_ms: Some(at_ms), value }]),
        ..Message::published(at_ms, value, "odd")
    });
    let odd = Lake { messages: odd.collect(), ..Lake::default() };
    let alone = Lake { messages: vec![Message::published(START, Some(1.0), "1")], ..Lake::default() };
    let stray = Lake { strays: vec![Reading { value: Some(1e9), ..Reading::default() }], ..batch() };
    vec![Lake::default(), stream(), losing(), batch(), odd, alone, stray]
}

/// A wave with a ripple.
fn value(n: i32) -> f64 {
    let t = f64::from(n);
    (480.0 + 70.0 * (t / 47.0).sin() + 22.0 * (t / 9.0).cos() + f64::from(n * 7919 % 13)).round()
}

fn good(n: i32) -> Message {
    let (at_ms, value) = (START + i64::from(n) * 12_000, value(n));
    let line = Reading { id: format!("id-{n}"), at_ms: Some(at_ms), value: Some(value) };
    let fate = Fate::InLake(vec![line; if n % 83 == 40 { 2 } else { 1 }]);
    Message { fate, ..Message::published(at_ms, Some(value), format!("{{\"time\":{at_ms},\"sensor_a0\":{value}}}")) }
}

fn bad(n: i32, which: usize) -> Message {
    let (reason, text) = REASONS[which];
    let fate = Fate::Quarantined(reason.into());
    Message { fate, ..Message::published(START + i64::from(n) * 12_000, None, text) }
}

fn object(n: usize, records: usize) -> Object {
    let key = format!(
        "sensor-data/year=2026/month=03/day=11/hour=13/sensor-data-1-2026-03-11-13-0{n}-41-5f0c2d7e-9b1a-4c7d-8e2f-0a6b3c9d1e4{n}.gz"
    );
    Object { key, bytes: 1_873 + 7_000 * n as u64, records }
}

pub(crate) fn stream() -> Lake {
    let garbled = |n: i32| {
        [(23, 0), (61, 3), (62, 0), (118, 1), (170, 0), (171, 3), (172, 0), (233, 2), (266, 0)]
            .into_iter()
            .find(|(at, _)| *at == n)
    };
    let message = |n| garbled(n).map_or_else(|| good(n), |(n, which)| bad(n, which));
    let objects = vec![object(2, 118), object(3, 121), object(4, 56)];
    Lake { messages: (0..300).map(message).collect(), objects, strays: vec![] }
}

/// The same where three messages are nowhere, and some still on their way.
pub(crate) fn losing() -> Lake {
    let mut lake = stream();
    for (n, message) in lake.messages.iter_mut().enumerate() {
        match n {
            90 | 200 | 201 => message.fate = Fate::Lost,
            290..295 => message.fate = Fate::GivenBack,
            45 => message.fate = Fate::DeadLetter,
            _ => {}
        }
    }
    lake
}

fn batch() -> Lake {
    let mut messages: Vec<Message> = (0..5).map(good).collect();
    messages.insert(2, bad(2, 1));
    messages.push(bad(6, 2));
    messages.push(Message { fate: Fate::GivenBack, ..good(7) });
    Lake { messages, objects: vec![object(2, 5)], strays: vec![] }
}
