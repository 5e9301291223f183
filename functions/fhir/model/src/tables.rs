//! Looking things up in the tables of the definitions.

use fhir_definitions::{Element, Structure};

/// A resource type's structure.
pub(crate) fn structure_of(resource_type: &str) -> Option<&'static Structure> {
    fhir_definitions::resource_type(resource_type).map(|known| known.structure)
}

/// The structure of extensions. A primitive's twin `_name` has two of its elements, `id` and `extension`.
pub(crate) fn extension_structure() -> Option<&'static Structure> {
    fhir_definitions::structure("Extension")
}

/// The name of a choice without its `[x]`, if the element is a choice's member.
pub(crate) fn choice(element: &Element) -> Option<&'static str> {
    element.path.strip_suffix("[x]")
}

/// The element's name in `FHIRPath`: `value` for `valueQuantity`.
pub(crate) fn path_name(element: &Element) -> &'static str {
    choice(element).unwrap_or(element.name)
}
