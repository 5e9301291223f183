//! Decimal numbers of any length, compared exactly.

use std::cmp::Ordering;
use std::fmt;

/// The furthest exponent that is read. FHIR sets no bound, but digits between far exponents must not fill the memory.
const MAX_EXPONENT: u32 = 10_000;

/// A decimal number, by its value: `1.0`, `1.00` and `10e-1` are equal.
///
/// It is 0.`digits` times ten to the power `point`. The digits (0 to 9 each) neither begin nor end with a zero, so that numbers of
/// one sign compare by `point`, then digit by digit. Zero has no digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    point: i32,
    digits: Vec<u8>,
}

/// A number as it is written.
struct Written<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: Option<i32>,
}

impl Decimal {
    /// Reads a number of JSON (or one with zeros before it, which clients write in URLs); none for exponents beyond ±10,000.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Written::read(text)?.exact()
    }

    /// The number, and the range that its digits imply, from and up to, but not including: `100` is 99.5 to 100.5.
    ///
    /// In exponent form a single digit counts as two: R4 says that `1e2` is 95 to 105, but that `5.4e-3` is 0.00535 to 0.00545.
    #[must_use]
    pub fn implied(text: &str) -> Option<(Self, Self, Self)> {
        let written = Written::read(text)?;
        let exact = written.exact()?;
        let single = written.exponent.is_some() && written.whole.len() + written.fraction.len() == 1;
        let last = written.exponent.unwrap_or(0) - i32::try_from(written.fraction.len()).ok()? - i32::from(single);
        let half = |negative| Self { negative, point: last, digits: vec![5] };
        let (from, to) = (exact.plus(&half(true)), exact.plus(&half(false)));
        Some((exact, from, to))
    }

    /// The range of what is approximately this number, both ends included: a tenth of it to each side.
    #[must_use]
    pub fn approximately(&self) -> (Self, Self) {
        if self.digits.is_empty() {
            return (self.clone(), self.clone());
        }
        let tenth = |negative| Self { negative, point: self.point - 1, digits: self.digits.clone() };
        (self.plus(&tenth(true)), self.plus(&tenth(false)))
    }

    /// The nearest `f64`; infinite for what is too large. A larger decimal never has a smaller `f64`.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    fn new(negative: bool, mut digits: Vec<u8>, point: i32) -> Option<Self> {
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        let kept = digits.iter().rposition(|digit| *digit != 0).map_or(0, |at| at + 1);
        if kept == 0 {
            return Some(Self { negative: false, point: 0, digits: Vec::new() });
        }
        digits.truncate(kept);
        digits.drain(..zeros);
        Some(Self { negative, point: point.checked_sub(i32::try_from(zeros).ok()?)?, digits })
    }

    /// The digit that counts ten to the `power`.
    fn digit(&self, power: i32) -> i8 {
        let at = usize::try_from(self.point - 1 - power).ok();
        at.and_then(|at| self.digits.get(at)).map_or(0, |digit| digit.cast_signed())
    }

    /// The power of the last digit.
    fn last(&self) -> i32 {
        self.point - i32::try_from(self.digits.len()).unwrap_or(i32::MAX)
    }

    fn plus(&self, other: &Self) -> Self {
        let (large, small) = if self.size(other) == Ordering::Less { (other, self) } else { (self, other) };
        let sign = if large.negative == small.negative { 1 } else { -1 };
        let (low, high) = (large.last().min(small.last()), large.point.max(small.point));
        let mut carry = 0;
        let mut digits: Vec<u8> = (low..=high)
            .map(|power| {
                let sum = large.digit(power) + sign * small.digit(power) + carry;
                carry = sum.div_euclid(10);
                sum.rem_euclid(10).cast_unsigned()
            })
            .collect();
        digits.reverse();
        Self::new(large.negative, digits, high + 1).unwrap_or_else(|| self.clone()) // it always fits
    }

    /// Compares without the signs.
    fn size(&self, other: &Self) -> Ordering {
        let key = |number: &Self| (!number.digits.is_empty(), number.point);
        key(self).cmp(&key(other)).then_with(|| self.digits.cmp(&other.digits))
    }
}

impl<'a> Written<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent.parse::<i32>().ok()?)),
            None => (unsigned, None),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let fraction_written = if whole.len() == mantissa.len() { "" } else { fraction };
        (digits(whole) && digits(fraction) && exponent.unwrap_or(0).unsigned_abs() <= MAX_EXPONENT).then_some(Self {
            negative,
            whole,
            fraction: fraction_written,
            exponent,
        })
    }

    fn exact(&self) -> Option<Decimal> {
        let digits = self.whole.bytes().chain(self.fraction.bytes()).map(|byte| byte - b'0').collect();
        let point = i32::try_from(self.whole.len()).ok()?.checked_add(self.exponent.unwrap_or(0))?;
        Decimal::new(self.negative, digits, point)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size(other),
            (true, true) => other.size(self),
            (negative, _) => {
                if negative {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One text for each value: `0.12e3`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.negative { "-0." } else { "0." })?;
        if self.digits.is_empty() {
            f.write_str("0")?;
        }
        self.digits.iter().try_for_each(|digit| write!(f, "{digit}"))?;
        write!(f, "e{}", self.point)
    }
}

/// Sixteen hexadecimal digits whose order as text is that of the numbers; -0 is 0.
#[must_use]
pub fn sortable(number: f64) -> String {
    let bits = (number + 0.0).to_bits();
    let sign = 1 << 63;
    format!("{:016x}", if bits & sign == 0 { bits | sign } else { !bits })
}

#[cfg(test)]
mod tests;
