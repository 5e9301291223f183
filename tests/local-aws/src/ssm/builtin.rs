//! The one document of AWS's own that is here.

use serde_json::json;

use super::document::Document;

/// `AWS-RunShellScript`, in schema 2.2.
pub(crate) fn document(name: &str) -> Option<Document> {
    if name != "AWS-RunShellScript" {
        return None;
    }
    let content = json!({
        "schemaVersion": "2.2",
        "parameters": {
            "commands": {"type": "StringList"},
            "workingDirectory": {"type": "String", "default": ""},
            "executionTimeout": {
                "type": "String", "default": "3600",
                "allowedPattern": "([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800)",
            },
        },
        "mainSteps": [{
            "action": "aws:runShellScript",
            "name": "aws:runShellScript",
            "inputs": {
                "timeoutSeconds": "{{ executionTimeout }}",
                "workingDirectory": "{{ workingDirectory }}",
                "runCommand": ["{{ commands }}"],
            },
        }],
    });
    Document::parse(name, &content).ok()
}
