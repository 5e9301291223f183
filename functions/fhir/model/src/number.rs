//! Numbers as JSON writes them, compared by their value whatever their size.

/// Whether two JSON numbers are the same: `1`, `1.0` and `10e-1` are.
pub(crate) fn same_number(one: &str, other: &str) -> bool {
    one == other || normal(one).is_some_and(|one| Some(one) == normal(other))
}

/// Sign, digits without zeros at either end, and the exponent of the last of them; `None` beyond what exponents can be.
fn normal(number: &str) -> Option<(bool, String, i64)> {
    let (negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return Some((false, String::new(), 0));
    }
    let exponent = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?.checked_add(zeros)?;
    Some((negative, significant.to_owned(), exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_by_value() {
        for (one, other) in [("1", "1.0"), ("10e-1", "1"), ("1E+2", "100"), ("0", "-0.00"), ("120", "12e1"), ("0.010", "1e-2")] {
            assert!(same_number(one, other), "{one} {other}");
        }
        for (one, other) in [("1", "-1"), ("1", "10"), ("0.1", "1"), ("1e400", "1e401"), ("1", "1e99999999999999999999")] {
            assert!(!same_number(one, other), "{one} {other}");
        }
    }
}
