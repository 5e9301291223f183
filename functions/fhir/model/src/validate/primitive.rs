//! The regular expressions of R4's primitive types (<https://hl7.org/fhir/R4/datatypes.html#primitive>), by hand: no engine
//! for them is started, and none can be slow.

use fhir_definitions::Primitive;

use crate::json::Json;

/// R4: "Strings SHALL NOT exceed 1MB (1024*1024 characters) in size".
const MAX_STRING: usize = 1 << 20;

/// What is wrong with a primitive's value: an issue's code, and what would be right.
pub(super) type Wrong = (&'static str, &'static str);

pub(super) fn check(primitive: Primitive, value: &Json<'_>) -> Result<(), Wrong> {
    use Primitive as P;
    match (primitive, value) {
        (P::Boolean, Json::Bool(_)) | (P::Decimal, Json::Number(_)) => Ok(()),
        (P::Boolean, _) => Err(("structure", "must be true or false, without quotes")),
        (P::Decimal, _) => Err(("structure", "must be a number, without quotes")),
        (P::Integer, Json::Number(digits)) => whole(digits, i32::MIN, "must be a whole number of 32 bits"),
        (P::UnsignedInt, Json::Number(digits)) => whole(digits, 0, "must be a whole number from 0 to 2147483647"),
        (P::PositiveInt, Json::Number(digits)) => whole(digits, 1, "must be a whole number from 1 to 2147483647"),
        (P::Integer | P::UnsignedInt | P::PositiveInt, _) => {
            Err(("structure", "must be a whole number, without quotes"))
        }
        (P::Xhtml, Json::String(text)) => super::xhtml::check(text),
        (_, Json::String(text)) => string(primitive, text).map_err(|right| ("value", right)),
        _ => Err(("structure", "must be a string")),
    }
}

fn whole(digits: &str, least: i32, right: &'static str) -> Result<(), Wrong> {
    let fits = digits.parse::<i32>().is_ok_and(|number| number >= least) && digits != "-0";
    if fits { Ok(()) } else { Err(("value", right)) }
}

fn string(primitive: Primitive, text: &str) -> Result<(), &'static str> {
    use Primitive as P;
    if text.is_empty() {
        return Err("must not be empty");
    }
    let (fits, right) = match primitive {
        P::Base64Binary => (base64(text), "must be base64"),
        P::Code => (code(text), "must be a code: no blanks at its ends, and single ones within"),
        P::Id => (id(text), "must be an id: up to 64 of A-Z, a-z, 0-9, - and ."),
        P::Date => (date(text), "must be a date: YYYY, YYYY-MM or YYYY-MM-DD"),
        P::DateTime => {
            (date_time(text), "must be a dateTime: YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a zone")
        }
        P::Instant => (instant(text), "must be an instant: YYYY-MM-DDThh:mm:ss with a zone"),
        P::Time => (time(text) == Some(""), "must be a time: hh:mm:ss"),
        P::Uuid => (uuid(text), "must be a uuid: urn:uuid: and 32 hexadecimal digits in lower case"),
        P::Oid => (oid(text), "must be an oid: urn:oid: and numbers with dots between"),
        P::Uri | P::Url | P::Canonical => (!text.contains(char::is_whitespace), "must be a URI, without blanks"),
        _ => (plain(text), "must have no control characters but tab, CR and LF, and at most 1 MB"),
    };
    if fits { Ok(()) } else { Err(right) }
}

fn plain(text: &str) -> bool {
    let control = |byte: u8| byte < b' ' && !matches!(byte, b'\t' | b'\r' | b'\n');
    !text.bytes().any(control) && (text.len() <= MAX_STRING || text.chars().count() <= MAX_STRING)
}

/// `[^\s]+(\s[^\s]+)*`
fn code(text: &str) -> bool {
    text.split(char::is_whitespace).all(|word| !word.is_empty())
}

/// `[A-Za-z0-9\-\.]{1,64}`
pub(super) fn id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

/// Groups of four, `=` at the end only, blanks anywhere.
fn base64(text: &str) -> bool {
    let (mut digits, mut padding) = (0_usize, 0_usize);
    for byte in text.bytes() {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => (),
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => digits += 1,
            _ => return false,
        }
    }
    padding <= 2 && digits > 0 && (digits + padding).is_multiple_of(4)
}

/// What follows `count` digits whose number is within the range.
fn digits(text: &str, count: usize, least: u32, most: u32) -> Option<(u32, &str)> {
    let (number, rest) = text.split_at_checked(count)?;
    let number = if number.bytes().all(|byte| byte.is_ascii_digit()) { number.parse().ok()? } else { return None };
    (least..=most).contains(&number).then_some((number, rest))
}

/// What follows a date, and whether that has a day.
fn day(text: &str) -> Option<(bool, &str)> {
    let (year, rest) = digits(text, 4, 1, 9999)?;
    let Some(rest) = rest.strip_prefix('-') else { return Some((false, rest)) };
    let (month, rest) = digits(rest, 2, 1, 12)?;
    let Some(rest) = rest.strip_prefix('-') else { return Some((false, rest)) };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    digits(rest, 2, 1, days).map(|(_, rest)| (true, rest))
}

/// What follows a time.
fn time(text: &str) -> Option<&str> {
    let (_, rest) = digits(text, 2, 0, 23)?;
    let (_, rest) = digits(rest.strip_prefix(':')?, 2, 0, 59)?;
    let (_, rest) = digits(rest.strip_prefix(':')?, 2, 0, 60)?;
    let Some(fraction) = rest.strip_prefix('.') else { return Some(rest) };
    let rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    (rest.len() < fraction.len()).then_some(rest)
}

fn zone(text: &str) -> bool {
    let offset = |text| {
        let (hours, rest) = digits(text, 2, 0, 14)?;
        let (minutes, rest) = digits(rest.strip_prefix(':')?, 2, 0, 59)?;
        Some(rest.is_empty() && (hours < 14 || minutes == 0))
    };
    text == "Z" || text.strip_prefix(['+', '-']).and_then(offset) == Some(true)
}

fn date(text: &str) -> bool {
    day(text).is_some_and(|(_, rest)| rest.is_empty())
}

fn date_time(text: &str) -> bool {
    date(text) || instant(text)
}

fn instant(text: &str) -> bool {
    let time_of_day = |(whole, rest): (bool, _)| if whole { str::strip_prefix(rest, 'T') } else { None };
    day(text).and_then(time_of_day).and_then(time).is_some_and(zone)
}

fn uuid(text: &str) -> bool {
    let groups = |text: &str| {
        let lengths = text.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
        lengths && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
    };
    text.strip_prefix("urn:uuid:").is_some_and(groups)
}

/// `urn:oid:[0-2](\.(0|[1-9][0-9]*))+`
fn oid(text: &str) -> bool {
    let arc =
        |arc: &str| arc == "0" || !arc.is_empty() && !arc.starts_with('0') && arc.bytes().all(|b| b.is_ascii_digit());
    let arcs = text.strip_prefix("urn:oid:").and_then(|oid| oid.split_once('.'));
    arcs.is_some_and(|(first, rest)| matches!(first, "0" | "1" | "2") && rest.split('.').all(arc))
}

#[cfg(test)]
mod tests;
