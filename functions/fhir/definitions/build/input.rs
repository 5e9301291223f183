//! The definitions, as r4/ holds them.

use std::{collections::BTreeMap, error::Error, fs::File, path::Path};

use flate2::read::GzDecoder;
use serde::{Deserialize, de::DeserializeOwned};

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Everything that is read.
pub(crate) struct Definitions {
    pub(crate) structures: Vec<StructureDefinition>,
    pub(crate) value_sets: BTreeMap<String, Terminology>,
    pub(crate) parameters: Vec<SearchParameter>,
    pub(crate) compartments: Vec<Compartment>,
}

#[derive(Deserialize)]
pub(crate) struct StructureDefinition {
    pub(crate) name: String,
    pub(crate) kind: String,
    #[serde(rename = "abstract")]
    pub(crate) is_abstract: bool,
    pub(crate) snapshot: Snapshot,
}

#[derive(Deserialize)]
pub(crate) struct Snapshot {
    pub(crate) element: Vec<ElementDefinition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ElementDefinition {
    pub(crate) path: String,
    pub(crate) min: u32,
    pub(crate) max: String,
    pub(crate) base: Base,
    #[serde(default, rename = "type")]
    pub(crate) types: Vec<ElementType>,
    pub(crate) content_reference: Option<String>,
    #[serde(default)]
    pub(crate) is_summary: bool,
    pub(crate) binding: Option<Binding>,
}

#[derive(Deserialize)]
pub(crate) struct Base {
    pub(crate) max: String,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ElementType {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) target_profile: Vec<String>,
    /// The FHIR type of what is a `System` type of `FHIRPath`.
    #[serde(default)]
    pub(crate) extension: Vec<FhirType>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FhirType {
    pub(crate) value_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Binding {
    pub(crate) value_set: String,
}

/// A `ValueSet` (`compose`) or a `CodeSystem` (`concept`).
#[derive(Deserialize)]
pub(crate) struct Terminology {
    url: String,
    pub(crate) content: Option<String>,
    #[serde(default)]
    pub(crate) concept: Vec<Concept>,
    pub(crate) compose: Option<Compose>,
}

#[derive(Deserialize)]
pub(crate) struct Concept {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) concept: Vec<Concept>,
}

#[derive(Deserialize)]
pub(crate) struct Compose {
    pub(crate) include: Vec<Include>,
    #[serde(default)]
    pub(crate) exclude: Vec<Include>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Include {
    pub(crate) system: Option<String>,
    #[serde(default)]
    pub(crate) concept: Vec<Concept>,
    #[serde(default)]
    pub(crate) filter: Vec<serde::de::IgnoredAny>,
    #[serde(default)]
    pub(crate) value_set: Vec<String>,
}

#[derive(Deserialize)]
pub(crate) struct SearchParameter {
    pub(crate) url: String,
    pub(crate) code: String,
    pub(crate) base: Vec<String>,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) expression: Option<String>,
    #[serde(default)]
    pub(crate) target: Vec<String>,
    #[serde(default)]
    pub(crate) component: Vec<Component>,
}

#[derive(Deserialize)]
pub(crate) struct Component {
    pub(crate) definition: String,
    pub(crate) expression: String,
}

#[derive(Deserialize)]
pub(crate) struct Compartment {
    pub(crate) code: String,
    pub(crate) resource: Vec<CompartmentResource>,
}

#[derive(Deserialize)]
pub(crate) struct CompartmentResource {
    pub(crate) code: String,
    #[serde(default)]
    pub(crate) param: Vec<String>,
}

/// Reads the files of a directory.
pub(crate) fn read(directory: &Path) -> Result<Definitions> {
    let value_sets: Vec<Terminology> = file(directory, "value-sets")?;
    Ok(Definitions {
        structures: file(directory, "structures")?,
        value_sets: value_sets.into_iter().map(|set| (set.url.clone(), set)).collect(),
        parameters: file(directory, "search-parameters")?,
        compartments: file(directory, "compartments")?,
    })
}

fn file<T: DeserializeOwned>(directory: &Path, name: &str) -> Result<Vec<T>> {
    let path = directory.join(format!("{name}.json.gz"));
    let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let text = std::io::read_to_string(GzDecoder::new(file))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()).into())
}
