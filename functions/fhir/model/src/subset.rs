//! `_summary` and `_elements` (<https://hl7.org/fhir/R4/search.html#summary>): a resource without some of its parts, tagged
//! as such so that nobody writes it back.
//!
//! Mandatory elements always stay, as the result must be a valid resource; so do `id`, `meta`, `implicitRules` and
//! modifier extensions. Other modifier elements are not known here.

use fhir_definitions::{Element, Kind, Structure};

use crate::json::{Json, Object};
use crate::tables::{choice, path_name, structure_of};

/// What is wanted of a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subset {
    /// `_summary=true`: what the definitions mark as summary, at every level.
    Summary,
    /// `_summary=text`: the narrative, and what is mandatory.
    Text,
    /// `_summary=data`: all but the narrative.
    Data,
    /// `_elements`: these elements of the resource's, as `name` or `Patient.name`.
    Elements(Vec<String>),
}

impl Subset {
    /// The part of the resource that is wanted. What is no resource of a known type stays whole.
    #[must_use]
    pub fn apply(&self, resource: &Json<'_>) -> Json<'static> {
        let known = resource.text("resourceType").and_then(structure_of);
        let Some((object, structure)) = resource.as_object().zip(known) else { return resource.clone().into_owned() };
        let wanted = |element: &Element| {
            matches!(element.name, "id" | "meta")
                || match self {
                    Self::Summary => element.summary,
                    Self::Text => element.name == "text",
                    Self::Data => element.name != "text",
                    Self::Elements(names) => names.iter().any(|name| means(name, structure.name, element)),
                }
        };
        let mut part = part(object, structure, &wanted, *self == Self::Summary);
        // What refers to a contained resource must find it (dom-3 and ref-1).
        if let Some(contained) = object.get("contained").filter(|_| part.iter().any(|(_, value)| refers_inside(value)))
        {
            part.set("contained", contained.clone().into_owned());
        }
        tag(&mut part);
        Json::Object(part)
    }
}

/// Whether `name`, `Patient.name`, `value`, `value[x]` or `valueQuantity` means the element.
fn means(name: &str, resource_type: &str, element: &Element) -> bool {
    let name = match name.split_once('.') {
        Some((of, name)) if of == resource_type => name,
        Some(_) => return false,
        None => name,
    };
    [element.name, element.path, path_name(element)].contains(&name)
}

fn part(
    object: &Object<'_>,
    structure: &'static Structure,
    wanted: &dyn Fn(&Element) -> bool,
    summary: bool,
) -> Object<'static> {
    let kept = object.iter().filter_map(|(name, value)| {
        if name == "resourceType" {
            return Some((name.to_owned(), value.clone().into_owned()));
        }
        let element = structure.element(name.strip_prefix('_').unwrap_or(name))?;
        let value = match element.kind {
            _ if !wanted(element) && !mandatory(structure, element) => return None,
            Kind::Complex(structure) if summary => summary_of(value, structure),
            _ => value.clone().into_owned(),
        };
        Some((name.to_owned(), value))
    });
    kept.collect()
}

/// A value with the summary's elements only; whole if it would have none.
fn summary_of(value: &Json<'_>, structure: &'static Structure) -> Json<'static> {
    match value {
        Json::Array(items) => Json::Array(items.iter().map(|item| summary_of(item, structure)).collect()),
        Json::Object(object) => {
            let part = part(object, structure, &|element| element.summary || structure.name == "Extension", true);
            if part.is_empty() { value.clone().into_owned() } else { Json::Object(part) }
        }
        other => other.clone().into_owned(),
    }
}

fn mandatory(structure: &Structure, element: &Element) -> bool {
    element.min > 0
        || matches!(element.name, "implicitRules" | "modifierExtension")
        || choice(element).is_some() && structure.mandatory_choices.iter().any(|names| names.contains(&element.name))
}

/// Whether it has a reference such as `#p1`.
fn refers_inside(value: &Json<'_>) -> bool {
    value.items().iter().any(refers_inside)
        || value.as_object().into_iter().flat_map(Object::iter).any(|(name, value)| {
            refers_inside(value) || name == "reference" && value.as_str().is_some_and(|url| url.starts_with('#'))
        })
}

/// Adds the tag SUBSETTED, if it is not there.
fn tag(resource: &mut Object<'static>) {
    const SYSTEM: &str = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue";
    const CODE: &str = "SUBSETTED";
    if resource.get("meta").and_then(Json::as_object).is_none() {
        resource.set_at(2, "meta", Json::Object(Object::new()));
    }
    let Some(Json::Object(meta)) = resource.get_mut("meta") else { return };
    let mut tags = meta.get("tag").map_or(&[][..], Json::items).to_vec();
    let is_it = |tag: &Json<'_>| tag.text("system") == Some(SYSTEM) && tag.text("code") == Some(CODE);
    if !tags.iter().any(is_it) {
        tags.push(Json::Object([("system", Json::string(SYSTEM)), ("code", Json::string(CODE))].into_iter().collect()));
        meta.set("tag", Json::Array(tags));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json<'static> {
        Json::parse(text.as_bytes()).unwrap().into_owned()
    }

    const PATIENT: &str = r#"{"resourceType":"Patient","id":"1","meta":{"versionId":"3"},"text":{"status":"empty","div":"x"},
        "extension":[{"url":"u","valueCode":"x"}],"modifierExtension":[{"url":"m","valueCode":"x"}],"active":true,
        "name":[{"family":"F","_family":{"id":"f"},"extension":[{"url":"u","valueCode":"x"}]}],"_birthDate":{"id":"b"},
        "birthDate":"2000","maritalStatus":{"text":"m"},"contact":[{"name":{"family":"C"}}]}"#;

    fn names(subset: &Subset, resource: &str) -> String {
        let part = subset.apply(&json(resource));
        let tags = part.get("meta").and_then(|meta| meta.get("tag")).map_or(0, |tags| tags.items().len());
        assert_eq!(tags, 1, "one tag");
        part.as_object().unwrap().iter().map(|(name, _)| name).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn each_subset_keeps_what_it_names() {
        let elements = |names: &[&str]| Subset::Elements(names.iter().map(|name| (*name).to_owned()).collect());
        for (subset, kept) in [
            (Subset::Summary, "resourceType id meta modifierExtension active name _birthDate birthDate"),
            (Subset::Text, "resourceType id meta text modifierExtension"),
            (
                Subset::Data,
                "resourceType id meta extension modifierExtension active name _birthDate birthDate maritalStatus contact",
            ),
            (
                elements(&["Patient.contact", "birthDate"]),
                "resourceType id meta modifierExtension _birthDate birthDate contact",
            ),
            (elements(&["Group.name", "nothing", "name.family"]), "resourceType id meta modifierExtension"),
        ] {
            assert_eq!(names(&subset, PATIENT), kept, "{subset:?}");
        }
    }

    #[test]
    fn mandatory_elements_and_choices_stay() {
        let request = r#"{"resourceType":"MedicationRequest","status":"active","intent":"order","note":[{"text":"n"}],
            "medicationReference":{"reference":"Medication/1"},"subject":{"reference":"Patient/1"},"dosageInstruction":[{"text":"d"}]}"#;
        let kept = "resourceType status meta intent medicationReference subject";
        assert_eq!(names(&Subset::Text, request), kept);
        assert_eq!(names(&Subset::Elements(Vec::new()), request), kept);
        let with_value =
            r#"{"resourceType":"Observation","status":"final","code":{"text":"c"},"valueQuantity":{"value":1.0}}"#;
        for name in ["value", "value[x]", "valueQuantity", "Observation.value"] {
            let part = names(&Subset::Elements(vec![name.to_owned()]), with_value);
            assert_eq!(part, "resourceType status meta code valueQuantity", "{name}");
        }
    }

    #[test]
    fn a_summary_is_one_at_every_level_and_digits_stay() {
        let observation = r#"{"resourceType":"Observation","status":"final","code":{"coding":[{"code":"c","extension":[{"url":"u"}]}]},
            "valueQuantity":{"value":1.00},"component":[{"code":{"text":"c"},"valueString":"v","interpretation":[{"text":"i"}]}]}"#;
        let part = Subset::Summary.apply(&json(observation));
        let text = String::from_utf8(part.to_vec()).unwrap();
        assert!(text.contains(r#""code":{"coding":[{"code":"c"}]}"#), "{text}");
        assert!(text.contains(r#""component":[{"code":{"text":"c"},"valueString":"v"}]"#), "{text}");
        assert!(text.contains("1.00"), "{text}");
    }

    #[test]
    fn what_is_referred_to_inside_the_resource_stays_with_the_reference() {
        let request = r##"{"resourceType":"MedicationRequest","contained":[{"resourceType":"Medication","id":"m"}],"status":"active",
            "intent":"order","medicationReference":{"reference":"#m"},"subject":{"reference":"Patient/1"},"requester":{"reference":"#x"}}"##;
        assert!(names(&Subset::Summary, request).ends_with(" contained"));
        let without = request.replacen("#m", "Medication/m", 1);
        assert!(!names(&Subset::Elements(Vec::new()), &without).contains("contained"));
    }

    #[test]
    fn the_tag_stands_once_and_others_stay() {
        let tagged =
            Subset::Data.apply(&Subset::Data.apply(&json(r#"{"resourceType":"Basic","meta":{"tag":[{"code":"t"}]}}"#)));
        assert_eq!(tagged.get("meta").unwrap().get("tag").unwrap().items().len(), 2);
    }
}
