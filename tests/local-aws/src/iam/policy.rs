//! Policies and their evaluation.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use serde_json::Value;

use super::Context;
use super::condition::{holds, texts};
use super::pattern::{action_matches, arn_matches};
use crate::function::RolePolicy;

/// The policies of a role.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Policies {
    statements: Vec<Statement>,
}

#[derive(Debug, Clone, PartialEq)]
struct Statement {
    policy: String,
    allow: bool,
    action: Matcher,
    resource: Matcher,
    condition: Value,
}

/// `Action` or `NotAction`, `Resource` or `NotResource`.
#[derive(Debug, Clone, PartialEq)]
struct Matcher {
    patterns: Vec<String>,
    negated: bool,
}

impl Matcher {
    fn read(statement: &Value, name: &str) -> Self {
        match statement.get(name) {
            Some(patterns) => Self { patterns: texts(patterns), negated: false },
            None => {
                Self { patterns: statement.get(format!("Not{name}")).map(texts).unwrap_or_default(), negated: true }
            }
        }
    }

    fn matches(&self, one: impl Fn(&String) -> bool) -> bool {
        self.patterns.iter().any(one) != self.negated
    }
}

impl Policies {
    pub(crate) fn new(policies: &[RolePolicy]) -> Self {
        let statements = policies.iter().flat_map(|policy| {
            let statements = match policy.document.get("Statement") {
                Some(Value::Array(statements)) => statements.clone(),
                Some(statement) => vec![statement.clone()],
                None => Vec::new(),
            };
            statements.into_iter().map(|statement| Statement::read(&policy.name, &statement))
        });
        Self { statements: statements.collect() }
    }

    /// Whether the action is allowed on the resource: an explicit deny wins, and without an allow it is denied.
    pub(crate) fn decide(&self, action: &str, resource: &str, context: &Context) -> Result<(), String> {
        let mut allowed = false;
        for statement in &self.statements {
            if statement.applies(action, resource, context)? {
                if !statement.allow {
                    return Err(format!("the policy {} denies it explicitly", statement.policy));
                }
                allowed = true;
            }
        }
        if allowed { Ok(()) } else { Err(format!("no identity-based policy allows the {action} action")) }
    }

    /// The actions that the statements allow, as they are written, with the resources.
    pub(crate) fn allowed_actions(&self) -> impl Iterator<Item = (&str, &[String])> {
        let allows = self.statements.iter().filter(|statement| statement.allow && !statement.action.negated);
        allows.flat_map(|statement| {
            let resources = statement.resource.patterns.as_slice();
            statement.action.patterns.iter().map(move |action| (action.as_str(), resources))
        })
    }
}

impl Statement {
    fn read(policy: &str, statement: &Value) -> Self {
        Self {
            policy: policy.to_owned(),
            allow: statement.get("Effect").and_then(Value::as_str) == Some("Allow"),
            action: Matcher::read(statement, "Action"),
            resource: Matcher::read(statement, "Resource"),
            condition: statement.get("Condition").cloned().unwrap_or_default(),
        }
    }

    fn applies(&self, action: &str, resource: &str, context: &Context) -> Result<bool, String> {
        Ok(self.action.matches(|pattern| action_matches(pattern, action))
            && self.resource.matches(|pattern| arn_matches(pattern, resource, context))
            && holds(&self.condition, context)?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn evaluation_logic_of_the_documentation() {
        let table_arn = "arn:aws:ec2:eu-central-1:111111111111:route-table/rtb-1";
        let allow = json!({"Effect": "Allow", "Action": "ec2:*", "Resource": "*"});
        #[rustfmt::skip]
        let table = [
            (json!([]), false),
            (json!(allow), true), // a single statement needs no list
            (json!([allow]), true),
            (json!([allow, {"Effect": "Deny", "Action": "ec2:ReplaceRoute", "Resource": "*"}]), false),
            (json!([allow, {"Effect": "Deny", "Action": "ec2:ReplaceRoute", "Resource": "*",
                "Condition": {"StringEquals": {"aws:ResourceTag/locked": "yes"}}}]), true),
            (json!([{"Effect": "Allow", "Action": "EC2:replaceroute", "Resource": table_arn}]), true),
            (json!([{"Effect": "Allow", "Action": ["ec2:Describe*", "ec2:CreateRoute"], "Resource": "*"}]), false),
            (json!([{"Effect": "Allow", "Action": "ec2:ReplaceRoute", "Resource": "arn:aws:ec2:*:*:vpc/*"}]), false),
            (json!([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]), true),
            (json!([{"Effect": "Allow", "Action": "*", "NotResource": "arn:aws:ec2:*:*:route-table/*"}]), false),
        ];
        for (statement, expected) in table {
            let document = json!({"Version": "2012-10-17", "Statement": statement});
            let policies = Policies::new(&[RolePolicy { name: "p".to_owned(), document }]);
            let decision = policies.decide("ec2:ReplaceRoute", table_arn, &Context::default());
            assert_eq!(decision.is_ok(), expected, "{statement}");
        }
    }
}
