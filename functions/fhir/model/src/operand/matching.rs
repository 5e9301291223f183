//! Whether the values of a resource are what a [`Clause`] searches for.

use super::{Clause, Modifier, Operand, Prefix, System, near};
use crate::decimal::Decimal;
use crate::text::normalize;
use crate::value::{Quantity, Reference, Span, Token, Value};

pub(super) fn clause(clause: &Clause, values: &[Value]) -> bool {
    let Clause { modifier, operands, .. } = clause;
    // What `:not-in` excludes must be known before it can be said not to be there.
    if operands.iter().any(|operand| matches!(operand, Operand::ValueSet(_))) {
        return false;
    }
    if *modifier == Modifier::Missing {
        return operands.contains(&Operand::Missing(values.is_empty()));
    }
    let any = values.iter().any(|value| operands.iter().any(|operand| matches(*modifier, operand, value)));
    any != matches!(modifier, Modifier::Not | Modifier::NotIn)
}

fn matches(modifier: Modifier, operand: &Operand, value: &Value) -> bool {
    match (operand, value) {
        (Operand::Number { prefix, exact, from, to }, Value::Number(low, high)) => {
            compare_numbers(*prefix, exact, (from, to), (low.as_ref(), high.as_ref()), false)
        }
        (Operand::Quantity { prefix, exact, from, to, system, code }, Value::Quantity(quantity)) => {
            let ends = (quantity.from.as_ref(), quantity.to.as_ref());
            in_unit(system, code.as_deref(), quantity)
                && compare_numbers(*prefix, exact, (from, to), ends, quantity.beyond)
        }
        (Operand::Date { prefix, span }, Value::Date(value)) => compare_dates(*prefix, *span, *value),
        (Operand::String(text), Value::String(value)) => string(modifier, text, value),
        (Operand::String(text), Value::Token(token)) => token.text.as_ref().is_some_and(|value| contains(value, text)),
        (Operand::Token { system, code }, Value::Token(value)) => token(system, code.as_deref(), value),
        (Operand::Token { system, code }, Value::Reference(value)) => {
            value.identifier.as_ref().is_some_and(|identifier| token(system, code.as_deref(), identifier))
        }
        (Operand::OfType { system, code, value }, Value::Token(token)) => {
            let is = |(of, name): &(Option<String>, String)| of.as_ref() == Some(system) && name == code;
            token.code.as_ref() == Some(value) && token.of_type.iter().any(is)
        }
        (Operand::Codes(codes), Value::Token(token)) => codes.iter().any(|(system, code)| {
            let same = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
            same(system, &token.system) && same(code, &token.code)
        }),
        (Operand::Reference { resource_type, id, url, version }, Value::Reference(value)) => {
            reference(modifier, (resource_type, id, url, version), value)
        }
        (Operand::Uri(uri), Value::Uri(value)) => addresses(modifier, uri, value),
        (Operand::Composite(operands), Value::Composite(components)) => {
            operands.len() == components.len()
                && operands
                    .iter()
                    .zip(components)
                    .all(|(operand, values)| values.iter().any(|value| matches(Modifier::None, operand, value)))
        }
        (Operand::Near { latitude, longitude, kilometres }, Value::Position(north, east)) => {
            near::distance((*latitude, *longitude), (*north, *east)) <= kilometres.0
        }
        _ => false,
    }
}

/// The prefixes' table of <https://hl7.org/fhir/R4/search.html#prefix>. The value's open ends are infinite. `to` is excluded,
/// but by `ap`; where the value is `beyond` its end, that is excluded, too. Only `eq`, `ne` and `ap` look at the range: for the others a number is what it is, however many its digits.
fn compare_numbers(
    prefix: Prefix,
    exact: &Decimal,
    (from, to): (&Decimal, &Decimal),
    (low, high): (Option<&Decimal>, Option<&Decimal>),
    beyond: bool,
) -> bool {
    let above = high.is_none_or(|high| high > exact);
    let below = low.is_none_or(|low| low < exact);
    let same = low == Some(exact) && high == Some(exact);
    let within = || low.is_some_and(|low| low >= from) && high.is_some_and(|high| high < to);
    match prefix {
        Prefix::Eq => within(),
        Prefix::Ne => !within(),
        Prefix::Gt => above,
        Prefix::Lt => below,
        Prefix::Ge => above || same,
        Prefix::Le => below || same,
        Prefix::Sa => low.is_some_and(|low| low > exact || (beyond && low == exact)),
        Prefix::Eb => high.is_some_and(|high| high < exact || (beyond && high == exact)),
        Prefix::Ap => low.is_none_or(|low| low <= to) && high.is_none_or(|high| high >= from),
    }
}

/// The same table for dates, whose range counts for every prefix.
fn compare_dates(prefix: Prefix, span: Span, value: Span) -> bool {
    let ends = |span: Span| (span.from.unwrap_or(i64::MIN), span.to.unwrap_or(i64::MAX));
    let ((from, to), (start, end)) = (ends(span), ends(value));
    let within = from <= start && end <= to;
    match prefix {
        Prefix::Eq => within,
        Prefix::Ne => !within,
        Prefix::Gt => end > to,
        Prefix::Lt => start < from,
        Prefix::Ge => end > to || within,
        Prefix::Le => start < from || within,
        Prefix::Sa => start > to,
        Prefix::Eb => end < from,
        Prefix::Ap => start <= to && from <= end,
    }
}

/// Without a system, the code may be the unit's code or its text for people.
fn in_unit(system: &System, code: Option<&str>, quantity: &Quantity) -> bool {
    match (system, code) {
        (System::Is(system), _) => {
            quantity.system.as_ref() == Some(system) && code.is_none_or(|code| quantity.code.as_deref() == Some(code))
        }
        (_, Some(code)) => quantity.code.as_deref() == Some(code) || quantity.unit.as_deref() == Some(code),
        (_, None) => true,
    }
}

fn string(modifier: Modifier, text: &str, value: &str) -> bool {
    match modifier {
        Modifier::Exact => text == value,
        Modifier::Contains => contains(value, text),
        _ => normalize(value).starts_with(&normalize(text)),
    }
}

fn contains(value: &str, text: &str) -> bool {
    normalize(value).contains(&normalize(text))
}

fn token(system: &System, code: Option<&str>, token: &Token) -> bool {
    let of_system = match system {
        System::Any => true,
        System::None => token.system.is_none(),
        System::Is(system) => token.system.as_ref() == Some(system),
    };
    of_system && code.is_none_or(|code| token.code.as_deref() == Some(code))
}

type Wanted<'o> = (&'o Option<String>, &'o Option<String>, &'o Option<String>, &'o Option<String>);

fn reference(modifier: Modifier, (resource_type, id, url, version): Wanted<'_>, value: &Reference) -> bool {
    let same = |wanted: &Option<String>, found: &Option<String>| wanted.is_none() || wanted == found;
    let there = match (id, url) {
        (Some(_), _) => *id == value.id,
        (None, Some(url)) => value.url.as_ref().is_some_and(|found| addresses(modifier, url, found)),
        (None, None) => false,
    };
    there && same(resource_type, &value.resource_type) && same(version, &value.version)
}

fn addresses(modifier: Modifier, uri: &str, value: &str) -> bool {
    match modifier {
        Modifier::Below => begins(uri, value),
        Modifier::Above => begins(value, uri),
        _ => uri == value,
    }
}

/// Whether `path` is `start`, or goes on from it at a boundary of its parts. URNs have no such parts.
fn begins(start: &str, path: &str) -> bool {
    let Some(rest) = path.strip_prefix(start) else { return false };
    rest.is_empty() || (start.contains("://") && (start.ends_with('/') || rest.starts_with(['/', '?', '#', '|'])))
}

#[cfg(test)]
mod tests;
