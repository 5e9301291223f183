//! The elements that a [`FhirPath`] finds.

use fhir_definitions::{Element, Kind, Primitive, Structure};

use super::{Condition, FhirPath, Literal, Step, same_number};
use crate::json::{Json, Object};
use crate::tables::{choice, extension_structure, path_name, structure_of};

/// One step on the way to an element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// The JSON name.
    pub(crate) member: String,
    /// Which item, if it is an array.
    pub(crate) item: Option<usize>,
}

/// An element that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    /// The way to it, from the resource; empty for the resource itself.
    pub(crate) places: Vec<Place>,
    /// The way to the object that holds its members: a primitive's twin, else itself.
    pub(crate) within: Vec<Place>,
    /// Its own name in `FHIRPath`, and the definitions of what it is a member of; none for the resource itself.
    pub(crate) member_of: Option<(&'static str, &'static Structure)>,
    /// Its members' definitions.
    pub(crate) structure: &'static Structure,
}

#[derive(Clone)]
struct Node<'r> {
    places: Vec<Place>,
    /// What its definition says, and the definitions of what it is a member of; none for the resource itself.
    definition: Option<(&'static Element, &'static Structure)>,
    /// Its members' definitions; for a primitive those of its twin.
    structure: Option<&'static Structure>,
    /// Its value; a primitive may have none.
    value: Option<&'r Json<'static>>,
    /// The primitive's id and extensions.
    twin: Option<&'r Json<'static>>,
}

impl FhirPath {
    /// The elements, in their order. A choice is found by its name without type, a primitive by its extensions alone, too.
    pub(crate) fn find(&self, resource: &Json<'static>) -> Vec<Found> {
        let structure = structure_of_resource(resource);
        let root = Node { places: Vec::new(), definition: None, structure, value: Some(resource), twin: None };
        let (root, steps) = match self.steps.split_first() {
            Some((Step::Child(name), steps)) if root.is_a(name) => (vec![root], steps),
            // A type's name, and not this one's: nothing is found.
            Some((Step::Child(name), _)) if name.starts_with(|c: char| c.is_ascii_uppercase()) => return Vec::new(),
            _ => (vec![root], self.steps.as_slice()),
        };
        walk(root, steps).into_iter().filter_map(Node::found).collect()
    }
}

fn structure_of_resource(resource: &Json<'_>) -> Option<&'static Structure> {
    resource.text("resourceType").and_then(structure_of)
}

fn walk<'r>(nodes: Vec<Node<'r>>, steps: &[Step]) -> Vec<Node<'r>> {
    steps.iter().fold(nodes, |nodes, step| match step {
        Step::Child(name) => nodes.iter().flat_map(|node| node.children(name)).collect(),
        Step::Item(at) => nodes.into_iter().skip(*at).take(1).collect(),
        Step::Last => nodes.into_iter().next_back().into_iter().collect(),
        Step::Where(conditions) => nodes.into_iter().filter(|node| conditions.iter().all(|c| c.holds(node))).collect(),
        Step::OfType(name) => nodes.into_iter().filter(|node| node.is_a(name)).collect(),
        Step::Extension(url) => {
            let extensions = nodes.iter().flat_map(|node| node.children("extension"));
            extensions.filter(|node| node.value.and_then(|value| value.text("url")) == Some(url)).collect()
        }
    })
}

impl Condition {
    /// As in `FHIRPath`, several values are not equal to one.
    fn holds(&self, node: &Node<'_>) -> bool {
        match walk(vec![node.clone()], &self.path.steps).as_slice() {
            [Node { value: Some(value), .. }] => match (&self.literal, value) {
                (Literal::Text(expected), Json::String(text)) => text == expected,
                (Literal::Number(expected), Json::Number(digits)) => same_number(digits, expected),
                (Literal::Bool(expected), Json::Bool(value)) => value == expected,
                _ => false,
            },
            _ => false,
        }
    }
}

impl<'r> Node<'r> {
    /// Whether it is of that type, or a resource of that type.
    fn is_a(&self, name: &str) -> bool {
        let resource_type = self.value.and_then(|value| value.text("resourceType"));
        let Some((element, _)) = self.definition else {
            return resource_type == Some(name) || matches!(name, "Resource" | "DomainResource");
        };
        match (element.kind, choice(element)) {
            (Kind::Resource, _) => resource_type == Some(name),
            (_, Some(base)) => {
                let mut type_name = element.name.strip_prefix(base).unwrap_or_default().chars();
                let mut name = name.chars();
                let first = type_name.next().zip(name.next());
                first.is_some_and(|(one, other)| one.eq_ignore_ascii_case(&other)) && type_name.eq(name)
            }
            (Kind::Complex(structure), None) => structure.name == name,
            (Kind::Primitive(primitive), None) => {
                name == "Boolean" && primitive == Primitive::Boolean
                    || format!("{primitive:?}").eq_ignore_ascii_case(name)
            }
        }
    }

    /// Its members of that name: one for each item, for a choice those of every type.
    fn children(&self, name: &str) -> Vec<Node<'r>> {
        let object = if self.is_primitive() { self.twin } else { self.value };
        let Some((object, structure)) = object.and_then(Json::as_object).zip(self.structure) else { return Vec::new() };
        let places = self.places_within();
        let named = structure.elements.iter().filter(|element| element.name == name || choice(element) == Some(name));
        named.flat_map(|element| nodes(&places, object, structure, element)).collect()
    }

    fn is_primitive(&self) -> bool {
        matches!(self.definition, Some((Element { kind: Kind::Primitive(_), .. }, _)))
    }

    fn found(self) -> Option<Found> {
        let member_of = self.definition.map(|(element, holder)| (path_name(element), holder));
        Some(Found { within: self.places_within(), member_of, structure: self.structure?, places: self.places })
    }

    fn places_within(&self) -> Vec<Place> {
        let mut places = self.places.clone();
        if self.is_primitive()
            && let Some(last) = places.last_mut()
        {
            last.member.insert(0, '_');
        }
        places
    }
}

/// One node for each item of the member.
fn nodes<'r>(
    above: &[Place],
    object: &'r Object<'static>,
    holder: &'static Structure,
    element: &'static Element,
) -> Vec<Node<'r>> {
    let value = object.get(element.name);
    let twin = match element.kind {
        Kind::Primitive(_) => object.get(&format!("_{}", element.name)),
        _ => None,
    };
    let list = matches!(value.or(twin), Some(Json::Array(_)));
    let count = match (value, twin) {
        (None, None) => 0,
        _ if list => value.map_or(0, |value| value.items().len()).max(twin.map_or(0, |twin| twin.items().len())),
        _ => 1,
    };
    let node = |at: usize| {
        let item =
            |whole: Option<&'r Json<'static>>| if list { whole.and_then(|whole| whole.items().get(at)) } else { whole };
        let value = item(value).filter(|value| **value != Json::Null);
        let structure = match element.kind {
            Kind::Primitive(_) => extension_structure(),
            Kind::Complex(structure) => Some(structure),
            Kind::Resource => value.and_then(structure_of_resource),
        };
        let place = Place { member: element.name.to_owned(), item: list.then_some(at) };
        let places = above.iter().cloned().chain([place]).collect();
        Node { places, definition: Some((element, holder)), structure, value, twin: item(twin) }
    };
    (0..count).map(node).collect()
}
