//! Resources, data types and backbone elements.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use crate::{
    input::{ElementDefinition, ElementType, Result, StructureDefinition},
    value_sets::{ValueSets, unversioned},
};

const DEFINITIONS: &str = "http://hl7.org/fhir/StructureDefinition/";
/// The types that a binding is about (<https://hl7.org/fhir/R4/terminologies.html#4.1>).
const BINDABLE: [&str; 6] = ["code", "Coding", "CodeableConcept", "Quantity", "string", "uri"];

/// All structures by name.
pub(crate) struct Structures {
    by_name: BTreeMap<String, Structure>,
    /// The concrete resource types.
    pub(crate) resources: BTreeSet<String>,
    primitives: BTreeSet<String>,
}

#[derive(Default)]
pub(crate) struct Structure {
    pub(crate) elements: Vec<Element>,
    mandatory_choices: Vec<Vec<String>>,
}

#[derive(Clone)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) path: String,
    /// The FHIR type: `CodeableConcept`, `code`, `BackboneElement`, `Resource`.
    pub(crate) kind: String,
    /// The structure of an object.
    pub(crate) structure: Option<String>,
    pub(crate) binding: Option<String>,
    min: u32,
    max: u32,
    array: bool,
    summary: bool,
    pub(crate) targets: Vec<String>,
}

impl Structures {
    pub(crate) fn build(definitions: &[StructureDefinition], sets: &ValueSets) -> Result<Self> {
        let names = |kind: &str| -> BTreeSet<String> {
            definitions.iter().filter(|it| it.kind == kind && !it.is_abstract).map(|it| it.name.clone()).collect()
        };
        let (resources, primitives) = (names("resource"), names("primitive-type"));
        let mut all = Self { by_name: BTreeMap::new(), resources, primitives };
        let defined = definitions.iter().filter(|it| !it.is_abstract && it.kind != "primitive-type");
        // The backbone elements first: an element's kind depends on whether there is a structure of its path.
        for definition in defined.clone() {
            for element in &definition.snapshot.element {
                let parent = element.path.rsplit_once('.').map_or(element.path.as_str(), |(parent, _)| parent);
                all.by_name.entry(parent.to_owned()).or_default();
            }
        }
        for element in defined.flat_map(|it| &it.snapshot.element) {
            let Some((parent, name)) = element.path.rsplit_once('.') else { continue };
            let (elements, is_mandatory) = all.members(element, name, sets)?;
            let structure = all.by_name.get_mut(parent).ok_or("every parent was entered")?;
            if is_mandatory {
                structure.mandatory_choices.push(elements.iter().map(|it| it.name.clone()).collect());
            }
            structure.elements.extend(elements);
        }
        Ok(all)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Structure> {
        self.by_name.get(name)
    }

    /// The JSON members of a definition, and whether one of them has to be there.
    fn members(&self, it: &ElementDefinition, name: &str, sets: &ValueSets) -> Result<(Vec<Element>, bool)> {
        let one = Element {
            name: name.to_owned(),
            path: name.to_owned(),
            kind: "BackboneElement".to_owned(),
            structure: None,
            binding: None,
            min: it.min,
            max: if it.max == "*" { u32::MAX } else { it.max.parse()? },
            array: it.base.max != "1" && it.base.max != "0",
            summary: it.is_summary,
            targets: Vec::new(),
        };
        if let Some(reference) = &it.content_reference {
            let target = reference.trim_start_matches('#').to_owned();
            if !self.by_name.contains_key(&target) {
                return Err(format!("{}: {reference} is not defined", it.path).into());
            }
            return Ok((vec![Element { structure: Some(target), ..one }], false));
        }
        let choice = name.strip_suffix("[x]");
        if it.types.is_empty() || choice.is_none() && it.types.len() > 1 {
            return Err(format!("{}: has {} types", it.path, it.types.len()).into());
        }
        let typed = |element_type| {
            let mut element = self.typed(one.clone(), it, element_type, sets)?;
            if let Some(stem) = choice {
                element.name = format!("{stem}{}", capitalized(&element.kind));
                element.min = 0;
            }
            Ok(element)
        };
        let elements: Result<Vec<_>> = it.types.iter().map(typed).collect();
        Ok((elements?, choice.is_some() && it.min > 0))
    }

    /// An element of one of the types that its definition has.
    fn typed(&self, one: Element, it: &ElementDefinition, of: &ElementType, sets: &ValueSets) -> Result<Element> {
        // R4 says by mistake that the id of a resource is a string.
        let is_id = it.path.strip_suffix(".id").is_some_and(|parent| self.resources.contains(parent));
        let kind = if is_id { "id" } else { fhir_type(&it.path, of)? };
        let binding = it.binding.as_ref().map(|binding| unversioned(&binding.value_set));
        Ok(Element {
            kind: kind.to_owned(),
            structure: self.structure(&it.path, kind)?,
            binding: binding.filter(|url| BINDABLE.contains(&kind) && sets.is_known(url)).map(str::to_owned),
            targets: self.targets(&it.path, of)?,
            ..one
        })
    }

    /// The structure of an object: the path of what is defined in place, else the data type.
    fn structure(&self, path: &str, kind: &str) -> Result<Option<String>> {
        match kind {
            "Resource" => Ok(None),
            _ if self.primitives.contains(kind) => Ok(None),
            "BackboneElement" | "Element" if self.by_name.contains_key(path) => Ok(Some(path.to_owned())),
            _ if self.by_name.contains_key(kind) => Ok(Some(kind.to_owned())),
            _ => Err(format!("{path}: the type {kind} is not defined").into()),
        }
    }

    /// The resource types that may be referred to; none where any may.
    fn targets(&self, path: &str, element_type: &ElementType) -> Result<Vec<String>> {
        let mut targets = BTreeSet::new();
        for profile in &element_type.target_profile {
            match profile.strip_prefix(DEFINITIONS) {
                Some("Resource") => return Ok(Vec::new()),
                Some(name) if self.resources.contains(name) => targets.insert(name.to_owned()),
                _ => return Err(format!("{path}: the target {profile} is not defined").into()),
            };
        }
        Ok(targets.into_iter().collect())
    }

    /// The value sets that elements are bound to.
    pub(crate) fn bindings(&self) -> BTreeSet<String> {
        self.by_name.values().flat_map(|it| &it.elements).filter_map(|it| it.binding.clone()).collect()
    }

    /// The statics, and `STRUCTURES`, the data types by name.
    pub(crate) fn emit(&self, sets: &ValueSets, out: &mut String) -> Result<()> {
        let mut idents = BTreeSet::new();
        for (name, structure) in &self.by_name {
            let ident = ident(name);
            writeln!(out, "static {ident}: Structure = Structure {{ name: {name:?}, elements: &[")?;
            for element in &structure.elements {
                self.emit_element(element, sets, out)?;
            }
            writeln!(out, "], mandatory_choices: {} }};", nested(&structure.mandatory_choices))?;
            if !idents.insert(ident) {
                return Err(format!("{name}: another structure has the same name in capitals").into());
            }
        }
        let types = self.by_name.keys().filter(|name| !name.contains('.') && !self.resources.contains(*name));
        let types: Vec<_> = types.map(|name| format!("&{}", ident(name))).collect();
        writeln!(out, "/// The data types, sorted by name.")?;
        writeln!(out, "pub static DATA_TYPES: &[&Structure] = &[{}];", types.join(", "))?;
        Ok(())
    }

    fn emit_element(&self, it: &Element, sets: &ValueSets, out: &mut String) -> Result<()> {
        let Element { name, path, kind, min, max, array, summary, targets, .. } = it;
        let kind = match &it.structure {
            Some(structure) => format!("Complex(&{})", ident(structure)),
            None if self.primitives.contains(kind) => format!("Primitive(Primitive::{})", capitalized(kind)),
            None => "Resource".to_owned(),
        };
        let max = if *max == u32::MAX { "u32::MAX".to_owned() } else { max.to_string() };
        let binding = it.binding.as_ref().map(|url| sets.reference(url)).transpose()?;
        let binding = binding.map_or("None".to_owned(), |it| format!("Some({it})"));
        write!(out, "Element {{ name: {name:?}, path: {path:?}, kind: Kind::{kind}, min: {min}, max: {max}, ")?;
        writeln!(out, "array: {array}, summary: {summary}, binding: {binding}, targets: &{targets:?} }},")?;
        Ok(())
    }
}

/// The type's name in FHIR: that of a `System` type of `FHIRPath` is in an extension.
fn fhir_type<'a>(path: &str, element_type: &'a ElementType) -> Result<&'a str> {
    match (element_type.code.strip_prefix("http://hl7.org/fhirpath/"), element_type.extension.first()) {
        (None, _) => Ok(&element_type.code),
        (Some(_), Some(extension)) => Ok(&extension.value_url),
        (Some(code), None) => Err(format!("{path}: {code} without a FHIR type").into()),
    }
}

fn nested(lists: &[Vec<String>]) -> String {
    let lists: Vec<_> = lists.iter().map(|list| format!("&{list:?}")).collect();
    format!("&[{}]", lists.join(", "))
}

pub(crate) fn capitalized(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + chars.as_str())
}

/// The name of a structure's static.
pub(crate) fn ident(name: &str) -> String {
    format!("STRUCTURE_{}", name.replace('.', "_").to_ascii_uppercase())
}
