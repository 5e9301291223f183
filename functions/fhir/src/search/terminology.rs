//! Value sets and code systems that the server holds, for `:in`, `:not-in`, `:above` and `:below` of tokens
//! (<https://hl7.org/fhir/R4/search.html#token>): made into lists of codes before anything is searched.
//!
//! Held is what clients have stored as `ValueSet` and `CodeSystem`, and the value sets of R4's required bindings. What
//! is not wholly known here is refused, never guessed.

mod codes;
mod expand;
mod held;
mod hierarchy;

use fhir_definitions::{SearchKind, SearchParameter};
use fhir_model::operand::{Clause, Modifier, Operand, System};

use codes::{Codes, Selected};
use held::Held;
use hierarchy::Hierarchy;

use crate::error::Error;
use crate::store::table::in_parallel;
use crate::store::{Run, Store};

/// The clause with value sets and hierarchies as lists of codes.
pub async fn resolved(store: &Store, run: &Run, clause: Clause) -> Result<Clause, Error> {
    let Clause { parameter, modifier, .. } = clause;
    let needs = match modifier {
        Modifier::In | Modifier::NotIn => true,
        Modifier::Above | Modifier::Below => parameter.kind == SearchKind::Token,
        _ => false,
    };
    if !needs {
        return Ok(clause);
    }
    let held = Held::new(store, run);
    let operands = in_parallel(clause.operands.iter().map(async |operand| {
        let codes = match operand {
            Operand::ValueSet(url) => expand::value_set(&held, url, &[]).await?,
            Operand::Token { system, code } => related(&held, parameter, modifier, system, code.as_deref()).await?,
            other => return Ok(other.clone()),
        };
        fitting(parameter, codes).map(Operand::Codes)
    }));
    let operands = operands.await?;
    Ok(Clause { parameter, modifier, operands })
}

/// A code with all that it subsumes, or that subsume it.
async fn related(
    held: &Held<'_>,
    parameter: &SearchParameter,
    modifier: Modifier,
    system: &System,
    code: Option<&str>,
) -> Result<Codes, Error> {
    let system = match system {
        System::Is(system) => Some(system.as_str()),
        System::Any => parameter.system,
        System::None => None,
    };
    let Some((system, code)) = system.zip(code) else {
        return Err(Error::Parameter(format!(
            "{}: :above and :below take system|code: without its system nobody knows what a code subsumes",
            parameter.code
        )));
    };
    let Some(concepts) = held.code_system(system).await? else {
        return Err(Error::Unsupported(format!(
            "{}: the code system is not wholly held here; store it as a CodeSystem whose content is complete",
            parameter.code
        )));
    };
    let hierarchy = Hierarchy::of(&concepts);
    let codes = match modifier {
        Modifier::Above => hierarchy.with_ancestors(code),
        _ => hierarchy.with_descendants(code),
    };
    Ok(Codes::of(system, Selected::These(codes)))
}

/// What [`Operand::Codes`] holds.
type Pairs = Vec<(Option<String>, Option<String>)>;

/// The codes as the parameter's values have them. Elements of type code have no system of their own: their values have
/// the one that the parameter's binding says, or none.
fn fitting(parameter: &SearchParameter, codes: Codes) -> Result<Pairs, Error> {
    let plain = parameter.paths.iter().all(|path| path.kind == "code");
    let systemless = plain && parameter.system.is_none();
    let mut fitting = Vec::with_capacity(codes.len());
    for (system, selected) in codes.into_systems() {
        if plain && parameter.system.is_some_and(|only| only != system) {
            continue;
        }
        let system = Some(system).filter(|_| !systemless);
        match selected {
            Selected::These(codes) => fitting.extend(codes.into_iter().map(|code| (system.clone(), Some(code)))),
            Selected::All if system.is_some() => fitting.push((system, None)),
            Selected::All => {
                return Err(Error::Unsupported(format!(
                    "{}: the value set has all codes of a code system that is not held here, and the element has no \
                     systems to tell them by; store the CodeSystem, or give the value set an expansion",
                    parameter.code
                )));
            }
        }
    }
    Ok(fitting)
}
