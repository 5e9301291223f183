//! Finding things in the tables, all of which are sorted by name.

use crate::{DATA_TYPES, Element, RESOURCE_TYPES, ResourceType, SearchParameter, Structure, ValueSet};

/// The resource type of that name.
#[must_use]
pub fn resource_type(name: &str) -> Option<&'static ResourceType> {
    let found = RESOURCE_TYPES.binary_search_by_key(&name, |it| it.name).ok()?;
    RESOURCE_TYPES.get(found)
}

/// The data type of that name (`HumanName`), if it is not a primitive.
#[must_use]
pub fn structure(name: &str) -> Option<&'static Structure> {
    let found = DATA_TYPES.binary_search_by_key(&name, |it| it.name).ok()?;
    DATA_TYPES.get(found).copied()
}

impl ResourceType {
    /// The search parameter of that code.
    #[must_use]
    pub fn parameter(&self, code: &str) -> Option<&'static SearchParameter> {
        let found = self.parameters.binary_search_by_key(&code, |it| it.code).ok()?;
        self.parameters.get(found).copied()
    }

    /// The parameters by which resources of the type are in a compartment (`Patient`); `None` if they can't be.
    #[must_use]
    pub fn compartment(&self, name: &str) -> Option<&'static [&'static str]> {
        self.compartments.iter().find(|(it, _)| *it == name).map(|(_, parameters)| *parameters)
    }
}

impl Structure {
    /// The JSON member of that name.
    #[must_use]
    pub fn element(&self, name: &str) -> Option<&'static Element> {
        self.elements.iter().find(|it| it.name == name)
    }
}

impl ValueSet {
    /// Whether the code is one of its, of whichever system.
    #[must_use]
    pub fn has_code(&self, code: &str) -> bool {
        self.codes.binary_search_by_key(&code, |(_, it)| it).is_ok()
    }

    /// Whether the code is one of its.
    #[must_use]
    pub fn has(&self, system: &str, code: &str) -> bool {
        self.codes.binary_search_by_key(&(code, system), |(system, code)| (code, system)).is_ok()
    }
}
