//! Prefixes of S3 objects, with their expressions evaluated.
//! <https://docs.aws.amazon.com/firehose/latest/dev/s3-prefixes.html>

use crate::error::{Error, Result};
use crate::ssm::time::iso;

/// Why an object is under the error prefix.
pub(super) const CONVERSION_FAILED: &str = "format-conversion-failed";

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// What delivered objects' keys begin with. `at`: the arrival of the oldest record, in seconds since 1970.
pub(super) fn of_data(prefix: &str, at: f64) -> Result<String> {
    let time = if prefix.contains("!{timestamp:") { "" } else { "!{timestamp:yyyy/MM/dd/HH/}" };
    evaluate(&format!("{prefix}{time}"), at, None)
}

/// What the keys of records begin with that could not be delivered as they should.
pub(super) fn of_errors(error_prefix: &str, prefix: &str, error: &str, at: f64) -> Result<String> {
    if error_prefix.contains("!{") {
        return evaluate(error_prefix, at, Some(error));
    }
    let before = if error_prefix.is_empty() { prefix } else { error_prefix };
    evaluate(&format!("{before}{error}/!{{timestamp:yyyy/MM/dd/HH/}}"), at, None)
}

fn evaluate(prefix: &str, at: f64, error: Option<&str>) -> Result<String> {
    let mut evaluated = String::new();
    let mut rest = prefix;
    while let Some((before, after)) = rest.split_once("!{") {
        let unknown = || Error::malformed("a prefix of Firehose's", format!("{prefix}: what does !{{{after} say?"));
        let (expression, behind) = after.split_once('}').ok_or_else(unknown)?;
        evaluated.push_str(before);
        evaluated.push_str(&match (expression.split_once(':'), error) {
            (Some(("timestamp", pattern)), _) => timestamp(pattern, at).ok_or_else(unknown)?,
            (Some(("firehose", "random-string")), _) => random_string(),
            (Some(("firehose", "error-output-type")), Some(error)) => error.to_owned(),
            _ => return Err(unknown()),
        });
        rest = behind;
    }
    evaluated.push_str(rest);
    Ok(evaluated)
}

/// 11 characters, others at each occurrence.
fn random_string() -> String {
    crate::random::uuid().replace('-', "").chars().take(11).collect()
}

/// A moment by a pattern of Java's `DateTimeFormatter`, in UTC; nothing if it has letters that are not known here.
pub(super) fn timestamp(pattern: &str, at: f64) -> Option<String> {
    let moment = iso(at);
    let mut written = String::new();
    let mut characters = pattern.chars().peekable();
    while let Some(letter) = characters.next() {
        if letter == '\'' {
            let before = written.len();
            written.extend(characters.by_ref().take_while(|character| *character != '\''));
            if written.len() == before {
                written.push('\''); // two of them are one
            }
            continue;
        }
        if !letter.is_ascii_alphabetic() {
            written.push(letter);
            continue;
        }
        let mut width = 1;
        while characters.next_if_eq(&letter).is_some() {
            width += 1;
        }
        written.push_str(&field(letter, width, &moment)?);
    }
    Some(written)
}

fn field(letter: char, width: usize, moment: &str) -> Option<String> {
    let digits = moment.get(match letter {
        'y' | 'u' => 0..4,
        'M' => 5..7,
        'd' => 8..10,
        'H' => 11..13,
        'm' => 14..16,
        's' => 17..19,
        'S' => 20..23,
        _ => return None,
    })?;
    let number: usize = digits.parse().ok()?;
    match (letter, width) {
        ('y' | 'u', 2) => digits.get(2..).map(str::to_owned),
        ('M', 3) => MONTHS.get(number - 1)?.get(..3).map(str::to_owned),
        ('M', 4) => MONTHS.get(number - 1).map(|name| (*name).to_owned()),
        ('S', _) => digits.get(..width).map(str::to_owned),
        _ => Some(format!("{number:0width$}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-02T01:33:45.678Z
    const AT: f64 = 1_793_583_225.678;

    #[test]
    fn prefixes_are_evaluated_as_aws_documents_it() {
        let table = [
            ("", "2026/11/02/01/"),
            ("lake/", "lake/2026/11/02/01/"),
            ("lake", "lake2026/11/02/01/"),
            ("lake/day=!{timestamp:yyyy-MM-dd}/", "lake/day=2026-11-02/"),
            ("!{timestamp:yyyy}/!{timestamp:M}/!{timestamp:d}/!{timestamp:H}/", "2026/11/2/1/"),
            ("!{timestamp:yyyy'-'MMM''HH}", "2026-Nov'01"),
        ];
        for (prefix, expected) in table {
            assert_eq!(of_data(prefix, AT).unwrap(), expected, "{prefix}");
        }
        let random = of_data("!{firehose:random-string}/!{firehose:random-string}/", AT).unwrap();
        let parts: Vec<&str> = random.split('/').collect();
        assert_eq!((parts[0].len(), parts[1].len(), parts[2]), (11, 11, "2026"));
        assert_ne!(parts[0], parts[1]);
    }

    #[test]
    fn error_prefixes_say_what_failed() {
        let table = [
            ("", "lake/", "lake/format-conversion-failed/2026/11/02/01/"),
            ("errors/", "lake/", "errors/format-conversion-failed/2026/11/02/01/"),
            ("errors/!{firehose:error-output-type}/", "lake/", "errors/format-conversion-failed/"),
            ("e/!{firehose:error-output-type}/!{timestamp:yyyy}/", "lake/", "e/format-conversion-failed/2026/"),
        ];
        for (error_prefix, prefix, expected) in table {
            assert_eq!(of_errors(error_prefix, prefix, CONVERSION_FAILED, AT).unwrap(), expected);
        }
    }

    #[test]
    fn what_is_not_known_is_an_error() {
        for prefix in
            ["!{partitionKeyFromQuery:x}/", "!{firehose:error-output-type}/", "!{timestamp:QQ}", "!{timestamp"]
        {
            assert!(of_data(prefix, AT).is_err(), "{prefix}");
        }
    }
}
