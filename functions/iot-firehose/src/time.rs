//! What becomes of a message's time, by `TIME_POLICY`.

use serde_json::value::RawValue;

use crate::js_date::Moment;

/// `TIME_POLICY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimePolicy {
    /// What the JavaScript original made of any value: a date or null.
    Javascript,
    /// A date, or the message is no good.
    Strict,
}

/// A time that was recognized.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Time<'a> {
    /// A date; none is null.
    Date(Option<Moment>),
    /// The device only knew how long it had been running: the message's arrival, and the raw value.
    Uptime(Moment, &'a str),
}

/// A time that `strict` can't place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its time is neither seconds, nor milliseconds, nor an ISO date, nor a device's uptime")]
pub struct Unplaced;

/// Milliseconds in a day.
const DAY: f64 = 86_400_000.0;
/// How far a device's clock may be ahead of the arrival, and how old a message may be that it kept while offline.
const AHEAD: f64 = DAY;
const BEHIND: f64 = 366.0 * DAY;
/// `millis()` of an Arduino starts anew after 2^32 ms, 49.7 days.
const LONGEST_UPTIME: f64 = 4_294_967_296.0;

impl TimePolicy {
    /// Reads a time; `arrival` is when the message came.
    pub fn read(self, value: Option<&RawValue>, arrival: Moment) -> Result<Time<'_>, Unplaced> {
        match self {
            Self::Javascript => Ok(Time::Date(value.and_then(|value| javascript(value.get())))),
            Self::Strict => value.and_then(|value| strict(value.get(), arrival)).ok_or(Unplaced),
        }
    }
}

/// `new Date(value)`: <https://tc39.es/ecma262/#sec-date>. A value that is missing is undefined, and no date.
fn javascript(json: &str) -> Option<Moment> {
    match json.as_bytes().first()? {
        b'n' | b'f' => Moment::of_milliseconds(0), // null and false are 0
        b't' => Moment::of_milliseconds(1),
        b'"' => Moment::of_text(&serde_json::from_str::<String>(json).ok()?),
        b'[' => of_array(json, NESTED),
        b'{' => None, // "[object Object]"
        _ => Moment::of_number(json.parse().ok()?),
    }
}

/// How deep a time may lie in arrays; a device can nest them at will.
const NESTED: u8 = 8;

/// An array is read as the text of its elements with commas between: of one element, that of the element.
fn of_array(json: &str, levels: u8) -> Option<Moment> {
    let levels = levels.checked_sub(1)?;
    let elements: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    let [element] = elements.as_slice() else { return None };
    match element.get().as_bytes().first()? {
        b'"' => Moment::of_text(&serde_json::from_str::<String>(element.get()).ok()?),
        b'[' => of_array(element.get(), levels),
        b'n' | b't' | b'f' | b'{' => None,
        // Of the texts of numbers only those of four digits are dates: years.
        _ => {
            let number: f64 = element.get().parse().ok()?;
            let year = number.fract() == 0.0 && (1000.0..=9999.0).contains(&number);
            year.then(|| Moment::of_text(&format!("{number}")))?
        }
    }
}

/// Seconds and milliseconds since the epoch are told by whether they are near the arrival; what is left, and less than
/// 2^32, is an uptime. An uptime of about 20 days is as large as a date of today in seconds, so that near it one in
/// seventy would be taken for a date; such devices should send milliseconds.
fn strict(json: &str, arrival: Moment) -> Option<Time<'_>> {
    if json.starts_with('"') {
        let text: String = serde_json::from_str(json).ok()?;
        return Moment::of_text(&text).map(|moment| Time::Date(Some(moment)));
    }
    let number: f64 = json.parse().ok()?;
    let near = |milliseconds: f64| {
        let moment = Moment::of_number(milliseconds)?;
        let after = milliseconds - as_number(arrival);
        (-BEHIND..=AHEAD).contains(&after).then_some(Time::Date(Some(moment)))
    };
    let uptime = || (0.0..LONGEST_UPTIME).contains(&number).then_some(Time::Uptime(arrival, json));
    near(number).or_else(|| near(number * 1000.0)).or_else(uptime)
}

#[expect(clippy::cast_precision_loss, reason = "moments are below 2^53")]
fn as_number(moment: Moment) -> f64 {
    moment.milliseconds() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    fn iso(moment: Option<Moment>) -> String {
        let mut text = String::new();
        match moment {
            Some(moment) => moment.write(&mut text),
            None => text.push_str("null"),
        }
        text
    }

    fn arrival() -> Moment {
        Moment::of_text("2024-05-21T10:15:30.123Z").unwrap()
    }

    /// What Node 20.20.2 prints for `JSON.stringify(new Date(JSON.parse(value)))`; only `[1,2]`, which V8 reads by rules of its
    /// own, is null here.
    #[test]
    fn javascript_makes_a_date_or_null_of_any_value() {
        for (json, expected) in [
            ("1567023375013", "2019-08-28T20:16:15.013Z"),
            ("1567023375013.9", "2019-08-28T20:16:15.013Z"),
            ("-1", "1969-12-31T23:59:59.999Z"),
            ("1.567e12", "2019-08-28T13:46:40.000Z"),
            ("0", "1970-01-01T00:00:00.000Z"),
            ("null", "1970-01-01T00:00:00.000Z"),
            ("false", "1970-01-01T00:00:00.000Z"),
            ("true", "1970-01-01T00:00:00.001Z"),
            ("9007199254740993", "null"),
            ("8.64e15", "+275760-09-13T00:00:00.000Z"),
            ("1e400", "null"),
            (r#""2019-08-28T20:16:15.013Z""#, "2019-08-28T20:16:15.013Z"),
            (r#""2019-08-28""#, "2019-08-28T00:00:00.000Z"),
            (r#""2019\u002d08-28""#, "2019-08-28T00:00:00.000Z"),
            (r#""1567023375013""#, "null"),
            (r#""yesterday""#, "null"),
            (r#""""#, "null"),
            ("{}", "null"),
            ("[]", "null"),
            ("[1,2]", "null"),
            ("[2019]", "2019-01-01T00:00:00.000Z"),
            (r#"["2019-08-28"]"#, "2019-08-28T00:00:00.000Z"),
            (r#"[["2019-08"]]"#, "2019-08-01T00:00:00.000Z"),
            ("[null]", "null"),
            ("[[[[[[[[\"2019-08\"]]]]]]]]", "2019-08-01T00:00:00.000Z"),
        ] {
            let Ok(Time::Date(found)) = TimePolicy::Javascript.read(Some(raw(json)), arrival()) else {
                panic!("{json}")
            };
            assert_eq!(iso(found), expected, "{json}");
        }
        assert_eq!(TimePolicy::Javascript.read(None, arrival()), Ok(Time::Date(None)), "missing is undefined");
    }

    /// V8 reads these, each by rules of its own; ECMAScript leaves them open, and here they are null.
    #[test]
    fn what_is_no_iso_date_is_null_although_node_reads_it() {
        for json in [
            r#""2024-02-30""#,
            r#""2024-05-21 10:15""#,
            r#""2024-05-21T10:15:30+0200""#,
            r#""2024-05-21t10:15:30z""#,
            "[100]",
            r#"["2019","05"]"#,
        ] {
            assert_eq!(TimePolicy::Javascript.read(Some(raw(json)), arrival()), Ok(Time::Date(None)), "{json}");
        }
    }

    #[test]
    fn brackets_without_end_cost_nothing() {
        let json = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        let value = RawValue::from_string(format!("\"{json}\"")).unwrap(); // as a text, for the parser's sake
        assert_eq!(javascript(value.get()), None);
        assert_eq!(of_array(&json, NESTED), None);
    }

    #[test]
    fn strict_tells_seconds_milliseconds_dates_and_uptimes_apart_and_refuses_the_rest() {
        let date = |text: &str| Ok(Time::Date(Moment::of_text(text)));
        for (json, expected) in [
            ("1716286530", date("2024-05-21T10:15:30Z")),
            ("1716286530123", date("2024-05-21T10:15:30.123Z")),
            ("1716286530.5", date("2024-05-21T10:15:30.500Z")),
            ("1716200000", date("2024-05-20T10:13:20Z")),
            (r#""2024-05-21T10:15:30Z""#, date("2024-05-21T10:15:30Z")),
            (r#""1999-01-01""#, date("1999-01-01")),
            ("0", Ok(Time::Uptime(arrival(), "0"))),
            ("123456", Ok(Time::Uptime(arrival(), "123456"))),
            ("4294967295", Ok(Time::Uptime(arrival(), "4294967295"))),
            ("4294967296", Err(Unplaced)),
            ("-1", Err(Unplaced)),
            ("1916286530123", Err(Unplaced)),
            ("null", Err(Unplaced)),
            ("true", Err(Unplaced)),
            ("{}", Err(Unplaced)),
            (r#""yesterday""#, Err(Unplaced)),
            ("1e400", Err(Unplaced)),
        ] {
            assert_eq!(TimePolicy::Strict.read(Some(raw(json)), arrival()), expected, "{json}");
        }
        assert_eq!(TimePolicy::Strict.read(None, arrival()), Err(Unplaced));
    }
}
