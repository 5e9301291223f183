//! From a client's text to a [`Clause`].

use fhir_definitions::{Path, SearchKind, SearchParameter};

use super::escape::{split, unescape};
use super::{BadOperand, Clause, Modifier, Operand, Prefix, System, near};
use crate::decimal::Decimal;
use crate::text::normalize;
use crate::time;
use crate::value::{Span, reference};

pub(super) fn clause(
    parameter: &'static SearchParameter,
    modifier: Option<&str>,
    value: &str,
    base: &str,
    now: i64,
) -> Result<Clause, BadOperand> {
    let SearchParameter { code, kind, paths, targets, .. } = *parameter;
    let subject = Subject { code, kind, paths, targets, base, now };
    let modifier = subject.modifier(modifier)?;
    let operand = |part| match (modifier, kind) {
        (Modifier::Missing, _) => subject.missing(part),
        (_, SearchKind::Composite) => composite(parameter, part, subject),
        _ => subject.operand(modifier, part),
    };
    let operands = split(value, b',').map(operand).collect::<Result<_, _>>()?;
    Ok(Clause { parameter, modifier, operands })
}

fn composite(parameter: &SearchParameter, text: &str, subject: Subject<'_>) -> Result<Operand, BadOperand> {
    let parts: Vec<_> = split(text, b'$').collect();
    if parts.len() != parameter.components.len() {
        let codes: Vec<_> = parameter.components.iter().map(|component| component.code).collect();
        return Err(subject.bad(&format!("{} values joined by $: {}", codes.len(), codes.join("$"))));
    }
    let operands = parts.into_iter().zip(parameter.components).map(|(part, component)| {
        let of = Subject { kind: component.kind, paths: component.paths, targets: component.targets, ..subject };
        of.operand(Modifier::None, part)
    });
    operands.collect::<Result<_, _>>().map(Operand::Composite)
}

/// What is searched: a parameter, or a composite's component.
#[derive(Clone, Copy)]
struct Subject<'s> {
    code: &'static str,
    kind: SearchKind,
    paths: &'static [Path],
    targets: &'static [&'static str],
    base: &'s str,
    now: i64,
}

impl Subject<'_> {
    /// Values are not repeated: they may be a patient's.
    fn bad(&self, right: &str) -> BadOperand {
        BadOperand(format!("{}: expected {right}", self.code))
    }

    fn is_of(&self, types: &[&str]) -> bool {
        !self.paths.is_empty() && self.paths.iter().all(|path| types.contains(&path.kind))
    }

    fn is_canonical(&self) -> bool {
        self.is_of(&["canonical", "uri"])
    }

    fn modifier(&self, text: Option<&str>) -> Result<Modifier, BadOperand> {
        if self.paths.is_empty() {
            return Err(BadOperand(format!(
                "{}: no resource has a value that this parameter can be compared with",
                self.code
            )));
        }
        let Some(text) = text else { return Ok(Modifier::None) };
        let allowed = self.allowed();
        if let Some((_, modifier)) = allowed.iter().find(|(name, _)| *name == text) {
            return Ok(*modifier);
        }
        if self.kind == SearchKind::Reference
            && let Some(target) = self.targets.iter().find(|target| **target == text)
        {
            return Ok(Modifier::Type(target));
        }
        let mut names: Vec<_> = allowed.iter().map(|(name, _)| format!(":{name}")).collect();
        if self.kind == SearchKind::Reference {
            names.push(match self.targets {
                few @ [_, ..] if few.len() <= 10 => format!(":{}", few.join(", :")),
                _ => "a resource type that it may refer to".into(),
            });
        }
        Err(self.bad(&format!("no modifier, or one of {}", names.join(", "))))
    }

    /// <https://hl7.org/fhir/R4/search.html#modifiers>. Of references, `:above` and `:below` are for canonicals only:
    /// hierarchies of resources would have to be walked.
    fn allowed(&self) -> &'static [(&'static str, Modifier)] {
        match self.kind {
            SearchKind::String => {
                &[("missing", Modifier::Missing), ("exact", Modifier::Exact), ("contains", Modifier::Contains)]
            }
            SearchKind::Token => &[
                ("missing", Modifier::Missing),
                ("text", Modifier::Text),
                ("not", Modifier::Not),
                ("above", Modifier::Above),
                ("below", Modifier::Below),
                ("in", Modifier::In),
                ("not-in", Modifier::NotIn),
                ("of-type", Modifier::OfType),
            ],
            SearchKind::Uri => {
                &[("missing", Modifier::Missing), ("above", Modifier::Above), ("below", Modifier::Below)]
            }
            SearchKind::Reference if self.is_canonical() => {
                &[("missing", Modifier::Missing), ("above", Modifier::Above), ("below", Modifier::Below)]
            }
            SearchKind::Reference => &[("missing", Modifier::Missing), ("identifier", Modifier::Identifier)],
            _ => &[("missing", Modifier::Missing)],
        }
    }

    fn missing(&self, text: &str) -> Result<Operand, BadOperand> {
        match text {
            "true" => Ok(Operand::Missing(true)),
            "false" => Ok(Operand::Missing(false)),
            _ => Err(self.bad("true or false after :missing")),
        }
    }

    /// `text` still has its escapes.
    fn operand(&self, modifier: Modifier, text: &str) -> Result<Operand, BadOperand> {
        match (self.kind, modifier) {
            (SearchKind::Number, _) => self.number(text),
            (SearchKind::Date, _) => self.date(text),
            (SearchKind::String, _) | (_, Modifier::Text) => self.string(text),
            (_, Modifier::In | Modifier::NotIn) => self.uri(text).map(Operand::ValueSet),
            (_, Modifier::OfType) => self.of_type(text),
            (SearchKind::Token, _) | (_, Modifier::Identifier) => self.token(text),
            (SearchKind::Reference, _) => self.reference(modifier, text),
            (SearchKind::Quantity, _) => self.quantity(text),
            (SearchKind::Uri, _) => self.uri(text).map(Operand::Uri),
            (SearchKind::Special, _) => near::parse(text).ok_or_else(|| self.bad(near::FORM)),
            (SearchKind::Composite, _) => Err(self.bad("no composite in a composite")),
        }
    }

    fn number(&self, text: &str) -> Result<Operand, BadOperand> {
        let Some((exact, from, to, prefix)) = decimal(text) else {
            return Err(self
                .bad("a number such as 100, 1.50 or 1e-3, after one of eq, ne, gt, lt, ge, le, sa, eb, ap, or none"));
        };
        Ok(Operand::Number { prefix, exact, from, to })
    }

    fn quantity(&self, text: &str) -> Result<Operand, BadOperand> {
        let parts: Vec<_> = split(text, b'|').map(unescape).collect();
        let read = || {
            let (number, system, code) = match parts.as_slice() {
                [number] => (number, "", ""),
                [number, system, code] => (number, system.as_str(), code.as_str()),
                _ => return None,
            };
            let (exact, from, to, prefix) = decimal(number)?;
            // `5.4||mg` is not of no system: mg may be the code of any, or the unit for people.
            let system = if system.is_empty() { System::Any } else { System::Is(system.to_owned()) };
            let code = Some(code).filter(|code| !code.is_empty()).map(str::to_owned);
            Some(Operand::Quantity { prefix, exact, from, to, system, code })
        };
        read().ok_or_else(|| {
            self.bad("number, number|system|code or number||code, such as 5.4|http://unitsofmeasure.org|mg")
        })
    }

    fn date(&self, text: &str) -> Result<Operand, BadOperand> {
        let (prefix, date) = prefix(text);
        // A + that a URL's author did not encode has become a space.
        let Some(mut span) = time::span(&date.replace(' ', "+")) else {
            return Err(self.bad(
                "a date that exists, such as 2020, 2020-05, 2020-05-31 or 2020-05-31T10:15:30+02:00, \
                 after one of eq, ne, gt, lt, ge, le, sa, eb, ap, or none",
            ));
        };
        if prefix == Prefix::Ap {
            span = approximately(span, self.now);
        }
        Ok(Operand::Date { prefix, span })
    }

    fn string(&self, text: &str) -> Result<Operand, BadOperand> {
        let text = unescape(text);
        // An empty text begins every text.
        if normalize(&text).is_empty() {
            return Err(self.bad("a text that is not empty"));
        }
        Ok(Operand::String(text))
    }

    fn uri(&self, text: &str) -> Result<String, BadOperand> {
        let uri = unescape(text);
        if uri.is_empty() { Err(self.bad("a URI")) } else { Ok(uri) }
    }

    fn token(&self, text: &str) -> Result<Operand, BadOperand> {
        let parts: Vec<_> = split(text, b'|').map(unescape).collect();
        let (system, code) = match parts.as_slice() {
            [code] if !code.is_empty() => (System::Any, Some(code)),
            [system, code] if system.is_empty() && !code.is_empty() => (System::None, Some(code)),
            [system, code] if !system.is_empty() => {
                (System::Is(system.clone()), Some(code).filter(|code| !code.is_empty()))
            }
            _ => return Err(self.bad(r"code, system|code, |code or system|, with \| for a | in the code")),
        };
        // R4 would have servers ignore case when in doubt. Codes are compared exactly: many systems tell case apart (UCUM,
        // where mG is no mg), and equality is what an index finds. Truths, telephone numbers and mail addresses are in
        // lower case on both sides: no two of them differ by case alone.
        let code =
            if self.is_of(&["ContactPoint", "boolean"]) { code.map(|code| code.to_lowercase()) } else { code.cloned() };
        Ok(Operand::Token { system, code })
    }

    fn of_type(&self, text: &str) -> Result<Operand, BadOperand> {
        let mut parts = split(text, b'|').map(unescape).filter(|part| !part.is_empty());
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(system), Some(code), Some(value), None) => Ok(Operand::OfType { system, code, value }),
            _ => {
                Err(self
                    .bad("system|code|value after :of-type: the type's system and code, and the identifier's value"))
            }
        }
    }

    /// An id, or a URL: never both. What has an address on this server is known by its id, also where canonicals say its URL.
    fn reference(&self, modifier: Modifier, text: &str) -> Result<Operand, BadOperand> {
        let asked = if let Modifier::Type(asked) = modifier { Some(asked) } else { None };
        if reference::is_id(text) {
            let only = if let [only] = self.targets { Some(*only) } else { None };
            let resource_type = asked.or(only).map(str::to_owned);
            return Ok(Operand::Reference { resource_type, id: Some(text.to_owned()), url: None, version: None });
        }
        let parts: Vec<_> = split(text, b'|').map(unescape).collect();
        let target = match parts.as_slice() {
            [url] if self.is_canonical() => reference::canonical(url, self.base),
            [url] => reference::literal(url, self.base).filter(|target| target.id.is_some() || url.contains(':')),
            [url, version] if !version.is_empty() && !version.starts_with('#') => {
                let target = reference::canonical(url, self.base);
                let version = version.split_once('#').map_or(version.as_ref(), |(version, _)| version);
                target.map(|target| reference::Target { version: Some(version), ..target })
            }
            _ => None,
        };
        let of_asked =
            |found: &reference::Target<'_>| asked.is_none() || found.resource_type.is_none_or(|of| asked == Some(of));
        let target = target.filter(of_asked).ok_or_else(|| {
            self.bad(if self.is_canonical() {
                "a canonical URL, or one with its version as url|version"
            } else {
                "an id, Type/id or a URL, of the modifier's type if there is one"
            })
        })?;
        let here = target.id.filter(|_| !matches!(modifier, Modifier::Above | Modifier::Below));
        Ok(Operand::Reference {
            resource_type: here.and(target.resource_type).or(asked).map(str::to_owned),
            id: here.map(str::to_owned),
            url: target.url.filter(|_| here.is_none()).map(str::to_owned),
            version: target.version.map(str::to_owned),
        })
    }
}

/// `ap` widens the range.
fn decimal(text: &str) -> Option<(Decimal, Decimal, Decimal, Prefix)> {
    let (prefix, number) = prefix(text);
    let (exact, mut from, mut to) = Decimal::implied(number)?;
    if prefix == Prefix::Ap {
        (from, to) = exact.approximately();
    }
    Some((exact, from, to, prefix))
}

fn prefix(text: &str) -> (Prefix, &str) {
    let Some((letters, rest)) = text.split_at_checked(2) else { return (Prefix::Eq, text) };
    let prefix = match letters {
        "eq" => Prefix::Eq,
        "ne" => Prefix::Ne,
        "gt" => Prefix::Gt,
        "lt" => Prefix::Lt,
        "ge" => Prefix::Ge,
        "le" => Prefix::Le,
        "sa" => Prefix::Sa,
        "eb" => Prefix::Eb,
        "ap" => Prefix::Ap,
        _ => return (Prefix::Eq, text),
    };
    (prefix, rest)
}

/// Wider to each side by a tenth of the gap between now and the nearer end.
fn approximately(span: Span, now: i64) -> Span {
    let (from, to) = (span.from.unwrap_or(now), span.to.unwrap_or(now));
    let gap = if now < from { from.saturating_sub(now) } else { now.saturating_sub(to).max(0) } / 10;
    Span { from: Some(from.saturating_sub(gap)), to: Some(to.saturating_add(gap)) }
}

#[cfg(test)]
mod tests;
