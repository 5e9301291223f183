//! Command documents: schema 2.2, with `aws:runShellScript` steps.
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/documents-schemas-features.html>

use std::collections::BTreeMap;

use serde_json::Value;

use super::parameters::{Declared, Values, substitute, substitute_lines, values};
use super::refused;
use crate::wire::ServiceError;

/// What a step may take if it does not say.
const DEFAULT_SECONDS: f64 = 3600.0;

/// A document.
#[derive(Debug, Clone)]
pub(crate) struct Document {
    pub(crate) name: String,
    parameters: BTreeMap<String, Declared>,
    steps: Vec<Value>,
}

/// A step with its values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) name: String,
    pub(crate) script: String,
    pub(crate) folder: String,
    pub(crate) environment: Vec<(String, String)>,
    /// How long it may run, in SSM's seconds.
    pub(crate) seconds: f64,
    /// Its precondition asks for another platform.
    pub(crate) skipped: bool,
    /// Whether the steps after it are left out if it fails.
    pub(crate) exit_on_failure: bool,
}

impl Document {
    pub(crate) fn parse(name: &str, content: &Value) -> Result<Self, ServiceError> {
        let invalid = |reason: &str| refused("InvalidDocument", format!("{name}: {reason}"));
        if content["schemaVersion"] != "2.2" {
            return Err(invalid("only schemaVersion 2.2 is understood here"));
        }
        let declared = content.get("parameters").and_then(Value::as_object).into_iter().flatten();
        let declared = declared.map(|(name, declared)| Ok((name.clone(), Declared::parse(name, declared)?)));
        let steps = content["mainSteps"].as_array().cloned().unwrap_or_default();
        if steps.is_empty() || steps.iter().any(|step| step["action"] != "aws:runShellScript") {
            return Err(invalid("only steps of aws:runShellScript are understood here"));
        }
        Ok(Self { name: name.to_owned(), parameters: declared.collect::<Result<_, ServiceError>>()?, steps })
    }

    /// The steps with a request's parameters, or why these are refused.
    pub(crate) fn steps(&self, given: &Value) -> Result<Vec<Step>, ServiceError> {
        let values = values(&self.parameters, given)?;
        let by_environment = |name: &str| self.parameters.get(name).is_some_and(|declared| declared.by_environment);
        let (variables, values): (Values, Values) = values.into_iter().partition(|(name, _)| by_environment(name));
        let environment: Vec<(String, String)> = variables
            .iter()
            .map(|(name, value)| {
                (format!("SSM_{name}"), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            })
            .collect();
        Ok(self.steps.iter().map(|step| read(step, &values, &environment)).collect())
    }
}

fn read(step: &Value, values: &Values, environment: &[(String, String)]) -> Step {
    let inputs = &step["inputs"];
    let text = |value: &Value| match value {
        Value::String(text) => substitute(text, values),
        Value::Number(number) => number.to_string(),
        _ => String::new(),
    };
    let platform = step.pointer("/precondition/StringEquals").and_then(Value::as_array);
    Step {
        name: step["name"].as_str().unwrap_or_default().to_owned(),
        script: substitute_lines(&inputs["runCommand"], values).join("\n") + "\n",
        folder: text(&inputs["workingDirectory"]),
        environment: environment.to_vec(),
        seconds: text(&inputs["timeoutSeconds"]).parse().unwrap_or(DEFAULT_SECONDS),
        skipped: platform.is_some_and(|pair| pair.iter().all(|operand| operand != "Linux")),
        exit_on_failure: inputs["onFailure"] == "exit",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn steps_come_with_their_values() {
        let content = json!({
            "schemaVersion": "2.2",
            "parameters": {
                "Line": {"type": "String"},
                "Seconds": {"type": "String", "default": "60"},
                "Quiet": {"type": "String", "default": "it's", "interpolationType": "ENV_VAR"},
            },
            "mainSteps": [
                {"action": "aws:runShellScript", "name": "one", "precondition": {"StringEquals": ["platformType", "Linux"]},
                 "inputs": {"timeoutSeconds": "{{ Seconds }}", "runCommand": ["set -eu", "echo {{Line}} {{Quiet}}"]}},
                {"action": "aws:runShellScript", "name": "two", "precondition": {"StringEquals": ["platformType", "Windows"]},
                 "inputs": {"runCommand": ["true"], "onFailure": "exit"}},
            ],
        });
        let document = Document::parse("d", &content).unwrap();
        let steps = document.steps(&json!({"Line": ["hello"]})).unwrap();
        assert_eq!(steps[0].script, "set -eu\necho hello {{Quiet}}\n");
        assert_eq!(steps[0].environment, [("SSM_Quiet".to_owned(), "it's".to_owned())]);
        let seconds: Vec<f64> = steps.iter().map(|step| step.seconds).collect();
        assert_eq!((seconds, steps[0].skipped, steps[1].skipped), (vec![60.0, 3600.0], false, true));
        assert!(steps[1].exit_on_failure && !steps[0].exit_on_failure);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let step = json!({"action": "aws:runShellScript", "name": "s", "inputs": {"runCommand": ["true"]}});
        #[rustfmt::skip]
        let table = [
            json!({"schemaVersion": "1.2", "mainSteps": [step]}),
            json!({"schemaVersion": "2.2", "mainSteps": []}),
            json!({"schemaVersion": "2.2", "mainSteps": [{"action": "aws:runPowerShellScript"}]}),
            json!({"schemaVersion": "2.2", "mainSteps": [step], "parameters": {"P": {"type": "String", "allowedPattern": "("}}}),
        ];
        for content in table {
            assert_eq!(Document::parse("d", &content).unwrap_err().code, "InvalidDocument", "{content}");
        }
    }
}
