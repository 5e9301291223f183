//! From a value set to its codes: <https://hl7.org/fhir/R4/valueset.html>.

use fhir_model::json::Json;

use super::codes::{Codes, Selected};
use super::held::{Held, bound};
use super::hierarchy::Hierarchy;
use crate::error::Error;
use crate::store::table::in_parallel;

/// Value sets may include each other that deep.
const DEEPEST: usize = 8;
/// Codes of a value set: each candidate of a search may have to be compared with all of them.
const MOST_CODES: usize = 10_000;

/// The codes of a value set. `path`: those that include it.
pub(super) async fn value_set(held: &Held<'_>, name: &str, path: &[&str]) -> Result<Codes, Error> {
    if path.contains(&name) {
        return Err(Error::Unsupported("a value set that includes itself has no expansion".to_owned()));
    }
    if path.len() >= DEEPEST {
        return Err(Error::TooCostly(format!(
            "the value set includes others more than {DEEPEST} deep; give it an expansion"
        )));
    }
    let codes = match held.value_set(name).await? {
        Some(set) => stored(held, &set, &[path, &[name]].concat()).await?,
        None => bound(name).map(required).ok_or_else(|| unknown(name, path))?,
    };
    if codes.len() > MOST_CODES {
        return Err(Error::TooCostly(format!(
            "the value set has more than {MOST_CODES} codes; search by a narrower one"
        )));
    }
    Ok(codes)
}

/// The client's own text is not repeated; what a stored value set includes is named.
fn unknown(name: &str, path: &[&str]) -> Error {
    match path {
        [] => Error::Parameter(
            "the value set is not known here; store it as a ValueSet, or give ValueSet/id of a stored one".to_owned(),
        ),
        _ => {
            Error::Parameter(format!("the value set includes {name}, which is not known here; store it as a ValueSet"))
        }
    }
}

fn required(set: &'static fhir_definitions::ValueSet) -> Codes {
    let mut codes = Codes::default();
    set.codes.iter().for_each(|(system, code)| codes.add(system, Selected::These([(*code).to_owned()].into())));
    codes
}

async fn stored(held: &Held<'_>, set: &Json<'static>, path: &[&str]) -> Result<Codes, Error> {
    if let Some(codes) = set.get("expansion").and_then(expansion) {
        return Ok(codes);
    }
    let parts = |name| set.get("compose").and_then(|compose| compose.get(name)).map(Json::items).unwrap_or_default();
    let (include, exclude) = (parts("include"), parts("exclude"));
    if include.is_empty() {
        return Err(Error::Unsupported("the value set has neither a compose nor a whole expansion".to_owned()));
    }
    let all = async |parts: &[Json<'static>]| {
        let selected = in_parallel(parts.iter().map(|part| selected(held, part, path))).await?;
        Ok::<_, Error>(selected.into_iter().fold(Codes::default(), Codes::with))
    };
    let (include, exclude) = futures_util::try_join!(all(include), all(exclude))?;
    include.without(&exclude)
}

/// The codes of an expansion; none, if it is a page of one, or what a text filter left.
fn expansion(expansion: &Json<'_>) -> Option<Codes> {
    let number = |name| expansion.get(name).and_then(Json::as_number).and_then(|digits| digits.parse::<usize>().ok());
    let items = |name| expansion.get(name).map(Json::items).unwrap_or_default();
    let mut open: Vec<&Json<'_>> = items("contains").iter().collect();
    let filtered = items("parameter").iter().any(|parameter| parameter.text("name") == Some("filter"));
    let unclosed = items("extension")
        .iter()
        .any(|extension| extension.text("url") == Some("http://hl7.org/fhir/StructureDefinition/valueset-unclosed"));
    let nothing_said = open.is_empty() && number("total") != Some(0);
    if filtered || unclosed || nothing_said || number("offset").is_some_and(|offset| offset > 0) {
        return None;
    }
    let mut codes = Codes::default();
    let mut seen = 0;
    while let Some(entry) = open.pop() {
        seen += 1;
        let there = entry.get("abstract").and_then(Json::as_bool) != Some(true);
        if let Some((system, code)) = entry.text("system").zip(entry.text("code")).filter(|_| there) {
            codes.add(system, Selected::These([code.to_owned()].into()));
        }
        open.extend(entry.get("contains").map(Json::items).unwrap_or_default());
    }
    number("total").is_none_or(|total| total <= seen).then_some(codes)
}

/// What one include or exclude selects: the codes that are in its system and in all its value sets.
async fn selected(held: &Held<'_>, part: &Json<'static>, path: &[&str]) -> Result<Codes, Error> {
    let of_system = async {
        match part.text("system") {
            Some(system) => in_system(held, system, part).await.map(Some),
            None => Ok(None),
        }
    };
    let names = part.get("valueSet").map(Json::items).unwrap_or_default().iter().filter_map(Json::as_str);
    let imports = in_parallel(names.map(|name| Box::pin(value_set(held, name, path))));
    let (of_system, imports) = futures_util::try_join!(of_system, imports)?;
    let both = of_system.into_iter().chain(imports).reduce(Codes::within);
    both.ok_or_else(|| Error::Unsupported("a value set includes neither a code system nor a value set".to_owned()))
}

async fn in_system(held: &Held<'_>, system: &str, part: &Json<'static>) -> Result<Codes, Error> {
    let items = |name| part.get(name).map(Json::items).unwrap_or_default();
    let (concepts, filters) = (items("concept"), items("filter"));
    if !concepts.is_empty() {
        let codes = concepts.iter().filter_map(|concept| concept.text("code")).map(str::to_owned);
        return Ok(Codes::of(system, Selected::These(codes.collect())));
    }
    let version = part.text("version");
    let canonical = version.map_or_else(|| system.to_owned(), |version| format!("{system}|{version}"));
    // All of a system may be had without knowing it, but not all of one of its versions: codes don't tell theirs.
    let whole = filters.is_empty() && version.is_none();
    let stored = held.code_system(&canonical).await?;
    let Some(hierarchy) = stored.as_ref().map(Hierarchy::of) else {
        if whole {
            return Ok(Codes::of(system, Selected::All));
        }
        return Err(Error::Unsupported(format!(
            "the value set has some of the codes of {canonical}, which is not wholly held here; store it as a \
             CodeSystem whose content is complete, or give the value set an expansion"
        )));
    };
    let mut codes = hierarchy.codes();
    if whole && codes.len() > MOST_CODES {
        return Ok(Codes::of(system, Selected::All));
    }
    for filter in filters {
        codes = &codes & &hierarchy.filtered(filter)?;
    }
    Ok(Codes::of(system, Selected::These(codes)))
}
