//! Where a resource names other resources: `Reference.reference`, elements of type uri and url, and the links of
//! narratives. Elements of type canonical are no links of a transaction, as R4 says, and strings are none. Nor are those
//! of type oid and uuid, which R4 lists: `Patient/1` would be neither, and the resource invalid from then on. Nor what says
//! what something is, not where: [`is_identity`]. A Bundle that is stored is a world of its own: nothing in it is a link.

use std::borrow::Cow;

use fhir_definitions::{Element, Kind, Primitive, Structure, resource_type, structure};
use fhir_model::json::{Json, Object};

/// A place that may name another resource.
pub(super) enum Link<'j, 'a> {
    /// `Reference.reference`
    Reference(&'j mut Cow<'a, str>),
    /// A uri or url.
    Uri(&'j mut Cow<'a, str>),
    /// The XHTML of a narrative: see [`relink`].
    Narrative(&'j mut Cow<'a, str>),
}

/// Shows every link of a resource, those of contained resources and of extensions, too.
pub(super) fn walk<'a>(resource: &mut Json<'a>, visit: &mut impl FnMut(Link<'_, 'a>)) {
    let known = resource.text("resourceType").filter(|name| *name != "Bundle").and_then(resource_type);
    if let (Some(known), Json::Object(object)) = (known, resource) {
        members(object, known.structure, visit);
    }
}

fn members<'a>(object: &mut Object<'a>, within: &'static Structure, visit: &mut impl FnMut(Link<'_, 'a>)) {
    let mut last = 0;
    for (name, value) in object.iter_mut() {
        if let Some(found) = name.strip_prefix('_').and_then(|_| structure("Extension")) {
            // Ids and extensions of a primitive.
            each(value, &mut |twin| complex(twin, found, visit));
        } else if let Some((at, element)) = find(within, name, last) {
            last = at;
            each(value, &mut |item| member(item, element, within, visit));
        }
    }
}

fn complex<'a>(json: &mut Json<'a>, within: &'static Structure, visit: &mut impl FnMut(Link<'_, 'a>)) {
    if let Json::Object(object) = json {
        members(object, within, visit);
    }
}

fn member<'a>(
    json: &mut Json<'a>,
    element: &'static Element,
    within: &'static Structure,
    visit: &mut impl FnMut(Link<'_, 'a>),
) {
    match (element.kind, json) {
        (Kind::Complex(structure), json) => complex(json, structure, visit),
        (Kind::Resource, json) => walk(json, visit),
        (Kind::Primitive(Primitive::Uri | Primitive::Url), Json::String(text)) if !is_identity(element, within) => {
            visit(Link::Uri(text));
        }
        (Kind::Primitive(Primitive::Xhtml), Json::String(text)) => visit(Link::Narrative(text)),
        (Kind::Primitive(_), Json::String(text)) if within.name == "Reference" && element.name == "reference" => {
            visit(Link::Reference(text));
        }
        _ => (),
    }
}

/// The uris that R4 wants absolute, as they identify: systems of codes and identifiers, kinds of extensions, what a
/// definition is known by, and what `meta` tells of a resource.
fn is_identity(element: &Element, within: &Structure) -> bool {
    match within.name {
        "Extension" => element.name == "url",
        "Meta" => true,
        name if resource_type(name).is_some() => matches!(element.name, "url" | "implicitRules"),
        _ => element.name == "system",
    }
}

fn each<'a>(value: &mut Json<'a>, visit: &mut impl FnMut(&mut Json<'a>)) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(visit),
        single => visit(single),
    }
}

/// A walk that starts where the last one ended, as members mostly stand in the definition's order.
fn find(within: &'static Structure, name: &str, from: usize) -> Option<(usize, &'static Element)> {
    let (before, after) = within.elements.split_at_checked(from)?;
    (from..).zip(after).chain((0..).zip(before)).find(|(_, element)| element.name == name)
}

/// A narrative with other links: the `href` of its `a` and the `src` of its `img` that `target` knows another text for.
/// None, if it knows none.
pub(super) fn relink(text: &str, target: impl Fn(&str) -> Option<String>) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    let mut rest = text;
    while let Some((_, tag)) = rest.split_once('<') {
        if let Some(comment) = tag.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(tag.len());
        let (element, after) = tag.split_at_checked(end).unwrap_or_default();
        rest = after;
        let wanted = match element {
            "a" => "href",
            "img" => "src",
            _ => continue,
        };
        while let Some((name, value, after)) = attribute(rest) {
            rest = after;
            let named = (name == wanted).then(|| value.replace("&amp;", "&"));
            if let Some(new) = named.and_then(|named| target(&named)) {
                let until = text.len() - after.len() - 1; // the closing quote
                out.push_str(text.get(copied..until - value.len()).unwrap_or_default());
                out.push_str(&new.replace('&', "&amp;"));
                copied = until;
            }
        }
    }
    (copied > 0).then(|| out + text.get(copied..).unwrap_or_default())
}

/// An attribute's name and value, and what follows.
fn attribute(text: &str) -> Option<(&str, &str, &str)> {
    let end = text.find(['=', '<', '>'])?;
    let (name, rest) = text.split_at_checked(end)?;
    let value = rest.strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, rest) = value.strip_prefix(quote)?.split_once(quote)?;
    Some((name.trim(), value, rest))
}

#[cfg(test)]
mod tests;
