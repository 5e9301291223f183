//! RFC 6902.

use std::collections::BTreeMap;

use super::{Failure, MAX_COPIED, shallow_enough};
use crate::fhirpath::same_number;
use crate::json::{Json, Object};

/// An operation of a JSON Patch.
#[derive(Clone, Debug)]
pub struct Operation {
    path: Pointer,
    action: Action,
}

#[derive(Clone, Debug)]
enum Action {
    Add(Json<'static>),
    Remove,
    Replace(Json<'static>),
    Move { from: Pointer },
    Copy { from: Pointer },
    Test(Json<'static>),
}

pub(super) fn read(json: &Json<'_>) -> Result<Operation, String> {
    let value = || json.get("value").cloned().map(Json::into_owned).ok_or("it has no value");
    let action = match json.text("op").ok_or("it is no object with an op")? {
        "add" => Action::Add(value()?),
        "remove" => Action::Remove,
        "replace" => Action::Replace(value()?),
        "move" => Action::Move { from: Pointer::read(json, "from")? },
        "copy" => Action::Copy { from: Pointer::read(json, "from")? },
        "test" => Action::Test(value()?),
        _ => return Err("its op is none of add, remove, replace, move, copy, test".to_owned()),
    };
    Ok(Operation { path: Pointer::read(json, "path")?, action })
}

impl Operation {
    pub(super) fn apply(&self, root: &mut Json<'static>, copied: &mut usize) -> Result<(), Failure> {
        let path = self.path.0.as_slice();
        match &self.action {
            Action::Add(value) => add(root, path, value.clone()),
            Action::Remove => remove(root, path).map(drop),
            Action::Replace(value) => {
                shallow_enough(path.len(), value)?;
                *find_mut(root, path)? = value.clone();
                Ok(())
            }
            Action::Move { from } if from.0 == path => find(root, path).map(drop),
            Action::Move { from } if path.starts_with(&from.0) => Failure::because("a value can't move into itself"),
            Action::Move { from } => {
                let value = remove(root, &from.0)?;
                add(root, path, value)
            }
            Action::Copy { from } => {
                let value = find(root, &from.0)?.clone();
                *copied += weight(&value);
                if *copied > MAX_COPIED {
                    return Failure::because("the patch copies too much");
                }
                add(root, path, value)
            }
            Action::Test(value) if same(find(root, path)?, value) => Ok(()),
            Action::Test(_) => Err(Failure::Test),
        }
    }
}

/// A JSON Pointer (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pointer(Vec<String>);

impl Pointer {
    fn read(json: &Json<'_>, name: &str) -> Result<Self, String> {
        let text = json.text(name).ok_or_else(|| format!("it has no {name}"))?;
        if text.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let steps =
            text.strip_prefix('/').ok_or_else(|| format!("its {name} is no JSON Pointer: it starts without /"))?;
        let unescape = |step: &str| {
            if step.replace("~0", "").replace("~1", "").contains('~') {
                return Err(format!("its {name} is no JSON Pointer: ~ stands without 0 or 1"));
            }
            Ok(step.replace("~1", "/").replace("~0", "~"))
        };
        steps.split('/').map(unescape).collect::<Result<_, _>>().map(Self)
    }
}

/// The place of an item: `0`, `17`, no `01`, no `+1`.
fn index(step: &str) -> Option<usize> {
    let plain = step.bytes().all(|byte| byte.is_ascii_digit()) && (step == "0" || !step.starts_with('0'));
    if plain { step.parse().ok() } else { None }
}

fn nowhere<T>(step: usize) -> Result<T, Failure> {
    Failure::because(format!("its path leads nowhere at step {step} (counted from 0)"))
}

fn find<'j>(root: &'j Json<'static>, path: &[String]) -> Result<&'j Json<'static>, Failure> {
    path.iter().enumerate().try_fold(root, |json, (at, step)| {
        let next = match json {
            Json::Object(object) => object.get(step),
            Json::Array(items) => index(step).and_then(|index| items.get(index)),
            _ => None,
        };
        next.map_or_else(|| nowhere(at), Ok)
    })
}

fn find_mut<'j>(root: &'j mut Json<'static>, path: &[String]) -> Result<&'j mut Json<'static>, Failure> {
    path.iter().enumerate().try_fold(root, |json, (at, step)| {
        let next = match json {
            Json::Object(object) => object.get_mut(step),
            Json::Array(items) => index(step).and_then(|index| items.get_mut(index)),
            _ => None,
        };
        next.map_or_else(|| nowhere(at), Ok)
    })
}

fn add(root: &mut Json<'static>, path: &[String], value: Json<'static>) -> Result<(), Failure> {
    shallow_enough(path.len(), &value)?;
    let Some((last, above)) = path.split_last() else {
        *root = value;
        return Ok(());
    };
    match find_mut(root, above)? {
        Json::Object(object) => object.set(last.clone(), value),
        Json::Array(items) if last == "-" => items.push(value),
        Json::Array(items) => match index(last).filter(|index| *index <= items.len()) {
            Some(index) => items.insert(index, value),
            None => return Failure::because("its path's last step is no place in the array"),
        },
        _ => return nowhere(above.len()),
    }
    Ok(())
}

fn remove(root: &mut Json<'static>, path: &[String]) -> Result<Json<'static>, Failure> {
    let Some((last, above)) = path.split_last() else {
        return Failure::because("the whole resource can't be removed");
    };
    let removed = match find_mut(root, above)? {
        Json::Object(object) => object.remove(last),
        Json::Array(items) => index(last).filter(|index| *index < items.len()).map(|index| items.remove(index)),
        _ => None,
    };
    removed.map_or_else(|| nowhere(above.len()), Ok)
}

/// Whether a `test` holds: members in any order, numbers by their value.
fn same(one: &Json<'_>, other: &Json<'_>) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => same_number(one, other),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && sorted(one)
                    .into_iter()
                    .zip(sorted(other))
                    .all(|(one, other)| one.0 == other.0 && same(one.1, other.1))
        }
        _ => one == other,
    }
}

fn sorted<'o, 'a>(object: &'o Object<'a>) -> BTreeMap<&'o str, &'o Json<'a>> {
    object.iter().collect()
}

/// About how many bytes of memory a value takes.
fn weight(json: &Json<'_>) -> usize {
    size_of::<Json<'_>>()
        + match json {
            Json::Null | Json::Bool(_) => 0,
            Json::Number(text) | Json::String(text) => text.len(),
            Json::Array(items) => items.iter().map(weight).sum(),
            Json::Object(object) => object.iter().map(|(name, value)| name.len() + 24 + weight(value)).sum(),
        }
}

#[cfg(test)]
mod tests;
