//! The values of one search parameter in one resource.

use fhir_definitions::{Component, Path, SearchKind, SearchParameter, Step};

use super::convert::{Context, convert};
use super::walk::{Ground, Inside};
use super::{Token, Value};
use crate::json::Json;

pub(super) fn values(parameter: &SearchParameter, resource: &Json<'_>, base: &str) -> Vec<Value> {
    let mut out = Vec::new();
    let inside = Inside::default();
    let ground = Ground { resource, base, inside: &inside };
    let paths = parameter.paths;
    if paths.iter().any(|path| path.steps.last() == Some(&Step::ExistsAndNotFalse)) {
        let code = if exists_and_not_false(paths, ground) { "true" } else { "false" };
        out.push(Value::Token(Token { code: Some(code.into()), ..Token::default() }));
    } else if parameter.kind == SearchKind::Composite {
        for path in paths {
            ground.walk(resource, path.steps, &mut |element| {
                out.extend(composite(parameter.components, element, ground));
            });
        }
    } else {
        into(parameter.kind, paths, resource, ground, parameter.system, &mut out);
    }
    out
}

fn into<'g, 'a>(
    kind: SearchKind,
    paths: &[Path],
    start: &'g Json<'a>,
    ground: Ground<'g, 'a>,
    system: Option<&'static str>,
    out: &mut Vec<Value>,
) {
    let context = Context { base: ground.base, system };
    for path in paths {
        ground.walk(start, path.steps, &mut |found| convert(kind, path.kind, found, context, out));
    }
}

/// An expression that is a truth is false where none of its paths finds anything: `Patient?deceased=false` finds the living.
fn exists_and_not_false(paths: &[Path], ground: Ground<'_, '_>) -> bool {
    let mut truth = false;
    for path in paths {
        ground.walk(ground.resource, path.steps, &mut |_| truth = true);
    }
    truth
}

/// An element that lacks a component can't match, so it is no value.
fn composite<'g, 'a>(components: &[Component], element: &'g Json<'a>, ground: Ground<'g, 'a>) -> Option<Value> {
    let mut parts = Vec::with_capacity(components.len());
    for component in components {
        let mut out = Vec::new();
        into(component.kind, component.paths, element, ground, None, &mut out);
        if out.is_empty() {
            return None;
        }
        parts.push(out);
    }
    Some(Value::Composite(parts))
}

#[cfg(test)]
mod tests;
