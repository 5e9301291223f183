//! From a parameter's name and value to a [`Condition`].

use std::cell::Cell;

use fhir_definitions::{ResourceType, SearchKind, SearchParameter, resource_type};
use fhir_model::operand::Clause;

use super::{Condition, Context};
use crate::error::Error;

/// Searches inside of searches that one request may ask for: a chain is one for each type that it may lead to, at each
/// of its links, and so is each `_has`. So it bounds how deep they nest, too.
const MOST_SEARCHES: usize = 150;
/// Values of one parameter, one of which must match.
const MOST_VALUES: usize = 1_000;
/// Lists that one `_list` may name: each is read whole.
const MOST_LISTS: usize = 20;

/// Reads the parameters of one request.
pub(super) struct Reader<'c> {
    pub(super) context: Context<'c>,
    /// Searches that it may still ask for.
    searches: Cell<usize>,
}

impl<'c> Reader<'c> {
    pub(super) fn new(context: Context<'c>) -> Self {
        Self { context, searches: Cell::new(MOST_SEARCHES) }
    }

    /// Reads a parameter of all of `types`; none, if they don't have it.
    pub(super) fn read(
        &self,
        types: &[&'static ResourceType],
        name: &str,
        value: &str,
    ) -> Result<Option<Condition>, Error> {
        condition(types, name, value, self)
    }

    fn search(&self, reference: &SearchParameter) -> Result<(), Error> {
        let left = self.searches.get().checked_sub(1).ok_or_else(|| {
            let (code, example) = (reference.code, reference.targets.first().unwrap_or(&"Patient"));
            Error::TooCostly(format!(
                "more than {MOST_SEARCHES} searches would be needed for the chains of this one: name the type that a \
                 reference leads to, as in {code}:{example}, or search step by step"
            ))
        })?;
        self.searches.set(left);
        Ok(())
    }

    /// Each further definition of a parameter costs what a search does: its values are read and looked up again.
    fn several(&self, definitions: usize) -> Result<(), Error> {
        let left = self.searches.get().checked_sub(definitions.saturating_sub(1)).ok_or_else(|| {
            let narrow = "name fewer of them by _type, or fewer parameters";
            Error::TooCostly(format!("the types that are searched define these parameters in too many ways: {narrow}"))
        })?;
        self.searches.set(left);
        Ok(())
    }
}

fn condition(
    types: &[&'static ResourceType],
    name: &str,
    value: &str,
    reader: &Reader<'_>,
) -> Result<Option<Condition>, Error> {
    if let Some(rest) = name.strip_prefix("_has:") {
        return has(types, rest, value, reader).map(Some);
    }
    if name == "_list" {
        return list(value).map(Some);
    }
    let (head, rest) = match name.split_once('.') {
        Some((head, rest)) => (head, Some(rest)),
        None => (name, None),
    };
    let (code, modifier) = match head.split_once(':') {
        Some((code, modifier)) => (code, Some(modifier)),
        None => (head, None),
    };
    if matches!(code, "_text" | "_content" | "_query" | "_filter") {
        return Err(Error::Unsupported(format!("{code} is not supported: search by the elements' own parameters")));
    }
    let definitions = definitions(types, code)?;
    reader.several(definitions.len())?;
    let conditions = definitions.into_iter().map(|(parameter, types)| {
        let condition = match rest {
            Some(rest) => chain(parameter, modifier, rest, value, reader)?,
            None => clause(parameter, modifier, value, reader.context)?,
        };
        Ok((types, condition))
    });
    let mut conditions: Vec<(Vec<&'static ResourceType>, Condition)> = conditions.collect::<Result<_, Error>>()?;
    Ok(match conditions.len() {
        0 | 1 => conditions.pop().map(|(_, condition)| condition),
        _ => Some(Condition::OfTypes(conditions)),
    })
}

/// A definition of a parameter, and the types that have it.
type Definition = (&'static SearchParameter, Vec<&'static ResourceType>);

/// What the types call so: each has its own definition, though many share one. None, if none of them has it. What some
/// only have, or what isn't of the same kind in all, is refused even where unknown parameters are left out: without a
/// filter that some types know, the rest would be found unfiltered.
fn definitions(types: &[&'static ResourceType], code: &str) -> Result<Vec<Definition>, Error> {
    let mut found: Vec<Definition> = Vec::new();
    let mut without = None;
    for definition in types {
        let Some(parameter) = definition.parameter(code) else {
            without = without.or(Some(definition.name));
            continue;
        };
        match found.iter_mut().find(|(other, _)| std::ptr::eq(*other, parameter)) {
            Some((_, of)) => of.push(definition),
            None => found.push((parameter, vec![definition])),
        }
    }
    let Some((first, of)) = found.first() else { return Ok(found) };
    let owner = of.first().map_or("", |definition| definition.name);
    let narrow = "search these types one by one";
    if let Some(without) = without {
        return Err(Error::Parameter(format!(
            "of the types that are searched {owner} has a search parameter \"{code}\", but {without} has none; {narrow}"
        )));
    }
    if let Some((_, of)) = found.iter().find(|(other, _)| other.kind != first.kind) {
        let other = of.first().map_or("", |definition| definition.name);
        return Err(Error::Parameter(format!(
            "the search parameter \"{code}\" means one thing for {owner} and another for {other}; {narrow}"
        )));
    }
    Ok(found)
}

fn clause(
    parameter: &'static SearchParameter,
    modifier: Option<&str>,
    value: &str,
    context: Context<'_>,
) -> Result<Condition, Error> {
    let clause = Clause::parse(parameter, modifier, value, context.base, context.now);
    let clause = clause.map_err(|bad| Error::Parameter(bad.to_string()))?;
    if clause.operands.len() > MOST_VALUES {
        return Err(Error::TooCostly(format!("{} may have up to {MOST_VALUES} values", parameter.code)));
    }
    Ok(Condition::Clause(clause))
}

/// <https://hl7.org/fhir/R4/search.html#chaining>
fn chain(
    parameter: &'static SearchParameter,
    modifier: Option<&str>,
    rest: &str,
    value: &str,
    reader: &Reader<'_>,
) -> Result<Condition, Error> {
    let code = parameter.code;
    if parameter.kind != SearchKind::Reference {
        return Err(Error::Parameter(format!("{code} is no reference: nothing can be chained to it")));
    }
    let targets: Vec<&'static ResourceType> = match modifier {
        None => parameter.targets.iter().filter_map(|name| resource_type(name)).collect(),
        Some(name) if parameter.targets.contains(&name) => resource_type(name).into_iter().collect(),
        Some(_) => {
            let targets = if parameter.targets.len() > 12 { "a type".into() } else { parameter.targets.join(", ") };
            return Err(Error::Parameter(format!("{code} may refer to {targets}, not to what stands after the colon")));
        }
    };
    let mut found = Vec::new();
    let mut wrong = None;
    // The first name of what follows: types without it lead nowhere, and cost nothing.
    let next = rest.split(['.', ':']).next().unwrap_or_default();
    for target in targets {
        if next == "_has" || next == "_list" || target.parameter(next).is_some() {
            reader.search(parameter)?;
        }
        match condition(&[target], rest, value, reader) {
            Ok(Some(condition)) => found.push((target, condition)),
            Ok(None) => {}
            Err(error @ Error::TooCostly(_)) => return Err(error),
            // What one type takes as a number another takes as a token: it is wrong if it is so for all.
            Err(error) => wrong = Some(error),
        }
    }
    match (found.is_empty(), wrong) {
        (false, _) => Ok(Condition::Chain { parameter, targets: found }),
        (true, Some(error)) => Err(error),
        (true, None) => {
            let first: String = rest.chars().take(64).collect();
            Err(Error::Parameter(format!("nothing that {code} may refer to has a search parameter \"{first}\"")))
        }
    }
}

/// <https://hl7.org/fhir/R4/search.html#has>: `Observation:patient:code`
fn has(types: &[&'static ResourceType], rest: &str, value: &str, reader: &Reader<'_>) -> Result<Condition, Error> {
    let form = || Error::Parameter("_has has the form _has:Type:reference:parameter=value".to_owned());
    let (kind, rest) = rest.split_once(':').ok_or_else(form)?;
    let (code, rest) = rest.split_once(':').ok_or_else(form)?;
    let source = resource_type(kind).ok_or_else(form)?;
    let parameter = source.parameter(code).filter(|parameter| parameter.kind == SearchKind::Reference);
    let parameter =
        parameter.ok_or_else(|| Error::Parameter(format!("_has: {kind} has no reference parameter of that name")))?;
    if !types.iter().any(|definition| parameter.targets.contains(&definition.name)) {
        return Err(Error::Parameter(format!("_has: {kind}:{code} refers to nothing that is searched")));
    }
    reader.search(parameter)?;
    let condition = condition(&[source], rest, value, reader)?;
    let condition = condition.ok_or_else(|| Error::Parameter(format!("_has: {kind} has no such search parameter")))?;
    Ok(Condition::Has { source, parameter, condition: Box::new(condition) })
}

/// `_list=42,43`; the functional lists (`$current-problems`) are not kept.
fn list(value: &str) -> Result<Condition, Error> {
    let ids = value.split(',').map(|id| id.strip_prefix("List/").unwrap_or(id).to_owned());
    let ids: Vec<String> = ids.collect();
    if ids.iter().any(|id| id.starts_with('$')) {
        return Err(Error::Unsupported("_list takes ids of Lists; functional lists are not supported".to_owned()));
    }
    if ids.len() > MOST_LISTS {
        return Err(Error::TooCostly(format!("_list may name up to {MOST_LISTS} Lists")));
    }
    Ok(Condition::List(ids))
}
