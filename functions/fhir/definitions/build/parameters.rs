//! Search parameters and compartments.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
};

use crate::{
    input::{Compartment, Component, Definitions, Result, SearchParameter},
    paths::{self, Path},
    structures::{Structures, capitalized, ident},
    value_sets::ValueSets,
};

/// Parameters whose element R4 does not have, so that they find nothing: the definition is R5's, put among R4's.
const WITHOUT_ELEMENT: [&str; 1] = ["http://hl7.org/fhir/SearchParameter/DeviceDefinition-classification"];
/// Components that HL7 defines in each other's place: `code` as `relatesto`, a reference, and `target` as `relation`, a
/// token. The expressions and the description have it right.
const EXCHANGED: [(&str, &str); 2] = [
    ("http://hl7.org/fhir/SearchParameter/DocumentReference-relatesto", "code"),
    ("http://hl7.org/fhir/SearchParameter/DocumentReference-relation", "target"),
];

/// A parameter of one resource type.
struct Parameter<'a> {
    definition: &'a SearchParameter,
    paths: Vec<Path>,
    components: Vec<(&'a SearchParameter, Vec<Path>)>,
    served_by: Option<String>,
}

/// Writes `RESOURCE_TYPES`.
pub(crate) fn emit(
    definitions: &Definitions,
    structures: &Structures,
    sets: &ValueSets,
    out: &mut String,
) -> Result<()> {
    let by_url: BTreeMap<_, _> = definitions.parameters.iter().map(|it| (it.url.as_str(), it)).collect();
    let mut types = String::new();
    // Those of all resources are written once.
    let mut common = BTreeMap::new();
    for name in &structures.resources {
        let mut parameters = of_type(&definitions.parameters, &by_url, structures, name)?;
        serve(&mut parameters);
        let mut references = Vec::new();
        for parameter in parameters.values() {
            let text = parameter.emit(structures, sets)?;
            let is_common = parameter.definition.base.iter().any(|it| it == "Resource" || it == "DomainResource");
            if is_common {
                let ident = format!("PARAMETER{}", parameter.definition.code.to_ascii_uppercase());
                if common.entry(ident.clone()).or_insert_with(|| text.clone()) != &text {
                    return Err(format!("{name}: {ident} is not the same as that of other types").into());
                }
                references.push(format!("&{ident}"));
            } else {
                references.push(format!("&{text}"));
            }
        }
        let compartments = compartments(&definitions.compartments, name, &parameters)?;
        writeln!(types, "ResourceType {{ name: {name:?}, structure: &{}, parameters: &[", ident(name))?;
        writeln!(types, "{}], compartments: {compartments} }},", references.join(",\n"))?;
    }
    for (ident, text) in common {
        writeln!(out, "static {ident}: SearchParameter = {text};")?;
    }
    writeln!(
        out,
        "/// All resource types, sorted by name.\npub static RESOURCE_TYPES: &[ResourceType] = &[\n{types}];"
    )?;
    Ok(())
}

fn of_type<'a>(
    all: &'a [SearchParameter],
    by_url: &BTreeMap<&str, &'a SearchParameter>,
    structures: &Structures,
    base: &str,
) -> Result<BTreeMap<String, Parameter<'a>>> {
    let is_domain = structures.get(base).is_some_and(|it| it.elements.iter().any(|element| element.name == "text"));
    let mut result = BTreeMap::new();
    for definition in all {
        let applies = |it: &String| it == base || it == "Resource" || it == "DomainResource" && is_domain;
        if !definition.base.iter().any(applies) {
            continue;
        }
        let parameter = Parameter::resolve(definition, by_url, structures, base)
            .map_err(|error| format!("{} for {base}: {error}", definition.url))?;
        if let Some(other) = result.insert(definition.code.clone(), parameter) {
            return Err(format!("{base} has both {} and {}", other.definition.url, definition.url).into());
        }
    }
    Ok(result)
}

impl<'a> Parameter<'a> {
    fn resolve(
        definition: &'a SearchParameter,
        by_url: &BTreeMap<&str, &'a SearchParameter>,
        structures: &Structures,
        base: &str,
    ) -> Result<Self> {
        let expression = definition.expression.as_ref();
        let expression = expression.filter(|_| !WITHOUT_ELEMENT.contains(&definition.url.as_str()));
        let mut paths = match expression {
            Some(text) => paths::resolve(structures, base, &Path::to(base), text)?,
            None => Vec::new(),
        };
        for target in &definition.target {
            if !structures.resources.contains(target) {
                return Err(format!("the target {target} is not a resource type").into());
            }
        }
        keep_suitable(&definition.kind, &mut paths)?;
        if paths.is_empty() && expression.is_some() {
            return Err("no path".into());
        }
        // `Bundle.entry[0].resource`: the definition says what it has to be.
        for path in paths.iter_mut().filter(|path| path.kind == "Resource") {
            let [target] = definition.target.as_slice() else { return Err("a resource of no one type".into()) };
            path.push("Is", target);
            path.targets.clone_from(&definition.target);
        }
        let components: Result<_> =
            definition.component.iter().map(|it| component(it, by_url, structures, base, &paths)).collect();
        Ok(Self { definition, components: components?, paths, served_by: None })
    }

    fn emit(&self, structures: &Structures, sets: &ValueSets) -> Result<String> {
        let SearchParameter { code, url, kind, .. } = self.definition;
        let system = match self.paths.as_slice() {
            [path] if kind == "token" && path.kind == "code" => {
                path.binding.as_ref().and_then(|binding| sets.only_system(binding))
            }
            _ => None,
        };
        let mut components = String::new();
        for (definition, paths) in &self.components {
            let SearchParameter { code, kind, .. } = definition;
            let (paths, targets) = (paths::emit(paths)?, targets(definition, paths, structures));
            let kind = capitalized(kind);
            write!(
                components,
                "Component {{ kind: SearchKind::{kind}, paths: {paths}, code: {code:?}, targets: &{targets:?} }},"
            )?;
        }
        let mut out =
            format!("SearchParameter {{ code: {code:?}, url: {url:?}, kind: SearchKind::{}, ", capitalized(kind));
        let (paths, targets) = (paths::emit(&self.paths)?, targets(self.definition, &self.paths, structures));
        write!(out, "paths: {paths}, targets: &{targets:?}, components: &[{components}], ")?;
        write!(out, "system: {system:?}, served_by: {:?} }}", self.served_by)?;
        Ok(out)
    }
}

/// What a reference may point to: of what the parameter's definition says, for all its types, what the elements' do; any
/// resource where neither says.
fn targets(definition: &SearchParameter, paths: &[Path], structures: &Structures) -> Vec<String> {
    if definition.kind != "reference" {
        return Vec::new();
    }
    let mut targets: BTreeSet<_> = definition.target.iter().cloned().collect();
    if targets.is_empty() {
        targets.clone_from(&structures.resources);
    }
    let anything = paths.iter().any(|path| path.targets.is_empty());
    let elements: BTreeSet<_> = paths.iter().flat_map(|path| &path.targets).cloned().collect();
    if !anything && !targets.is_disjoint(&elements) {
        targets.retain(|target| elements.contains(target));
    }
    targets.into_iter().collect()
}

/// Of a choice that the definition doesn't narrow, leaves those types that the kind of parameter is defined for
/// (<https://hl7.org/fhir/R4/search.html#table>); anything else that is not in that list is an error.
fn keep_suitable(kind: &str, paths: &mut Vec<Path>) -> Result<()> {
    let suitable: &[&str] = match kind {
        "number" => &["decimal", "integer", "positiveInt", "unsignedInt", "Range"],
        "date" => &["date", "dateTime", "instant", "Period", "Timing"],
        "string" => &["string", "markdown", "Address", "Annotation", "HumanName"],
        "token" => &[
            "boolean",
            "canonical",
            "code",
            "id",
            "string",
            "uri",
            "CodeableConcept",
            "Coding",
            "ContactPoint",
            "Identifier",
        ],
        "reference" => &["canonical", "uri", "Reference", "Resource"],
        "quantity" => &["Age", "Count", "Distance", "Duration", "Money", "Quantity", "Range", "SampledData"],
        "uri" => &["canonical", "oid", "uri", "url", "uuid"],
        _ => return Ok(()),
    };
    paths.retain(|path| path.is_explicit || suitable.contains(&path.kind.as_str()));
    match paths.iter().find(|path| !suitable.contains(&path.kind.as_str())) {
        Some(path) => Err(format!("a {kind} in a {}", path.kind).into()),
        None => Ok(()),
    }
}

fn component<'a>(
    component: &Component,
    by_url: &BTreeMap<&str, &'a SearchParameter>,
    structures: &Structures,
    base: &str,
    starts: &[Path],
) -> Result<(&'a SearchParameter, Vec<Path>)> {
    let [relates_to, relation] = EXCHANGED;
    let url = match (component.definition.as_str(), component.expression.as_str()) {
        it if it == relates_to => relation.0,
        it if it == relation => relates_to.0,
        (url, _) => url,
    };
    let definition = *by_url.get(url).ok_or_else(|| format!("{url} is not defined"))?;
    let mut all = BTreeSet::new();
    for start in starts {
        let mut paths = paths::resolve(structures, base, &start.restart(), &component.expression)?;
        keep_suitable(&definition.kind, &mut paths)?;
        all.insert(paths);
    }
    // The table has one list for all values of the composite.
    match (all.pop_first(), all.is_empty()) {
        (Some(paths), true) if !paths.is_empty() => Ok((definition, paths)),
        _ => Err(format!("{url}: no path, or not the same for all of the composite's values").into()),
    }
}

/// Where a parameter's values are those of another that refer to one type (`patient` and `subject`), notes that.
fn serve(parameters: &mut BTreeMap<String, Parameter>) {
    let mut found = Vec::new();
    for (code, parameter) in parameters.iter() {
        let [target] = parameter.definition.target.as_slice() else { continue };
        let restriction = format!("Step::RefersTo({target:?})");
        let Some(whole) = without(&parameter.paths, &restriction) else { continue };
        let serves = |other: &&Parameter| {
            let theirs: BTreeSet<_> = other.paths.iter().map(|it| it.steps.as_slice()).collect();
            other.definition.target.contains(target) && theirs == whole
        };
        if let Some(other) = parameters.values().find(serves) {
            found.push((code.clone(), other.definition.code.clone()));
        }
    }
    for (code, other) in found {
        if let Some(parameter) = parameters.get_mut(&code) {
            parameter.served_by = Some(other);
        }
    }
}

/// The paths' steps without their last, where that is the same for all.
fn without<'a>(paths: &'a [Path], last: &str) -> Option<BTreeSet<&'a [String]>> {
    let stripped = paths.iter().map(|path| path.steps.split_last().filter(|(step, _)| *step == last));
    stripped.map(|it| it.map(|(_, rest)| rest)).collect::<Option<BTreeSet<_>>>().filter(|it| !it.is_empty())
}

fn compartments(all: &[Compartment], base: &str, parameters: &BTreeMap<String, Parameter>) -> Result<String> {
    let mut result = BTreeMap::new();
    for compartment in all {
        for resource in compartment.resource.iter().filter(|it| it.code == base && !it.param.is_empty()) {
            let codes: Vec<_> = resource.param.iter().map(|it| if it == "{def}" { "_id" } else { it }).collect();
            if let Some(unknown) = codes.iter().find(|code| !parameters.contains_key(**code)) {
                return Err(format!("compartment {}: {base} has no parameter {unknown}", compartment.code).into());
            }
            result.insert(&compartment.code, codes);
        }
    }
    let entries: Vec<_> = result.iter().map(|(name, codes)| format!("({name:?}, &{codes:?})")).collect();
    Ok(format!("&[{}]", entries.join(", ")))
}
