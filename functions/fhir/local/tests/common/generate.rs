//! Searches made up of what is in resources: right ones, near ones and odd ones.

use fhir_definitions::{ResourceType, SearchKind, SearchParameter, resource_type};
use fhir_model::time;
use fhir_model::value::Value;

use super::oracle::Oracle;
use super::queries::{Query, escaped, searches};

const PREFIXES: [&str; 10] = ["", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"];
const DAY: i64 = 86_400_000;

/// The same numbers in each run (xorshift).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Less than `end`.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }

    pub fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// One time in so many.
    pub fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }
}

/// A parameter of a type, as a client writes it.
pub type Parameter = (String, String);

pub struct Generator<'o> {
    pub oracle: &'o Oracle,
    pub random: Random,
}

impl Generator<'_> {
    /// A resource of the type.
    pub fn resource(&mut self, kind: &str) -> String {
        self.random.of(&self.oracle.of_type(kind)).clone()
    }

    /// A search parameter of the resource that finds something in it, with what it finds.
    fn value(&mut self, key: &str, kinds: Option<SearchKind>) -> Option<(&'static SearchParameter, Value)> {
        let definition = definition(key);
        let parameters =
            definition.parameters.iter().filter(|parameter| kinds.is_none_or(|kind| kind == parameter.kind));
        let with_values: Vec<_> = parameters.filter(|it| !self.oracle.values(key, it).is_empty()).collect();
        if with_values.is_empty() {
            return None;
        }
        let parameter = *self.random.of(&with_values);
        let values = self.oracle.values(key, parameter);
        Some((parameter, self.random.of(&values).clone()))
    }

    /// A search by something that is in the resource, or nearly.
    pub fn plain(&mut self, key: &str) -> Option<Parameter> {
        let (parameter, value) = self.value(key, None)?;
        let (modifier, text) = self.varied(parameter, &value)?;
        let second = self.random.once_in(5).then(|| self.another(key, parameter, modifier)).flatten();
        let text = [Some(text), second].into_iter().flatten().collect::<Vec<_>>().join(",");
        Some((named(parameter.code, modifier), text))
    }

    /// A value of another resource, for an OR list.
    fn another(&mut self, key: &str, parameter: &'static SearchParameter, modifier: Option<&str>) -> Option<String> {
        let other = self.resource(definition(key).name);
        let values = self.oracle.values(&other, parameter);
        let value = values.first()?;
        searches(value).into_iter().find(|(how, _)| *how == modifier).map(|(_, text)| text)
    }

    fn varied(&mut self, parameter: &SearchParameter, value: &Value) -> Option<Query> {
        if self.random.once_in(12) {
            return Some((Some("missing"), self.random.of(&["true", "false"]).to_string()));
        }
        let right = searches(value);
        let odd = self.odd(parameter, value);
        if let Some(odd) = odd.filter(|_| right.is_empty() || !self.random.once_in(3)) {
            return Some(odd);
        }
        (!right.is_empty()).then(|| self.random.of(&right).clone())
    }

    fn odd(&mut self, parameter: &SearchParameter, value: &Value) -> Option<Query> {
        let prefix = *self.random.of(&PREFIXES);
        let (_, right) = searches(value).into_iter().next()?;
        match value {
            Value::Date(span) => {
                let near = span.from.or(span.to)? + DAY * i64::try_from(self.random.below(5)).unwrap() - 2 * DAY;
                let near = if self.random.once_in(2) { near } else { span.from.or(span.to)? };
                let instant = time::instant(near);
                let length = *self.random.of(&[4, 7, 10, 24]);
                Some((None, format!("{prefix}{}", instant.get(..length)?)))
            }
            Value::Number(..) | Value::Quantity(_) => {
                Some((None, format!("{prefix}{}", right.trim_start_matches(char::is_alphabetic))))
            }
            Value::String(text) => {
                let chars: Vec<char> = text.chars().collect();
                let from = self.random.below(chars.len());
                let part: String = chars.iter().skip(from).take(1 + self.random.below(5)).collect();
                let begin: String = chars.iter().take(1 + self.random.below(6)).collect();
                let filled = |text: &String| !text.trim().is_empty();
                match self.random.below(4) {
                    0 => Some((Some("contains"), escaped(&part))).filter(|_| filled(&part)),
                    1 => Some((None, escaped(&begin.to_uppercase()))).filter(|_| filled(&begin)),
                    2 => Some((Some("exact"), escaped(&text.to_uppercase()))),
                    _ => Some((None, escaped(&begin))).filter(|_| filled(&begin)),
                }
            }
            Value::Token(token) => match (&token.text, self.random.below(3)) {
                (Some(text), 0) => {
                    let word = text.split_whitespace().next()?.to_uppercase();
                    Some((Some("text"), escaped(&word)))
                }
                _ if token.code.is_some() => Some((Some("not"), right)),
                _ => None,
            },
            Value::Reference(to) => {
                let (kind, id) = (to.resource_type.as_deref()?, to.id.as_deref()?);
                let modifier = parameter.targets.iter().find(|target| **target == kind).copied();
                match self.random.below(4) {
                    0 => Some((modifier, id.to_owned())),
                    1 => Some((modifier, format!("{kind}/{id}"))),
                    2 => Some((None, id.to_owned())),
                    _ => Some((Some("identifier"), id.to_owned())),
                }
            }
            Value::Uri(uri) => {
                let shorter = uri.rsplit_once('/').map_or(uri.as_str(), |(shorter, _)| shorter);
                match self.random.below(2) {
                    0 => Some((Some("below"), escaped(shorter))),
                    _ => Some((Some("above"), escaped(&format!("{uri}/more")))),
                }
            }
            Value::Composite(_) | Value::Position(..) => None,
        }
    }

    /// A chain of so many links from the resource; `named` says the types.
    pub fn chain(&mut self, key: &str, links: usize) -> Option<Parameter> {
        if links == 0 {
            return self.plain(key);
        }
        let (parameter, _) = self.value(key, Some(SearchKind::Reference))?;
        let targets = self.oracle.references(key, parameter);
        let known: Vec<String> = targets.into_iter().filter(|target| self.oracle.get(target).is_some()).collect();
        let target = known.first()?;
        let kind = definition(target).name;
        let (rest, text) = self.chain(target, links - 1)?;
        let says = parameter.targets.contains(&kind) && !self.random.once_in(3);
        let head = if says { format!("{}:{kind}", parameter.code) } else { parameter.code.to_owned() };
        Some((format!("{head}.{rest}"), text))
    }

    /// A `_has` for what a resource refers to: the type that is searched, and the parameter.
    pub fn has(&mut self, key: &str, nested: bool) -> Option<(&'static str, Parameter)> {
        let (parameter, _) = self.value(key, Some(SearchKind::Reference))?;
        let target = self.oracle.references(key, parameter).into_iter().find(|to| self.oracle.get(to).is_some())?;
        let (rest, text) = if nested {
            let referring = self.referring(key)?;
            let (kind, inner) = self.has_of(&referring, key)?;
            assert_eq!(kind, definition(key).name);
            inner
        } else {
            self.plain(key)?
        };
        let kind = definition(&target).name;
        parameter.targets.contains(&kind).then_some(())?;
        Some((kind, (format!("_has:{}:{}:{rest}", definition(key).name, parameter.code), text)))
    }

    fn has_of(&mut self, key: &str, target: &str) -> Option<(&'static str, Parameter)> {
        let parameters = definition(key).parameters.iter().filter(|it| it.kind == SearchKind::Reference);
        let kind = definition(target).name;
        let mut refers = parameters
            .filter(|it| it.targets.contains(&kind) && self.oracle.references(key, it).iter().any(|to| to == target));
        let parameter = refers.next()?;
        let (rest, text) = self.plain(key)?;
        Some((kind, (format!("_has:{}:{}:{rest}", definition(key).name, parameter.code), text)))
    }

    /// A resource that refers to that one.
    fn referring(&mut self, key: &str) -> Option<String> {
        let keys: Vec<String> = self.oracle.keys().cloned().collect();
        let begin = self.random.below(keys.len());
        let refers = |other: &String| {
            let mut references = definition(other).parameters.iter().filter(|it| it.kind == SearchKind::Reference);
            references.any(|it| self.oracle.references(other, it).iter().any(|to| to == key))
        };
        keys.iter().cycle().skip(begin).take(keys.len()).find(|other| refers(other)).cloned()
    }
}

/// The type of `Type/id`.
pub fn definition(key: &str) -> &'static ResourceType {
    resource_type(key.split_once('/').unwrap().0).unwrap()
}

/// `name:exact`
pub fn named(code: &str, modifier: Option<&str>) -> String {
    modifier.map_or_else(|| code.to_owned(), |modifier| format!("{code}:{modifier}"))
}
