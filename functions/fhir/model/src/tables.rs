//! Looking things up in the tables of the definitions.

use fhir_definitions::{Element, Kind, RESOURCE_TYPES, Structure};

/// A resource type's structure.
pub(crate) fn structure_of(resource_type: &str) -> Option<&'static Structure> {
    let at = RESOURCE_TYPES.binary_search_by(|known| known.name.cmp(resource_type)).ok()?;
    RESOURCE_TYPES.get(at).map(|known| known.structure)
}

/// The structure of extensions. A primitive's twin `_name` has two of its elements, `id` and `extension`.
pub(crate) fn extension_structure() -> Option<&'static Structure> {
    let domain_resource = structure_of("Patient")?;
    match element(domain_resource, "extension")?.kind {
        Kind::Complex(structure) => Some(structure),
        _ => None,
    }
}

/// The element of that JSON name.
pub(crate) fn element(structure: &'static Structure, name: &str) -> Option<&'static Element> {
    structure.elements.iter().find(|element| element.name == name)
}

/// The name of a choice without its `[x]`, if the element is a choice's member.
pub(crate) fn choice(element: &Element) -> Option<&'static str> {
    element.path.strip_suffix("[x]")
}

/// The element's name in `FHIRPath`: `value` for `valueQuantity`.
pub(crate) fn path_name(element: &Element) -> &'static str {
    choice(element).unwrap_or(element.name)
}
