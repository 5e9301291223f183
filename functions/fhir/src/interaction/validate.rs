//! The operation `$validate`: <https://hl7.org/fhir/R4/resource-operation-validate.html>.

use fhir_model::json::Json;
use fhir_model::validate::validate as issues;

use super::Answer;
use crate::error::Error;
use crate::outcome::Outcome;

/// Says what is wrong with a resource, and stores nothing. It may come as it is, or as the parameter `resource`.
pub fn validate(
    resource_type: &str,
    id: Option<&str>,
    query: &[(String, String)],
    body: &[u8],
) -> Result<Answer, Error> {
    if body.is_empty() {
        return Err(Error::Malformed("the request has no body; it must be the resource, or Parameters".to_owned()));
    }
    let json = Json::parse(body)?;
    let wrapped = resource_type != "Parameters" && json.text("resourceType") == Some("Parameters");
    let value =
        |name| parameter(&json, name).and_then(|it| ["valueCode", "valueUri"].iter().find_map(|of| it.text(of)));
    let asked = |name| query.iter().find(|(it, _)| it == name).map(|(_, text)| text.as_str()).or_else(|| value(name));
    if asked("profile").is_some() || asked("mode").is_some_and(|mode| !matches!(mode, "create" | "update")) {
        return Err(Error::Unsupported(
            "validation is by R4's own definitions; mode may be create or update".to_owned(),
        ));
    }
    let resource = if wrapped {
        let found = parameter(&json, "resource").and_then(|it| it.get("resource"));
        found.ok_or_else(|| Error::Malformed("the Parameters have no parameter called resource".to_owned()))?
    } else {
        &json
    };
    if resource.text("resourceType") != Some(resource_type) {
        return Err(Error::Malformed(format!("what is to be validated is no {resource_type}, as the URL says")));
    }
    let mut found = Outcome::of(&issues(resource));
    if id.is_some_and(|id| resource.text("id").is_some_and(|given| given != id)) {
        found = found.and(
            crate::outcome::Severity::Error,
            "value",
            "the id is not that of the URL",
            Some(format!("{resource_type}.id")),
        );
    }
    let good = found == Outcome::default();
    Ok(Answer::json(200, if good { Outcome::information("the resource is valid").json() } else { found.json() }))
}

fn parameter<'a, 'b>(parameters: &'b Json<'a>, name: &str) -> Option<&'b Json<'a>> {
    parameters.get("parameter")?.items().iter().find(|parameter| parameter.text("name") == Some(name))
}
