//! Parameters of the result: <https://hl7.org/fhir/R4/search.html#Result>.

use fhir_definitions::{ResourceType, SearchKind, SearchParameter, resource_type};

use super::{Context, Query};
use crate::error::Error;
use crate::http::request::number;

/// The parameter that a `next` link brings its place by.
pub(super) const CURSOR: &str = "_cursor";

/// Keys of `_sort`: each adds to a cursor.
const MOST_KEYS: usize = 10;
/// Names of `_elements`.
const MOST_ELEMENTS: usize = 200;

/// `_total`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Total {
    /// Only where it costs nothing.
    #[default]
    None,
    /// Counted. An estimate is as good as the truth here.
    Accurate,
}

/// `_summary`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Summary {
    /// Whole resources.
    #[default]
    No,
    /// `true`
    Yes,
    /// `text`
    Text,
    /// `data`
    Data,
    /// `count`: only how many.
    Count,
}

/// A key of `_sort`.
#[derive(Clone, Copy, Debug)]
pub struct SortKey {
    /// By what.
    pub parameter: &'static SearchParameter,
    /// With `-` before it.
    pub descending: bool,
}

/// `_include` or `_revinclude`: <https://hl7.org/fhir/R4/search.html#revinclude>.
#[derive(Clone, Debug)]
pub struct Include {
    /// Whether it is a `_revinclude`.
    pub reverse: bool,
    /// Whether it is about what was included, too.
    pub iterate: bool,
    /// The type that refers; none: `*`, any.
    pub source: Option<&'static ResourceType>,
    /// The reference; none: all of them.
    pub parameter: Option<&'static SearchParameter>,
    /// The type that is referred to, if only one is wanted.
    pub target: Option<&'static str>,
}

impl Query {
    /// Takes a parameter of the result; says whether it is one.
    pub(super) fn take_result(&mut self, name: &str, value: &str, context: Context<'_>) -> Result<bool, Error> {
        match name {
            "_count" => {
                let count = number(value).and_then(|count| usize::try_from(count).ok());
                let count = count.ok_or_else(|| bad("_count", "a number, 0 or more"))?;
                self.count = count.min(context.limits.max_page_size);
            }
            "_sort" => {
                self.sort.extend(sort(&self.searched(), value)?);
                if self.sort.len() > MOST_KEYS {
                    return Err(Error::TooCostly(format!("_sort may have up to {MOST_KEYS} keys")));
                }
            }
            "_total" => {
                self.total = match value {
                    "none" => Total::None,
                    "estimate" | "accurate" => Total::Accurate,
                    _ => return Err(bad("_total", "none, estimate or accurate")),
                }
            }
            "_summary" => {
                self.summary = match value {
                    "true" => Summary::Yes,
                    "text" => Summary::Text,
                    "data" => Summary::Data,
                    "count" => Summary::Count,
                    "false" => Summary::No,
                    _ => return Err(bad("_summary", "true, text, data, count or false")),
                }
            }
            "_elements" => {
                let names = value.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
                self.elements.extend(names.take(MOST_ELEMENTS + 1));
                if self.elements.len() > MOST_ELEMENTS {
                    return Err(Error::TooCostly(format!("_elements may have up to {MOST_ELEMENTS} names")));
                }
            }
            "_include"
            | "_include:iterate"
            | "_include:recurse"
            | "_revinclude"
            | "_revinclude:iterate"
            | "_revinclude:recurse" => {
                let include = include(name.starts_with("_revinclude"), name.contains(':'), value)?;
                if !self.used.iter().any(|(other, same)| other == name && same == value) {
                    self.includes.push(include);
                }
            }
            CURSOR => self.cursor = Some(value.to_owned()),
            "_type" | "_format" | "_pretty" => {} // read before, or by the HTTP edge
            "_contained" if value == "false" => {}
            "_contained" | "_containedType" => {
                return Err(Error::Unsupported(
                    "contained resources are found with what contains them only: _contained=false".to_owned(),
                ));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn bad(name: &str, right: &str) -> Error {
    Error::Parameter(format!("{name}: expected {right}"))
}

/// `_type`
pub(super) fn types(searched: Option<&'static ResourceType>, value: &str) -> Result<Vec<&'static ResourceType>, Error> {
    if searched.is_some() {
        return Err(bad("_type", "a search of all types: the URL names one already"));
    }
    let one = |name: &str| resource_type(name).ok_or_else(|| bad("_type", "resource types, separated by commas"));
    value.split(',').map(one).collect()
}

fn sort(types: &[&'static ResourceType], value: &str) -> Result<Vec<SortKey>, Error> {
    let key = |text: &str| {
        let (descending, code) = text.strip_prefix('-').map_or((false, text), |code| (true, code));
        let common = types.split_first().and_then(|(first, others)| {
            let parameter = first.parameter(code)?;
            let has = |other: &&'static ResourceType| other.parameter(code).is_some_and(|it| it.url == parameter.url);
            others.iter().all(has).then_some(parameter)
        });
        let sortable = |parameter: &&'static SearchParameter| {
            !matches!(parameter.kind, SearchKind::Composite | SearchKind::Special) && !parameter.paths.is_empty()
        };
        let parameter = common.filter(sortable);
        parameter.map(|parameter| SortKey { parameter, descending }).ok_or_else(|| {
            let code: String = code.chars().take(64).collect();
            Error::Parameter(format!(
                "_sort: \"{code}\" is none of the search parameters that what is searched can be sorted by; they are \
                 separated by commas, with - before those that descend"
            ))
        })
    };
    value.split(',').map(key).collect()
}

fn include(reverse: bool, iterate: bool, value: &str) -> Result<Include, Error> {
    let name = if reverse { "_revinclude" } else { "_include" };
    let form = || bad(name, "Type:reference, Type:reference:TargetType, Type:* or *");
    let mut parts = value.split(':');
    let (source, code, target) = (parts.next().unwrap_or_default(), parts.next(), parts.next());
    if parts.next().is_some() {
        return Err(form());
    }
    let source = match source {
        "*" => None,
        kind => Some(resource_type(kind).ok_or_else(form)?),
    };
    let parameter = match (source, code) {
        (_, None | Some("*")) => None,
        (None, Some(_)) => return Err(form()),
        (Some(source), Some(code)) => {
            let parameter = source.parameter(code).filter(|parameter| parameter.kind == SearchKind::Reference);
            Some(parameter.ok_or_else(|| {
                let code: String = code.chars().take(64).collect();
                Error::Parameter(format!("{name}: \"{code}\" is no reference parameter of {}", source.name))
            })?)
        }
    };
    if source.is_some() && code.is_none() {
        return Err(form());
    }
    let target = match target {
        None => None,
        Some(kind) => Some(resource_type(kind).ok_or_else(form)?.name),
    };
    Ok(Include { reverse, iterate, source, parameter, target })
}
