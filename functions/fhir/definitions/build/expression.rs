//! The part of `FHIRPath` that HL7's search parameters are written in.

use crate::input::Result;

/// One alternative of an expression (they are joined by `|`).
#[derive(Debug)]
pub(crate) struct Alternative {
    pub(crate) root: Root,
    pub(crate) steps: Vec<Step>,
}

/// What the first step starts from.
#[derive(Debug)]
pub(crate) enum Root {
    /// `Patient.name`
    Type(String),
    /// `name`, `$this`
    This,
    /// `%resource.name`
    Resource,
}

#[derive(Debug)]
pub(crate) enum Step {
    /// `.name`
    Member(String),
    /// `[0]`
    Item(usize),
    /// `as Quantity`, `.as(Quantity)`, `.ofType(Quantity)`
    As(String),
    /// `.where(system='phone')`
    Where(String, String),
    /// `.where(resolve() is Patient)`
    RefersTo(String),
    /// `X.exists() and X != false`
    ExistsAndNotFalse,
}

/// Reads an expression. What is none of the above is an error.
pub(crate) fn parse(expression: &str) -> Result<Vec<Alternative>> {
    split(expression, '|').into_iter().map(|text| alternative(text.trim())).collect()
}

fn alternative(text: &str) -> Result<Alternative> {
    if let Some((path, rest)) = text.split_once(".exists() and ") {
        if rest != format!("{path} != false") {
            return Err(format!("{text}: not understood").into());
        }
        let mut alternative = alternative(path)?;
        alternative.steps.push(Step::ExistsAndNotFalse);
        return Ok(alternative);
    }
    let mut parts = split(text, '.').into_iter();
    let first = parts.next().unwrap_or_default();
    let (root, mut steps) = match first.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
        Some(inner) => {
            let (path, name) = inner.split_once(" as ").unwrap_or((inner, ""));
            let mut alternative = alternative(path.trim())?;
            if !name.is_empty() {
                alternative.steps.push(Step::As(identifier(name)?));
            }
            (alternative.root, alternative.steps)
        }
        None if first == "$this" => (Root::This, Vec::new()),
        None if first == "%resource" => (Root::Resource, Vec::new()),
        None if first.starts_with(|c: char| c.is_ascii_uppercase()) => (Root::Type(identifier(first)?), Vec::new()),
        None => (Root::This, step(first)?),
    };
    for part in parts {
        steps.extend(step(part)?);
    }
    Ok(Alternative { root, steps })
}

/// What stands between two dots.
fn step(text: &str) -> Result<Vec<Step>> {
    if let Some((name, argument)) = text.strip_suffix(')').and_then(|it| it.split_once('(')) {
        let argument = argument.trim();
        return Ok(vec![match name {
            "as" | "ofType" => Step::As(identifier(argument)?),
            "where" => condition(argument)?,
            _ => return Err(format!("{text}: not understood").into()),
        }]);
    }
    match text.strip_suffix(']').and_then(|it| it.split_once('[')) {
        Some((name, index)) => Ok(vec![Step::Member(identifier(name)?), Step::Item(index.parse()?)]),
        None => Ok(vec![Step::Member(identifier(text)?)]),
    }
}

fn condition(text: &str) -> Result<Step> {
    if let Some(name) = text.strip_prefix("resolve() is ") {
        return Ok(Step::RefersTo(identifier(name)?));
    }
    let (name, value) = text.split_once('=').ok_or_else(|| format!("{text}: not understood"))?;
    let value = value.trim().strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
    let value = value.filter(|it| !it.contains(['\'', '\\'])).ok_or_else(|| format!("{text}: not understood"))?;
    Ok(Step::Where(identifier(name.trim())?, value.to_owned()))
}

fn identifier(text: &str) -> Result<String> {
    let text = text.trim();
    if text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(text.to_owned());
    }
    Err(format!("{text:?} is not a name").into())
}

/// Splits where the separator stands outside of parentheses and quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut depth, mut quoted) = (0_usize, false);
    text.split(|c| {
        match c {
            '\'' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted => depth = depth.saturating_sub(1),
            _ => return c == separator && depth == 0 && !quoted,
        }
        false
    })
    .collect()
}
