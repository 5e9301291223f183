//! Whether a function's resource policy lets Secrets Manager invoke it.
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html>

use serde_json::{Value, json};

use super::open::refusal;
use crate::account::Account;
use crate::error::{Error, Result};
use crate::function::RolePolicy;
use crate::iam::{Context, Policies};

const PRINCIPAL: &str = "secretsmanager.amazonaws.com";

/// Secrets Manager's refusal, unless it may invoke the function for the secret.
pub(super) async fn check(account: &Account, function_arn: &str, secret_arn: &str) -> Result<()> {
    let policy = resource_policy(account, function_arn).await?;
    let context = Context::default().with("aws:SourceAccount", account.id()).with("aws:SourceArn", secret_arn);
    let policy = RolePolicy { name: "resource policy".to_owned(), document: for_principal(&policy) };
    Policies::new(&[policy]).decide("lambda:InvokeFunction", function_arn, &context).map_err(|_| {
        let message = format!(
            "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants \
             access to the principal {PRINCIPAL}."
        );
        refusal("AccessDeniedException", &message)
    })
}

async fn resource_policy(account: &Account, function_arn: &str) -> Result<Value> {
    let name = function_arn.rsplit(':').next().unwrap_or_default();
    let answer = account.control_rest("lambda", "GET", &format!("/2015-03-31/functions/{name}/policy"), "").await;
    let answer = match answer {
        Err(Error::Control { status: 404, .. }) => return Ok(Value::Null), // it has none
        other => other?.json()?,
    };
    let text = answer.get("Policy").and_then(Value::as_str).unwrap_or("null");
    serde_json::from_str(text).map_err(|error| Error::malformed("a function's resource policy", error))
}

/// The statements about Secrets Manager.
fn for_principal(policy: &Value) -> Value {
    let statements = policy.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default();
    let ours = |statement: &Value| {
        let principal = statement.get("Principal");
        let service = principal.and_then(|principal| principal.get("Service").or(Some(principal)));
        service.and_then(Value::as_str).is_some_and(|service| service == PRINCIPAL || service == "*")
    };
    json!({"Statement": statements.into_iter().filter(ours).collect::<Vec<_>>()})
}
