//! What the tests of this module share: parameters made by hand.

use fhir_definitions::{Component, Path, SearchKind, Step};

use super::*;

const STEPS: &[Step] = &[Step::Member("element")];

pub(super) fn parameter(code: &'static str, kind: SearchKind, fhir: &'static str) -> &'static SearchParameter {
    make(code, kind, fhir, &[], Vec::new())
}

pub(super) fn targets(code: &'static str, targets: &'static [&'static str]) -> &'static SearchParameter {
    make(code, SearchKind::Reference, "Reference", targets, Vec::new())
}

pub(super) fn composite(code: &'static str, components: &[(SearchKind, &'static str)]) -> &'static SearchParameter {
    let component = |(kind, fhir): &(SearchKind, &'static str)| Component {
        kind: *kind,
        paths: paths(fhir),
        code: "part",
        targets: &[],
    };
    make(code, SearchKind::Composite, "BackboneElement", &[], components.iter().map(component).collect())
}

fn paths(fhir: &'static str) -> &'static [Path] {
    Box::leak(Box::new([Path { steps: STEPS, kind: fhir }]))
}

fn make(
    code: &'static str,
    kind: SearchKind,
    fhir: &'static str,
    targets: &'static [&'static str],
    components: Vec<Component>,
) -> &'static SearchParameter {
    let (paths, components) = (paths(fhir), Vec::leak(components));
    Box::leak(Box::new(SearchParameter {
        code,
        url: "",
        kind,
        paths,
        targets,
        components,
        system: None,
        served_by: None,
    }))
}
