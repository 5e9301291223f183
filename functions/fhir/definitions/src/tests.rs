//! What the tables hold, against what is known of R4.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn of(name: &str) -> &'static ResourceType {
    resource_type(name).unwrap()
}

fn parameter(base: &str, code: &str) -> &'static SearchParameter {
    of(base).parameter(code).unwrap_or_else(|| panic!("{base} has {code}"))
}

fn element(structure: &'static Structure, name: &str) -> &'static Element {
    structure.element(name).unwrap_or_else(|| panic!("{} has {name}", structure.name))
}

/// `name.family: string`
fn shown(paths: &[Path]) -> Vec<String> {
    let step = |step: &Step| match step {
        Step::Resource => "%resource".to_owned(),
        Step::Member(name) => (*name).to_owned(),
        Step::Item(index) => format!("[{index}]"),
        Step::Where(name, value) => format!("where({name}='{value}')"),
        Step::RefersTo(name) => format!("where(resolve() is {name})"),
        Step::Is(name) => format!("is {name}"),
        Step::ExistsAndNotFalse => "!= false".to_owned(),
    };
    let path = |it: &Path| format!("{}: {}", it.steps.iter().map(step).collect::<Vec<_>>().join("."), it.kind);
    paths.iter().map(path).collect()
}

#[test]
fn every_definition_is_in_the_tables() {
    let urls: BTreeSet<_> = RESOURCE_TYPES.iter().flat_map(|it| it.parameters).map(|it| it.url).collect();
    assert_eq!(urls.len(), 1378);
    // HL7 counts 148 with the abstract Resource and DomainResource.
    assert_eq!(RESOURCE_TYPES.len(), 146);
    assert_eq!(DATA_TYPES.len(), 39);
    let parameters: Vec<_> = RESOURCE_TYPES.iter().flat_map(|it| it.parameters).collect();
    assert_eq!(parameters.len(), 3011);
    assert_eq!(parameters.iter().map(|it| it.paths.len()).sum::<usize>(), 2661);
}

#[test]
fn what_is_looked_up_is_sorted() {
    assert!(RESOURCE_TYPES.is_sorted_by_key(|it| it.name));
    assert!(DATA_TYPES.is_sorted_by_key(|it| it.name));
    for resource in RESOURCE_TYPES {
        assert!(resource.parameters.is_sorted_by_key(|it| it.code), "{}", resource.name);
        assert!(resource.compartments.is_sorted_by_key(|it| it.0), "{}", resource.name);
        for parameter in resource.parameters {
            assert!(parameter.targets.is_sorted(), "{} {}", resource.name, parameter.code);
        }
        for element in structures(resource.structure).iter().flat_map(|it| it.elements) {
            assert!(element.targets.is_sorted(), "{} {}", resource.name, element.name);
            let codes = element.binding.map_or(&[][..], |it| it.codes);
            assert!(codes.is_sorted_by_key(|(system, code)| (code, system)), "{}", element.name);
            assert!(codes.iter().all(|(system, code)| element.binding.unwrap().has(system, code)));
        }
    }
}

/// A structure and all that it leads to, each once.
fn structures(start: &'static Structure) -> Vec<&'static Structure> {
    let (mut found, mut next) = (vec![start], 0);
    while next < found.len() {
        for element in found[next].elements {
            if let Kind::Complex(inner) = element.kind
                && !found.iter().any(|it| std::ptr::eq(*it, inner))
            {
                found.push(inner);
            }
        }
        next += 1;
    }
    found
}

#[test]
fn every_parameter_has_a_path_but_for_four() {
    let mut without = BTreeSet::new();
    for parameter in RESOURCE_TYPES.iter().flat_map(|it| it.parameters) {
        if parameter.paths.is_empty() {
            without.insert(parameter.url.rsplit_once('/').unwrap().1);
        }
        for component in parameter.components {
            assert!(!component.paths.is_empty(), "{}", parameter.url);
        }
        assert_eq!(parameter.components.is_empty(), parameter.kind != SearchKind::Composite, "{}", parameter.url);
        assert_eq!(parameter.targets.is_empty(), parameter.kind != SearchKind::Reference, "{}", parameter.url);
    }
    // The last is R5's: R4 has no such element.
    let expected = ["DomainResource-text", "Resource-content", "Resource-query", "DeviceDefinition-classification"];
    assert_eq!(without, expected.into());
}

#[test]
fn every_path_leads_to_its_type() {
    for resource in RESOURCE_TYPES {
        for parameter in resource.parameters {
            for path in parameter.paths {
                let (structure, kind) = follow(resource.structure, resource.structure, path);
                assert_eq!(kind, path.kind, "{} {}", resource.name, parameter.code);
                for component in parameter.components.iter().flat_map(|it| it.paths) {
                    let (_, kind) = follow(resource.structure, structure.unwrap(), component);
                    assert_eq!(kind, component.kind, "{} {}", resource.name, parameter.code);
                }
            }
        }
    }
}

fn follow(
    resource: &'static Structure,
    start: &'static Structure,
    path: &Path,
) -> (Option<&'static Structure>, String) {
    let (mut at, mut kind) = (Some(start), start.name.to_owned());
    for step in path.steps {
        match step {
            Step::Resource => at = Some(resource),
            Step::Member(name) => {
                let element = element(at.unwrap(), name);
                (at, kind) = match element.kind {
                    Kind::Complex(inner) if inner.name.contains('.') => (Some(inner), "BackboneElement".to_owned()),
                    Kind::Complex(inner) => (Some(inner), inner.name.to_owned()),
                    Kind::Resource => (None, "Resource".to_owned()),
                    Kind::Primitive(primitive) => {
                        let name = format!("{primitive:?}");
                        (None, name[..1].to_ascii_lowercase() + &name[1..])
                    }
                };
            }
            Step::Where(name, _) => drop(element(at.unwrap(), name)),
            Step::ExistsAndNotFalse => "boolean".clone_into(&mut kind),
            Step::RefersTo(name) => assert!(resource_type(name).is_some() && kind == "Reference"),
            Step::Is(name) => assert!(resource_type(name).is_some() && kind == "Resource"),
            Step::Item(_) => assert!(at.is_some()),
        }
    }
    (at, kind)
}

#[test]
fn well_known_elements_are_as_r4_has_them() {
    let cases = [
        ("Patient", "name", 0, u32::MAX, true, true),
        ("Patient", "birthDate", 0, 1, false, true),
        ("Patient", "contact", 0, u32::MAX, true, false),
        ("Patient", "deceasedBoolean", 0, 1, false, true),
        ("Observation", "status", 1, 1, false, true),
        ("Observation", "valueQuantity", 0, 1, false, true),
        ("Bundle", "entry", 0, u32::MAX, true, true),
        ("Claim", "insurance", 1, u32::MAX, true, true),
        ("EvidenceVariable", "characteristic", 1, u32::MAX, true, true),
    ];
    for (name, member, min, max, array, summary) in cases {
        let it = element(of(name).structure, member);
        assert_eq!((it.min, it.max, it.array, it.summary), (min, max, array, summary), "{name}.{member}");
    }
    assert!(matches!(element(of("Patient").structure, "id").kind, Kind::Primitive(Primitive::Id)));
    assert!(matches!(element(of("Patient").structure, "contained").kind, Kind::Resource));
    let extension = structure("Extension").unwrap();
    assert!(matches!(element(extension, "url").kind, Kind::Primitive(Primitive::Uri)));
    assert_eq!(element(extension, "url").min, 1);
    assert_eq!(extension.elements.iter().filter(|it| it.path == "value[x]").count(), 50);
}

#[test]
fn a_choice_is_spelled_out_and_may_be_mandatory() {
    let observation = of("Observation").structure;
    let values: Vec<_> = observation.elements.iter().filter(|it| it.path == "value[x]").map(|it| it.name).collect();
    let expected = "valueQuantity valueCodeableConcept valueString valueBoolean valueInteger valueRange valueRatio \
                    valueSampledData valueTime valueDateTime valuePeriod";
    assert_eq!(values.join(" "), expected);
    assert!(observation.mandatory_choices.is_empty());
    let medication: &[&[&str]] = &[&["medicationCodeableConcept", "medicationReference"]];
    assert_eq!(of("MedicationRequest").structure.mandatory_choices, medication);
}

#[test]
fn content_references_are_resolved() {
    let Kind::Complex(item) = element(of("Questionnaire").structure, "item").kind else { panic!("an object") };
    let Kind::Complex(inner) = element(item, "item").kind else { panic!("an object") };
    assert!(std::ptr::eq(item, inner));
    assert_eq!(item.name, "Questionnaire.item");
}

#[test]
fn required_bindings_have_their_codes() {
    let gender = element(of("Patient").structure, "gender").binding.unwrap();
    assert_eq!(gender.url, "http://hl7.org/fhir/ValueSet/administrative-gender");
    let codes: Vec<_> = gender.codes.iter().map(|(_, code)| *code).collect();
    assert_eq!(codes, ["female", "male", "other", "unknown"]);
    assert!(gender.has("http://hl7.org/fhir/administrative-gender", "other") && gender.has_code("other"));
    assert!(!gender.has("urn:other", "other") && !gender.has_code("Other"));
    // Nested, of several systems, and of imported value sets.
    assert!(element(of("Task").structure, "intent").binding.unwrap().has_code("unknown"));
    assert!(element(of("Task").structure, "intent").binding.unwrap().has_code("reflex-order"));
    assert!(element(structure("DataRequirement").unwrap(), "type").binding.unwrap().has_code("Patient"));
    // Somebody else's, and one that is not required.
    assert!(element(structure("Attachment").unwrap(), "contentType").binding.is_none());
    assert!(element(of("Patient").structure, "language").binding.is_none());
}

#[test]
fn what_the_package_adds_to_r4_is_not_in_the_tables() {
    for (name, member) in
        [("ResearchStudy", "label"), ("DeviceDefinition", "classification"), ("ObservationDefinition", "publisher")]
    {
        assert!(of(name).structure.element(member).is_none(), "{name}.{member}");
    }
    assert!(structure("Meta").unwrap().element("project").is_none());
    assert!(resource_type("SubscriptionStatus").is_none() && resource_type("MetadataResource").is_none());
    assert!(resource_type("Resource").is_none() && resource_type("DomainResource").is_none());
}

#[test]
fn well_known_parameters_have_their_paths() {
    let cases: [(&str, &str, SearchKind, &[&str]); 14] = [
        ("Patient", "_id", SearchKind::Token, &["id: id"]),
        ("Patient", "name", SearchKind::String, &["name: HumanName"]),
        ("Patient", "phone", SearchKind::Token, &["telecom.where(system='phone'): ContactPoint"]),
        (
            "Patient",
            "deceased",
            SearchKind::Token,
            &["deceasedBoolean.!= false: boolean", "deceasedDateTime.!= false: boolean"],
        ),
        ("Practitioner", "family", SearchKind::String, &["name.family: string"]),
        ("InsurancePlan", "name", SearchKind::String, &["name: string", "alias: string"]),
        ("MedicationRequest", "code", SearchKind::Token, &["medicationCodeableConcept: CodeableConcept"]),
        ("AllergyIntolerance", "date", SearchKind::Date, &["recordedDate: dateTime"]),
        (
            "Observation",
            "date",
            SearchKind::Date,
            &[
                "effectiveDateTime: dateTime",
                "effectivePeriod: Period",
                "effectiveTiming: Timing",
                "effectiveInstant: instant",
            ],
        ),
        // A choice of five, of which a date may be two.
        ("Procedure", "date", SearchKind::Date, &["performedDateTime: dateTime", "performedPeriod: Period"]),
        (
            "Observation",
            "value-string",
            SearchKind::String,
            &["valueString: string", "valueCodeableConcept.text: string"],
        ),
        ("Bundle", "composition", SearchKind::Reference, &["entry.[0].resource.is Composition: Resource"]),
        ("Observation", "patient", SearchKind::Reference, &["subject.where(resolve() is Patient): Reference"]),
        ("Location", "near", SearchKind::Special, &["position: BackboneElement"]),
    ];
    for (base, code, kind, paths) in cases {
        let parameter = parameter(base, code);
        assert_eq!(parameter.kind, kind, "{base} {code}");
        assert_eq!(shown(parameter.paths), paths, "{base} {code}");
    }
}

#[test]
fn a_parameter_of_one_type_of_reference_is_served_by_that_of_all() {
    assert_eq!(parameter("Observation", "patient").served_by, Some("subject"));
    assert_eq!(parameter("Observation", "patient").targets, ["Patient"]);
    assert_eq!(parameter("Appointment", "practitioner").served_by, Some("actor"));
    // An element of its own; two elements, of which no parameter has both.
    assert_eq!(parameter("AllergyIntolerance", "patient").served_by, None);
    assert_eq!(parameter("AuditEvent", "patient").served_by, None);
    for resource in RESOURCE_TYPES {
        for served in resource.parameters.iter().filter(|it| it.served_by.is_some()) {
            let by = resource.parameter(served.served_by.unwrap()).unwrap();
            assert_eq!(by.served_by, None);
            assert!(
                served.targets.iter().all(|target| by.targets.contains(target)),
                "{} {}",
                resource.name,
                served.code
            );
        }
    }
}

#[test]
fn a_reference_s_targets_are_those_of_the_parameter_and_the_element() {
    assert_eq!(parameter("Observation", "subject").targets, ["Device", "Group", "Location", "Patient"]);
    // For other types an episode, too.
    assert_eq!(parameter("Observation", "encounter").targets, ["Encounter"]);
    assert_eq!(parameter("Observation", "focus").targets.len(), 145);
}

#[test]
fn a_composite_has_its_components() {
    let parameter = parameter("Observation", "code-value-quantity");
    assert_eq!(shown(parameter.paths), [": Observation"]);
    let [code, value] = parameter.components else { panic!("two components") };
    assert_eq!((code.code, code.kind), ("code", SearchKind::Token));
    assert_eq!(shown(code.paths), ["code: CodeableConcept"]);
    assert_eq!((value.code, value.kind), ("value-quantity", SearchKind::Quantity));
    assert_eq!(shown(value.paths), ["valueQuantity: Quantity"]);

    // HL7 has these two in each other's place.
    let [relation, target] = of("DocumentReference").parameter("relationship").unwrap().components else {
        panic!("two")
    };
    assert_eq!((relation.kind, shown(relation.paths)), (SearchKind::Token, vec!["code: code".to_owned()]));
    assert_eq!((target.kind, target.targets), (SearchKind::Reference, &["DocumentReference"][..]));
    let chromosome = &of("MolecularSequence").parameter("chromosome-variant-coordinate").unwrap().components[0];
    assert_eq!(shown(chromosome.paths), ["%resource.referenceSeq.chromosome: CodeableConcept"]);
}

#[test]
fn a_code_s_only_system_is_known() {
    assert_eq!(parameter("Patient", "gender").system, Some("http://hl7.org/fhir/administrative-gender"));
    // Of two systems; not a code.
    assert_eq!(parameter("Task", "intent").system, None);
    assert_eq!(parameter("Observation", "code").system, None);
}

#[test]
fn compartments_name_their_parameters() {
    assert_eq!(of("Observation").compartment("Patient").unwrap(), ["subject", "performer"]);
    assert_eq!(of("Patient").compartment("Patient").unwrap(), ["link"]);
    assert_eq!(of("Encounter").compartment("Encounter").unwrap(), ["_id"]);
    assert_eq!(of("Location").compartment("Patient"), None);
    let names: BTreeSet<_> = RESOURCE_TYPES.iter().flat_map(|it| it.compartments).map(|it| it.0).collect();
    assert_eq!(names, ["Device", "Encounter", "Patient", "Practitioner", "RelatedPerson"].into());
    for resource in RESOURCE_TYPES {
        for code in resource.compartments.iter().flat_map(|it| it.1) {
            assert!(resource.parameter(code).is_some(), "{} {code}", resource.name);
        }
    }
}

proptest! {
    #[test]
    fn any_name_may_be_looked_up(name in "\\PC*") {
        prop_assert_eq!(resource_type(&name).map(|it| it.name), RESOURCE_TYPES.iter().map(|it| it.name).find(|it| *it == name));
        prop_assert!(of("Patient").parameter(&name).is_none_or(|it| it.code == name));
    }
}
