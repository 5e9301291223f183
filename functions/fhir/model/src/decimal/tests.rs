use super::*;
use proptest::prelude::*;

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).unwrap_or_else(|| panic!("{text}"))
}

#[test]
fn digits_imply_a_range_as_r4_says() {
    for (text, from, to) in [
        ("100", "99.5", "100.5"),
        ("100.00", "99.995", "100.005"),
        ("1e2", "95", "105"),
        ("10e1", "95", "105"),
        ("1.0e2", "95", "105"),
        ("5.4", "5.35", "5.45"),
        ("5.40e-3", "0.005395", "0.005405"),
        ("5.4e-3", "0.00535", "0.00545"),
        ("-100", "-100.5", "-99.5"),
        ("0", "-0.5", "0.5"),
        ("0.0", "-0.05", "0.05"),
        ("-0", "-0.5", "0.5"),
        ("99999999999999999999999999", "99999999999999999999999998.5", "99999999999999999999999999.5"),
        ("9.5e10000", "9.45e10000", "9.55e10000"),
    ] {
        assert_eq!(Decimal::implied(text), Some((decimal(text), decimal(from), decimal(to))), "{text}");
    }
}

#[test]
fn approximately_is_a_tenth_to_each_side() {
    for (text, from, to) in [
        ("100", "90", "110"),
        ("0", "0", "0"),
        ("-5", "-5.5", "-4.5"),
        ("0.01", "0.009", "0.011"),
        ("99", "89.1", "108.9"),
    ] {
        assert_eq!(decimal(text).approximately(), (decimal(from), decimal(to)), "{text}");
    }
}

#[test]
fn what_is_no_number_is_none() {
    for text in [
        "",
        "-",
        "abc",
        "1.",
        ".5",
        "1e",
        "1e+",
        "1e5.0",
        "+1",
        "--1",
        "1 ",
        "0x1",
        "1_0",
        "NaN",
        "inf",
        "1e10001",
        "1e-10001",
        "1e99999999999",
        "١",
    ] {
        assert_eq!(Decimal::parse(text), None, "{text}");
        assert_eq!(Decimal::implied(text), None, "{text}");
    }
}

#[test]
fn values_compare_whatever_their_digits() {
    for (one, other) in
        [("1.0", "1.00"), ("100", "1e2"), ("1E+2", "1.00e2"), ("-0.0", "0"), ("007", "7"), ("0e10000", "0")]
    {
        assert_eq!(decimal(one), decimal(other));
        assert_eq!(decimal(one).cmp(&decimal(other)), Ordering::Equal);
        assert_eq!(decimal(one).to_string(), decimal(other).to_string());
    }
    let sorted =
        ["-1e10000", "-10", "-9.99", "-1", "-1e-10000", "0", "1e-10000", "0.5", "0.51", "1", "9.99", "10", "1e10000"];
    assert!(sorted.windows(2).all(|pair| decimal(pair[0]) < decimal(pair[1])));
}

#[test]
fn sortable_keeps_the_order_of_floats() {
    let sorted =
        [f64::NEG_INFINITY, f64::MIN, -1.5, -1.0, -f64::MIN_POSITIVE, 0.0, 5e-324, 1.0, 1.5, f64::MAX, f64::INFINITY];
    assert!(sorted.windows(2).all(|pair| sortable(pair[0]) < sortable(pair[1])));
    assert_eq!(sortable(-0.0), sortable(0.0));
    assert_eq!(decimal("-12.50").to_f64().to_bits(), (-12.5_f64).to_bits());
    assert_eq!(decimal("0").to_f64().to_bits(), 0);
}

/// Coefficient, digits behind the point, as a text; and the value times 10^6.
fn written() -> impl Strategy<Value = (String, i128)> {
    (-1_000_000_i64..1_000_000, 0_u32..=6).prop_map(|(coefficient, scale)| {
        let power = 10_i64.pow(scale);
        let sign = if coefficient < 0 { "-" } else { "" };
        let (whole, fraction) = (coefficient.abs() / power, coefficient.abs() % power);
        let text = if scale == 0 {
            format!("{sign}{whole}")
        } else {
            format!("{sign}{whole}.{fraction:0width$}", width = scale as usize)
        };
        (text, i128::from(coefficient) * 10_i128.pow(6 - scale))
    })
}

proptest! {
    #[test]
    fn order_is_that_of_exact_rationals((a, x) in written(), (b, y) in written()) {
        let (one, other) = (decimal(&a), decimal(&b));
        prop_assert_eq!(one.cmp(&other), x.cmp(&y), "{} {}", a, b);
        prop_assert_eq!(one == other, x == y);
        if one <= other {
            prop_assert!(sortable(one.to_f64()) <= sortable(other.to_f64()));
        }
    }

    #[test]
    fn sums_are_exact((a, x) in written(), (b, y) in written()) {
        let sum = decimal(&format!("{}e-6", x + y));
        prop_assert_eq!(decimal(&a).plus(&decimal(&b)), sum);
    }

    #[test]
    fn implied_ranges_contain_their_number((text, _) in written()) {
        let (exact, from, to) = Decimal::implied(&text).unwrap();
        prop_assert!(from < exact && exact < to);
        let (from, to) = exact.approximately();
        prop_assert!(from <= exact && exact <= to);
    }

    #[test]
    fn nothing_panics(text in ".{0,20}", number in "-?[0-9]{0,30}(\\.[0-9]{0,30})?([eE][+-]?[0-9]{0,6})?") {
        for text in [&text, &number] {
            if let Some((exact, ..)) = Decimal::implied(text) {
                prop_assert_eq!(&decimal(&exact.to_string()), &exact);
            }
        }
    }

    #[test]
    fn sortable_is_the_order_of_all_floats(a in any::<f64>(), b in any::<f64>()) {
        prop_assert_eq!(sortable(a).cmp(&sortable(b)), a.partial_cmp(&b).unwrap());
    }
}
