//! The tables of batches and transactions.
//! <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Context, Target};
use crate::REGION;
use crate::call::ApiCall;
use crate::error::{Error, Result};
use crate::world::AccountState;

/// The tables of a `BatchGetItem` or `BatchWriteItem`, which are permissions of their own.
pub(super) fn batch(account: &AccountState, call: &ApiCall) -> Vec<Target> {
    let requests: Map<String, Value> = parsed(call, "RequestItems").unwrap_or_default();
    if requests.is_empty() {
        return vec![table(account, "")]; // which no policy allows
    }
    requests.keys().map(|name| table(account, name)).collect()
}

/// The tables of a transaction, each once for each of the actions on its items.
pub(super) fn transaction(account: &AccountState, call: &ApiCall) -> Result<Vec<Target>> {
    let items: Vec<Map<String, Value>> = parsed(call, "TransactItems").unwrap_or_default();
    let asked: BTreeSet<(&'static str, String)> =
        items.iter().flatten().map(|(kind, item)| asked(kind, item)).collect::<Result<_>>()?;
    if asked.is_empty() {
        return Err(Error::malformed("a transaction", "it has no items"));
    }
    let target = |(action, name): (_, String)| Target { action: Some(action), ..table(account, &name) };
    Ok(asked.into_iter().map(target).collect())
}

fn asked(kind: &str, item: &Value) -> Result<(&'static str, String)> {
    let action = match kind {
        "ConditionCheck" => "dynamodb:ConditionCheckItem",
        "Delete" => "dynamodb:DeleteItem",
        "Get" => "dynamodb:GetItem",
        "Put" => "dynamodb:PutItem",
        "Update" => "dynamodb:UpdateItem",
        other => return Err(Error::malformed("a transaction", format!("it has a {other}"))),
    };
    let table = item.get("TableName").and_then(Value::as_str).unwrap_or_default();
    Ok((action, table.to_owned()))
}

fn table(account: &AccountState, name: &str) -> Target {
    let arn = if name.starts_with("arn:") {
        name.to_owned()
    } else {
        format!("arn:aws:dynamodb:{REGION}:{}:table/{name}", account.id)
    };
    Target::new(arn, Context::default())
}

fn parsed<T: serde::de::DeserializeOwned>(call: &ApiCall, parameter: &str) -> Option<T> {
    serde_json::from_str(call.parameter(parameter)?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_item_of_a_transaction_is_what_iam_asks_about() {
        let item = json!({"TableName": "t"});
        assert_eq!(asked("Put", &item).unwrap(), ("dynamodb:PutItem", "t".to_owned()));
        assert_eq!(asked("ConditionCheck", &item).unwrap().0, "dynamodb:ConditionCheckItem");
        assert!(asked("Drop", &item).is_err());
    }
}
