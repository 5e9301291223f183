//! Documents, parameters and associations: ministack's, where the stack put them.

use serde_json::{Value, json};

use super::document::Document;
use super::{builtin, internal, refused, text};
use crate::account::Account;
use crate::control;
use crate::error::{Error, Result};
use crate::wire::ServiceError;

/// A document by its name or its ARN.
pub(crate) async fn document(account: &Account, name: &str, version: &str) -> Result<Document, ServiceError> {
    let short = name.rsplit(['/', ':']).next().unwrap_or(name);
    if let Some(document) = builtin::document(short) {
        return Ok(document);
    }
    let version = if version.is_empty() { "$DEFAULT" } else { version };
    let input = json!({"Name": short, "DocumentVersion": version});
    let answer = match ask(account, "GetDocument", &input).await {
        Ok(answer) => answer,
        Err(Error::Control { status: 400, code, message, .. }) => return Err(refused(&code, message)),
        Err(error) => return Err(internal(&error)),
    };
    let content = serde_json::from_str(text(&answer, "Content"))
        .map_err(|error| refused("InvalidDocument", format!("the content of {short} is no JSON: {error}")))?;
    Document::parse(short, &content)
}

/// A parameter's value; a version or label may follow its name after a colon.
pub(crate) async fn parameter(account: &Account, name: &str) -> Result<String, ServiceError> {
    let answer = match ask(account, "GetParameter", &json!({"Name": name})).await {
        Ok(answer) => answer,
        Err(Error::Control { status: 400, code, .. }) => {
            return Err(refused("InvalidParameters", format!("the parameter {name}: {code}")));
        }
        Err(error) => return Err(internal(&error)),
    };
    let parameter = answer.get("Parameter").unwrap_or(&Value::Null);
    if text(parameter, "Type") == "SecureString" {
        let message = format!("{{{{ssm:{name}}}}} is a SecureString, which a document cannot refer to");
        return Err(refused("InvalidParameters", message));
    }
    Ok(text(parameter, "Value").to_owned())
}

/// The account's associations, each as `DescribeAssociation` gives it.
pub(crate) async fn associations(account: &Account) -> Result<Vec<Value>> {
    let answer = ask(account, "ListAssociations", &json!({})).await?;
    Ok(answer.get("Associations").and_then(Value::as_array).cloned().unwrap_or_default())
}

async fn ask(account: &Account, operation: &str, input: &Value) -> Result<Value> {
    let target = format!("AmazonSSM.{operation}");
    control::json_to_emulator(account, "ssm", &target, input).await?.json()
}
