//! What the statement says.

use fhir_definitions::{RESOURCE_TYPES, ResourceType, SearchKind, SearchParameter};
use fhir_model::json::{Json, Object};

/// When this version of the server was made, for `CapabilityStatement.date`.
const DATE: &str = "2026-11-22";

/// Interactions of each type, as `type-restful-interaction` names them.
const INTERACTIONS: [&str; 9] =
    ["read", "vread", "update", "patch", "delete", "history-instance", "history-type", "create", "search-type"];

/// Interactions of the whole, as `system-restful-interaction` names them.
const SYSTEM_INTERACTIONS: [&str; 4] = ["transaction", "batch", "search-system", "history-system"];

/// Search parameters that nothing is searched by here: <https://hl7.org/fhir/R4/search.html#content>. Nor is by those that no
/// element has a value for: `DeviceDefinition`'s `classification`.
const NOT_SEARCHED: [&str; 3] = ["_text", "_content", "_query"];

/// The statement of a server at that address.
pub(super) fn statement(base: &str) -> Json<'static> {
    object([
        ("resourceType", text("CapabilityStatement")),
        ("status", text("active")),
        ("date", text(DATE)),
        ("publisher", text("the operator of this server")),
        ("kind", text("instance")),
        ("software", object([("name", text("fhir")), ("version", text(env!("CARGO_PKG_VERSION")))])),
        (
            "implementation",
            object([("description", text("FHIR R4 on Lambda and DynamoDB")), ("url", text(base.to_owned()))]),
        ),
        ("fhirVersion", text("4.0.1")),
        ("format", list(["json", "application/fhir+json"].map(text))),
        ("patchFormat", list(["application/json-patch+json", "application/fhir+json"].map(text))),
        ("rest", list([rest()])),
    ])
}

fn rest() -> Json<'static> {
    object([
        ("mode", text("server")),
        ("security", security()),
        ("resource", list(RESOURCE_TYPES.iter().map(resource))),
        ("interaction", list(SYSTEM_INTERACTIONS.map(|code| object([("code", text(code))])))),
        ("searchParam", list(everywhere())),
        (
            "compartment",
            list(COMPARTMENTS.map(|name| text(format!("http://hl7.org/fhir/CompartmentDefinition/{name}")))),
        ),
    ])
}

const COMPARTMENTS: [&str; 5] = ["device", "encounter", "patient", "practitioner", "relatedPerson"];

fn security() -> Json<'static> {
    let coding = object([
        ("system", text("http://terminology.hl7.org/CodeSystem/restful-security-service")),
        ("code", text("OAuth")),
        ("display", text("OAuth")),
    ]);
    let description = "Who may call is decided before this server: by an authorizer of API Gateway (OAuth 2.0 tokens), or \
                       by IAM. The server itself looks at no token.";
    object([
        ("cors", Json::Bool(true)),
        ("service", list([object([("coding", list([coding]))])])),
        ("description", text(description)),
    ])
}

fn resource(kind: &ResourceType) -> Json<'static> {
    let mut resource = Object::from_iter([
        ("type", text(kind.name)),
        ("profile", text(format!("http://hl7.org/fhir/StructureDefinition/{}", kind.name))),
        ("interaction", list(INTERACTIONS.map(|code| object([("code", text(code))])))),
        ("versioning", text("versioned")),
        ("readHistory", Json::Bool(true)),
        ("updateCreate", Json::Bool(true)),
        ("conditionalCreate", Json::Bool(true)),
        ("conditionalRead", text("full-support")),
        ("conditionalUpdate", Json::Bool(true)),
        ("conditionalDelete", text("single")),
        ("referencePolicy", list(["literal", "logical", "local"].map(text))),
    ]);
    let includes: Vec<_> = includes(kind).collect();
    if includes.len() > 1 {
        resource.set("searchInclude", list(includes));
    }
    let back: Vec<_> = includes_back(kind).collect();
    if !back.is_empty() {
        resource.set("searchRevInclude", list(back));
    }
    resource.set("searchParam", list(searched(kind).map(parameter)));
    let definition = "http://hl7.org/fhir/OperationDefinition/Resource-validate";
    resource.set("operation", list([object([("name", text("validate")), ("definition", text(definition))])]));
    resource.into()
}

fn searched(kind: &ResourceType) -> impl Iterator<Item = &'static SearchParameter> {
    let found = |parameter: &&SearchParameter| !parameter.paths.is_empty() && !NOT_SEARCHED.contains(&parameter.code);
    kind.parameters.iter().copied().filter(found)
}

fn parameter(parameter: &SearchParameter) -> Json<'static> {
    let mut described = Object::from_iter([
        ("name", text(parameter.code)),
        ("definition", text(parameter.url)),
        ("type", text(kind_name(parameter.kind))),
    ]);
    if parameter.code == "phonetic" {
        described.set("documentation", text("What begins with the text, as by name: sounds are not compared."));
    }
    described.into()
}

/// Those that every type has.
fn everywhere() -> Vec<Json<'static>> {
    let of_patient = fhir_definitions::resource_type("Patient").into_iter().flat_map(searched);
    // Only R4's page of searches defines it: https://hl7.org/fhir/R4/search.html#list
    let of_list =
        object([("name", text("_list")), ("type", text("string")), ("documentation", text("The id of a List."))]);
    of_patient.filter(|it| it.code.starts_with('_')).map(parameter).chain([of_list]).collect()
}

/// `*`, and `Type:parameter` for each reference.
fn includes(kind: &ResourceType) -> impl Iterator<Item = Json<'static>> {
    let references = searched(kind).filter(|parameter| parameter.kind == SearchKind::Reference);
    std::iter::once(text("*")).chain(references.map(|parameter| text(format!("{}:{}", kind.name, parameter.code))))
}

/// `Type:parameter` for each reference of other types that may point to one of this type.
fn includes_back(kind: &ResourceType) -> impl Iterator<Item = Json<'static>> {
    let name = kind.name;
    RESOURCE_TYPES.iter().flat_map(move |other| {
        let points = searched(other).filter(move |it| it.kind == SearchKind::Reference && it.targets.contains(&name));
        points.map(|parameter| text(format!("{}:{}", other.name, parameter.code)))
    })
}

/// As the value set search-param-type has it.
fn kind_name(kind: SearchKind) -> &'static str {
    match kind {
        SearchKind::Number => "number",
        SearchKind::Date => "date",
        SearchKind::String => "string",
        SearchKind::Token => "token",
        SearchKind::Reference => "reference",
        SearchKind::Composite => "composite",
        SearchKind::Quantity => "quantity",
        SearchKind::Uri => "uri",
        SearchKind::Special => "special",
    }
}

fn object<const N: usize>(members: [(&'static str, Json<'static>); N]) -> Json<'static> {
    Object::from_iter(members).into()
}

fn list(items: impl IntoIterator<Item = Json<'static>>) -> Json<'static> {
    Json::Array(items.into_iter().collect())
}

fn text(text: impl Into<std::borrow::Cow<'static, str>>) -> Json<'static> {
    Json::string(text)
}

#[cfg(test)]
mod tests {
    use fhir_model::validate::validate;

    use super::*;

    #[test]
    fn the_statement_is_valid_and_names_every_type_and_parameter() {
        let statement = statement("https://fhir.example.org");
        assert_eq!(validate(&statement), []);
        let rest = &statement.get("rest").unwrap().items()[0];
        let resources = rest.get("resource").unwrap().items();
        assert_eq!(resources.len(), RESOURCE_TYPES.len());
        for (resource, kind) in resources.iter().zip(RESOURCE_TYPES) {
            assert_eq!(resource.text("type"), Some(kind.name));
            let named = resource.get("searchParam").unwrap().items().len();
            assert_eq!(named, searched(kind).count(), "{}", kind.name);
        }
    }
}
