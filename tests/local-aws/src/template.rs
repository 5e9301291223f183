//! The shipped template, made ready for CloudFormation as `sam package` would: code and nested templates by S3 URL.
//! Nothing else of it is changed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use crate::error::{Error, Result};

/// A template and what it refers to.
#[derive(Debug)]
pub(crate) struct Template {
    path: PathBuf,
    pub(crate) body: Value,
}

/// What a function's code is built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) logical_id: String,
    /// The binary that is its bootstrap.
    pub(crate) binary: String,
}

impl Template {
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let wrong = |reason: String| Error::Template { path: path.to_owned(), reason };
        let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
        let yaml: Yaml = serde_yaml_ng::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let body = to_json(yaml).map_err(wrong)?;
        Ok(Self { path: path.to_owned(), body })
    }

    fn wrong(&self, reason: impl Into<String>) -> Error {
        Error::Template { path: self.path.clone(), reason: reason.into() }
    }

    fn resources(&mut self) -> impl Iterator<Item = (&String, &mut Value)> {
        self.body.get_mut("Resources").and_then(Value::as_object_mut).into_iter().flatten()
    }

    /// Points every function's code to `code_uri`; says which binary each needs.
    pub(crate) fn replace_code(&mut self, code_uri: &str) -> Result<Vec<Code>> {
        let folder = self.path.parent().unwrap_or(Path::new(".")).to_owned();
        let global = self.body.pointer("/Globals/Function/CodeUri").and_then(Value::as_str).map(str::to_owned);
        let mut codes = Vec::new();
        let mut nameless = None;
        for (logical_id, resource) in self.resources().filter(|(_, resource)| is(resource, "AWS::Serverless::Function"))
        {
            let Some(binary) = binary(resource, global.as_deref(), &folder) else {
                nameless = Some(logical_id.clone());
                continue;
            };
            codes.push(Code { logical_id: logical_id.clone(), binary });
            set_property(resource, "CodeUri", code_uri.into());
        }
        match nameless {
            None => Ok(codes),
            Some(id) => Err(self.wrong(format!("no binary can be told from CodeUri or BuildProperties of {id}"))),
        }
    }

    /// The nested applications: logical id and the path of the template.
    pub(crate) fn nested(&mut self) -> Vec<(String, PathBuf)> {
        self.files(nested_property)
    }

    /// Points a nested application to an uploaded template.
    pub(crate) fn replace_nested(&mut self, logical_id: &str, url: &str) {
        self.replace_file(logical_id, nested_property, url);
    }

    /// The state machines' definitions in files: logical id and path.
    pub(crate) fn definitions(&mut self) -> Vec<(String, PathBuf)> {
        self.files(definition_property)
    }

    /// Points a state machine to an uploaded definition.
    pub(crate) fn replace_definition(&mut self, logical_id: &str, url: &str) {
        self.replace_file(logical_id, definition_property, url);
    }

    /// The files beside the template that its resources name.
    fn files(&mut self, property: PropertyOf) -> Vec<(String, PathBuf)> {
        let folder = self.path.parent().unwrap_or(Path::new(".")).to_owned();
        let location = |resource: &Value| {
            let location = resource.get("Properties")?.get(property(resource)?)?.as_str()?;
            (!location.contains("://")).then(|| folder.join(location))
        };
        self.resources().filter_map(|(id, resource)| Some((id.clone(), location(resource)?))).collect()
    }

    fn replace_file(&mut self, logical_id: &str, property: PropertyOf, url: &str) {
        let found = self.resources().find(|(id, _)| *id == logical_id);
        if let Some((resource, property)) =
            found.and_then(|(_, resource)| property(resource).map(|property| (resource, property)))
        {
            set_property(resource, property, url.into());
        }
    }
}

/// The property of a resource that names a file, if it may have one.
type PropertyOf = fn(&Value) -> Option<&'static str>;

fn definition_property(resource: &Value) -> Option<&'static str> {
    is(resource, "AWS::Serverless::StateMachine").then_some("DefinitionUri")
}

fn is(resource: &Value, kind: &str) -> bool {
    resource.get("Type").and_then(Value::as_str) == Some(kind)
}

fn nested_property(resource: &Value) -> Option<&'static str> {
    match resource.get("Type")?.as_str()? {
        "AWS::Serverless::Application" => Some("Location"),
        "AWS::CloudFormation::Stack" => Some("TemplateURL"),
        _ => None,
    }
}

fn set_property(resource: &mut Value, name: &str, value: Value) {
    if let Some(properties) = resource.get_mut("Properties").and_then(Value::as_object_mut) {
        properties.insert(name.to_owned(), value);
    }
}

/// The binary: `Metadata/BuildProperties/Binary`; else the folder that `CodeUri` names, as `target/lambda/nat-failover/`;
/// else, where it names none (`.`, `../..`), the template's folder, which is named after its function.
fn binary(resource: &Value, global: Option<&str>, folder: &Path) -> Option<String> {
    if let Some(binary) = resource.pointer("/Metadata/BuildProperties/Binary").and_then(Value::as_str) {
        return Some(binary.to_owned());
    }
    let code_uri = resource.pointer("/Properties/CodeUri").and_then(Value::as_str).or(global)?;
    // `file_name` is none after `..`, and passes over a last `.`
    let named = Path::new(code_uri).file_name().or_else(|| folder.file_name())?;
    Some(named.to_str()?.to_owned())
}

/// YAML as JSON, with CloudFormation's short forms (`!Ref`) in their long ones.
fn to_json(yaml: Yaml) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(flag) => flag.into(),
        Yaml::Number(number) => serde_json::to_value(number).map_err(|error| error.to_string())?,
        Yaml::String(text) => text.into(),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(to_json).collect::<Result<_, _>>()?),
        Yaml::Mapping(entries) => {
            let entries = entries.into_iter().map(|(name, value)| Ok((key(&name)?, to_json(value)?)));
            Value::Object(entries.collect::<Result<Map<_, _>, String>>()?)
        }
        Yaml::Tagged(tagged) => intrinsic(&tagged.tag.to_string(), &to_json(tagged.value)?),
    })
}

fn key(yaml: &Yaml) -> Result<String, String> {
    match yaml {
        Yaml::String(text) => Ok(text.clone()),
        Yaml::Number(number) => Ok(number.to_string()),
        other => Err(format!("{other:?} is no key")),
    }
}

fn intrinsic(tag: &str, value: &Value) -> Value {
    let name = tag.trim_start_matches('!');
    match (name, value) {
        ("Ref" | "Condition", _) => json!({ name: value }),
        ("GetAtt", Value::String(text)) => {
            let (resource, attribute) = text.split_once('.').unwrap_or((text, ""));
            json!({"Fn::GetAtt": [resource, attribute]})
        }
        _ => json!({ format!("Fn::{name}"): value }),
    }
}

/// Parameters in the form that CloudFormation's query protocol takes.
pub(crate) fn stack_parameters(parameters: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let pairs = parameters.iter().enumerate().flat_map(|(at, (name, value))| {
        let prefix = format!("Parameters.member.{}", at + 1);
        [(format!("{prefix}.ParameterKey"), name.clone()), (format!("{prefix}.ParameterValue"), value.clone())]
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        let body = to_json(serde_yaml_ng::from_str(text).unwrap()).unwrap();
        Template { path: "/repo/functions/nat-failover/template.yaml".into(), body }
    }

    #[test]
    fn short_forms_become_long_ones() {
        let table = [
            ("!Ref A", json!({"Ref": "A"})),
            ("!GetAtt A.B.C", json!({"Fn::GetAtt": ["A", "B.C"]})),
            ("!Sub '${A}-x'", json!({"Fn::Sub": "${A}-x"})),
            ("!If [C, !Ref A, !Ref 'AWS::NoValue']", json!({"Fn::If": ["C", {"Ref": "A"}, {"Ref": "AWS::NoValue"}]})),
            ("!Not [!Equals [!Ref A, '']]", json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "A"}, ""]}]})),
            ("!Condition C", json!({"Condition": "C"})),
            ("2010-09-09", json!("2010-09-09")),
        ];
        for (yaml, expected) in table {
            assert_eq!(to_json(serde_yaml_ng::from_str(yaml).unwrap()), Ok(expected), "{yaml}");
        }
    }

    #[test]
    fn code_and_nested_templates_are_replaced_and_nothing_else() {
        let mut template = template(
            "Resources:
  One: {Type: 'AWS::Serverless::Function', Properties: {CodeUri: ../../target/lambda/one/, Timeout: 3}}
  Three: {Type: 'AWS::Serverless::Function', Metadata: {BuildMethod: makefile}, Properties: {CodeUri: ../..}}
  Two: {Type: 'AWS::Serverless::Function', Metadata: {BuildProperties: {Binary: second}}, Properties: {CodeUri: .}}
  App: {Type: 'AWS::Serverless::Application', Properties: {Location: app/template.yaml}}
  Far: {Type: 'AWS::Serverless::Application', Properties: {Location: 'https://elsewhere/t'}}
  Work: {Type: 'AWS::Serverless::StateMachine', Properties: {DefinitionUri: work.asl.json}}
  Inline: {Type: 'AWS::Serverless::StateMachine', Properties: {Definition: {StartAt: A}}}",
        );
        let codes = template.replace_code("s3://b/k").unwrap();
        let binaries: Vec<_> = codes.iter().map(|code| (code.logical_id.as_str(), code.binary.as_str())).collect();
        assert_eq!(binaries, [("One", "one"), ("Three", "nat-failover"), ("Two", "second")]);
        assert_eq!(template.nested(), [("App".into(), "/repo/functions/nat-failover/app/template.yaml".into())]);
        template.replace_nested("App", "http://s3/t");
        assert_eq!(template.definitions(), [("Work".into(), "/repo/functions/nat-failover/work.asl.json".into())]);
        template.replace_definition("Work", "s3://b/d");
        let properties = |id: &str| template.body["Resources"][id]["Properties"].clone();
        assert_eq!(properties("One"), json!({"CodeUri": "s3://b/k", "Timeout": 3}));
        assert_eq!(properties("App"), json!({"Location": "http://s3/t"}));
        assert_eq!(properties("Work"), json!({"DefinitionUri": "s3://b/d"}));
        assert_eq!(properties("Far"), json!({"Location": "https://elsewhere/t"}));
    }
}
