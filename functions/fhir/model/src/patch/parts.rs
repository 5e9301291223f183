//! The value of a `FHIRPath` Patch's operation: `value[x]`, or parts that are the members of an element without a type name.

use fhir_definitions::{Element, Kind, Structure};

use super::Failure;
use super::items::Items;
use crate::json::{Json, Object};
use crate::tables::choice;

/// A value that the patch gives.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// `value[x]` and `_value[x]`.
    Typed { type_name: String, value: Option<Json<'static>>, twin: Option<Json<'static>> },
    /// `resource`
    Resource(Json<'static>),
    /// `part`
    Parts(Vec<(String, Value)>),
}

/// The member that a value becomes.
pub(super) struct Member {
    pub(super) element: &'static Element,
    pub(super) value: Option<Json<'static>>,
    pub(super) twin: Option<Json<'static>>,
}

/// Reads a part of Parameters.
pub(super) fn read(part: &Json<'_>) -> Result<Value, String> {
    let members = part.as_object().ok_or("a part is no object")?;
    let owned = |json: Option<&Json<'_>>| json.cloned().map(Json::into_owned);
    if let Some(resource) = owned(part.get("resource")) {
        return Ok(Value::Resource(resource));
    }
    if let Some(type_name) = members.iter().find_map(|(name, _)| name.trim_start_matches('_').strip_prefix("value")) {
        let [value, twin] = ["", "_"].map(|mark| owned(members.get(&format!("{mark}value{type_name}"))));
        return Ok(Value::Typed { type_name: type_name.to_owned(), value, twin });
    }
    let Some(Json::Array(parts)) = part.get("part") else { return Err("a part has no value".to_owned()) };
    let named = |part: &Json<'_>| Ok((part.text("name").ok_or("a part has no name")?.to_owned(), read(part)?));
    parts.iter().map(named).collect::<Result<_, String>>().map(Value::Parts)
}

impl Value {
    /// The only string, code or uri of it.
    pub(super) fn text(&self) -> Option<&str> {
        if let Self::Typed { value: Some(value), .. } = self { value.as_str() } else { None }
    }

    /// The index that it is.
    pub(super) fn index(&self) -> Option<usize> {
        if let Self::Typed { value: Some(value), .. } = self { value.as_number()?.parse().ok() } else { None }
    }

    /// The value as the member `name` of an object of that structure.
    pub(super) fn member(&self, structure: &'static Structure, name: &str) -> Result<Member, Failure> {
        let base = name.strip_suffix("[x]").unwrap_or(name);
        let fits = |element: &&Element| match (self, choice(element)) {
            (Self::Typed { type_name, .. }, Some(of)) if of == base => {
                element.name.strip_prefix(base) == Some(type_name)
            }
            _ => element.name == base,
        };
        let Some(element) = structure.elements.iter().find(fits) else {
            return Failure::because("no element of that name, and of its value's type, can be there");
        };
        let (value, twin) = match (self, element.kind) {
            (Self::Typed { value: value @ Some(Json::Object(_)), twin: None, .. }, Kind::Complex(_)) => {
                (value.clone(), None)
            }
            (Self::Typed { value, twin, .. }, Kind::Primitive(_))
                if primitive(value.as_ref()) && extensions(twin.as_ref()) =>
            {
                (value.clone(), twin.clone())
            }
            (Self::Resource(resource), Kind::Resource) => (Some(resource.clone()), None),
            (Self::Parts(parts), Kind::Complex(structure)) => (Some(object(parts, structure)?), None),
            _ => return Failure::because("its value is not of the element's type"),
        };
        Ok(Member { element, value, twin })
    }
}

fn primitive(value: Option<&Json<'_>>) -> bool {
    !matches!(value, Some(Json::Null | Json::Array(_) | Json::Object(_)))
}

fn extensions(twin: Option<&Json<'_>>) -> bool {
    matches!(twin, None | Some(Json::Object(_)))
}

fn object(parts: &[(String, Value)], structure: &'static Structure) -> Result<Json<'static>, Failure> {
    let mut object = Object::new();
    for (name, value) in parts {
        value.member(structure, name)?.add_to(&mut object, structure)?;
    }
    Ok(object.into())
}

impl Member {
    /// Appends to a list, or sets what is not there yet.
    pub(super) fn add_to(self, object: &mut Object<'static>, structure: &'static Structure) -> Result<(), Failure> {
        let name = self.element.name;
        if self.element.array {
            let mut items = Items::take(object, name);
            items.0.push(self.item());
            items.put(object, name);
            return Ok(());
        }
        let alike = |element: &&Element| element.path == self.element.path;
        let there =
            |element: &Element| object.get(element.name).or(object.get(&format!("_{}", element.name))).is_some();
        if structure.elements.iter().filter(alike).any(there) {
            return Failure::because("the element is there already, and may be there once only");
        }
        self.set_in(object);
        Ok(())
    }

    /// Sets it, and its twin or none.
    pub(super) fn set_in(self, object: &mut Object<'static>) {
        for (name, value) in
            [(self.element.name.to_owned(), self.value), (format!("_{}", self.element.name), self.twin)]
        {
            match value {
                Some(value) => object.set(name, value),
                None => drop(object.remove(&name)),
            }
        }
    }

    /// It and its twin, as an item of a list.
    pub(super) fn item(self) -> (Json<'static>, Json<'static>) {
        (self.value.unwrap_or(Json::Null), self.twin.unwrap_or(Json::Null))
    }
}
