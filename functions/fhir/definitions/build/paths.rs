//! From expressions to paths through the JSON.

use std::fmt::Write;

use crate::{
    expression::{Alternative, Root, Step, parse},
    input::Result,
    structures::{Element, Structures},
};

/// One way to values of one type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path {
    /// As they are written in Rust.
    pub(crate) steps: Vec<String>,
    /// The FHIR type of what is found.
    pub(crate) kind: String,
    /// Whether the definition names that type (`as Quantity`), or gives only this one.
    pub(crate) is_explicit: bool,
    /// Whose members the next step may name.
    structure: Option<String>,
    /// The value set of the last element.
    pub(crate) binding: Option<String>,
    /// What a reference or canonical that is found may point to; empty: anything.
    pub(crate) targets: Vec<String>,
}

impl Path {
    /// The path that leads to a resource or data type itself.
    pub(crate) fn to(structure: &str) -> Self {
        let name = structure.to_owned();
        Self {
            steps: Vec::new(),
            kind: name.clone(),
            is_explicit: true,
            structure: Some(name),
            binding: None,
            targets: Vec::new(),
        }
    }

    /// The same place as where another path starts.
    pub(crate) fn restart(&self) -> Self {
        Self { steps: Vec::new(), ..self.clone() }
    }

    pub(crate) fn push(&mut self, step: &str, argument: &str) {
        self.steps.push(format!("Step::{step}({argument:?})"));
    }
}

/// The paths that an expression means for a resource type, from `start`.
pub(crate) fn resolve(structures: &Structures, base: &str, start: &Path, expression: &str) -> Result<Vec<Path>> {
    let mut paths = Vec::new();
    for alternative in parse(expression)? {
        let start = match &alternative.root {
            Root::Type(name) if name == base || name == "Resource" || name == "DomainResource" => start.clone(),
            // Of another type of the same parameter.
            Root::Type(name) if structures.resources.contains(name) => continue,
            Root::Type(name) => return Err(format!("{name} is not a resource type").into()),
            Root::This => start.clone(),
            Root::Resource => Path { steps: vec!["Step::Resource".to_owned()], ..Path::to(base) },
        };
        let found = walk(structures, start, alternative)?;
        paths.extend(found.into_iter().filter(|path| !paths.contains(path)).collect::<Vec<_>>());
    }
    Ok(paths)
}

fn walk(structures: &Structures, start: Path, alternative: Alternative) -> Result<Vec<Path>> {
    let mut paths = vec![start];
    for step in alternative.steps {
        let found: Result<Vec<_>> = paths.into_iter().map(|path| follow(structures, path, &step)).collect();
        paths = found?.concat();
        if paths.is_empty() {
            return Err(format!("{step:?} leads nowhere").into());
        }
    }
    Ok(paths)
}

fn follow(structures: &Structures, mut path: Path, step: &Step) -> Result<Vec<Path>> {
    match step {
        Step::Member(name) => return members(structures, &path, name),
        Step::As(name) => {
            // HL7's mistake in Observation-code-value-date: `value.as(DateTime)`.
            let name = if name == "DateTime" { "dateTime" } else { name };
            if path.kind != name {
                return Ok(Vec::new());
            }
            path.is_explicit = true;
        }
        Step::Item(index) => path.steps.push(format!("Step::Item({index})")),
        Step::Where(name, value) => {
            members(structures, &path, name)?;
            path.steps.push(format!("Step::Where({name:?}, {value:?})"));
        }
        Step::RefersTo(_) if path.kind != "Reference" => return Ok(Vec::new()),
        Step::RefersTo(name) => {
            path.push("RefersTo", name);
            path.targets = vec![name.clone()];
        }
        Step::ExistsAndNotFalse => {
            path.steps.push("Step::ExistsAndNotFalse".to_owned());
            // Whatever it was, of a choice.
            "boolean".clone_into(&mut path.kind);
            path.is_explicit = true;
        }
    }
    Ok(vec![path])
}

/// The members of that name: one, or all of a choice.
fn members(structures: &Structures, path: &Path, name: &str) -> Result<Vec<Path>> {
    let structure = path.structure.as_ref().and_then(|it| structures.get(it));
    let structure = structure.ok_or_else(|| format!("{} has no member {name}", path.kind))?;
    let found = structure.elements.iter().filter(|it| it.path.strip_suffix("[x]").unwrap_or(&it.path) == name);
    let found: Vec<_> = found.collect();
    if found.is_empty() {
        return Err(format!("{} has no member {name}", path.kind).into());
    }
    let member = |element: &&Element| {
        let mut path = path.clone();
        path.push("Member", &element.name);
        Path {
            steps: path.steps,
            kind: element.kind.clone(),
            is_explicit: found.len() == 1,
            structure: element.structure.clone(),
            binding: element.binding.clone(),
            targets: element.targets.clone(),
        }
    };
    Ok(found.iter().map(member).collect())
}

/// The paths as they are written in Rust.
pub(crate) fn emit(paths: &[Path]) -> Result<String> {
    let mut out = "&[".to_owned();
    for Path { steps, kind, .. } in paths {
        write!(out, "Path {{ steps: &[{}], kind: {kind:?} }},", steps.join(", "))?;
    }
    out.push(']');
    Ok(out)
}
