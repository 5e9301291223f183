//! Makes the tables (`src/types.rs` has their shapes) out of the definitions in `r4/`. What it can't resolve fails the
//! build: nothing of the definitions is left out in silence.

#[path = "build/expression.rs"]
mod expression;
#[path = "build/input.rs"]
mod input;
#[path = "build/parameters.rs"]
mod parameters;
#[path = "build/paths.rs"]
mod paths;
#[path = "build/structures.rs"]
mod structures;
#[path = "build/value_sets.rs"]
mod value_sets;

use std::path::Path;

fn main() -> input::Result<()> {
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=r4");
    let definitions = input::read(Path::new("r4"))?;
    let sets = value_sets::ValueSets::expand(&definitions.value_sets);
    let structures = structures::Structures::build(&definitions.structures, &sets)?;
    let mut out = String::new();
    sets.emit(&structures.bindings(), &mut out)?;
    structures.emit(&sets, &mut out)?;
    parameters::emit(&definitions, &structures, &sets, &mut out)?;
    std::fs::write(Path::new(&std::env::var("OUT_DIR")?).join("tables.rs"), out)?;
    Ok(())
}
