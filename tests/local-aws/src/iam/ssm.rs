//! What calls of SSM are about.
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssystemsmanager.html>

use serde_json::{Value, json};

use super::{Context, Target};
use crate::REGION;
use crate::call::ApiCall;
use crate::error::Result;
use crate::ssm;
use crate::world::{AccountState, World};

/// `SendCommand`: the document and every instance, each by itself; targets by tag are the instances that they resolve to.
pub(crate) async fn send_command(world: &World, account: &AccountState, call: &ApiCall) -> Result<Vec<Target>> {
    let list = |name| -> Value { serde_json::from_str(call.parameter(name).unwrap_or("[]")).unwrap_or_default() };
    let document = call.parameter("DocumentName").unwrap_or_default();
    let arn = ssm::arn_of_document(document, &account.id);
    let mut targets = vec![Target::new(arn, Context::default())];
    let named: Vec<String> = serde_json::from_value(list("InstanceIds")).unwrap_or_default();
    for instance in ssm::instances_of_call(world, account, &named, &list("Targets")).await? {
        let mut context = Context::default();
        for (key, value) in &instance.tags {
            for prefix in ["aws:ResourceTag", "ssm:resourceTag", "ec2:ResourceTag"] {
                context.add(&format!("{prefix}/{key}"), value);
            }
        }
        targets.push(Target::new(format!("arn:aws:ec2:{REGION}:{}:instance/{}", account.id, instance.id), context));
    }
    Ok(targets)
}

/// The parameters that a call names: `Name` or `Names`. The slash that a path begins with is the ARN's own.
pub(crate) fn parameters(account: &AccountState, call: &ApiCall) -> Vec<Target> {
    let names = match (call.parameter("Names"), call.parameter("Name").or_else(|| call.parameter("Path"))) {
        (Some(names), _) => serde_json::from_str(names).unwrap_or_default(),
        (None, name) => json!([name.unwrap_or_default()]),
    };
    let names: Vec<String> = serde_json::from_value(names).unwrap_or_default();
    names
        .into_iter()
        .map(|name| if name.starts_with("arn:") { name } else { arn_of_parameter(&name, &account.id) })
        .map(|arn| Target::new(arn, Context::default()))
        .collect()
}

fn arn_of_parameter(name: &str, account: &str) -> String {
    let name = name.split(':').next().unwrap_or(name); // without a version or label
    format!("arn:aws:ssm:{REGION}:{account}:parameter/{}", name.trim_start_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_have_one_slash_in_their_arn() {
        let expected = "arn:aws:ssm:eu-central-1:111111111111:parameter/a/b";
        for name in ["/a/b", "a/b", "/a/b:3"] {
            assert_eq!(arn_of_parameter(name, "111111111111"), expected, "{name}");
        }
    }
}
