//! Which nodes a command or an association is for.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{is_managed, text, texts};
use crate::control::{child_text, items};
use crate::error::Result;
use crate::world::{AccountState, World};
use crate::{REGION, control};

/// An EC2 instance as far as SSM cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instance {
    pub(crate) id: String,
    pub(crate) state: String,
    pub(crate) tags: BTreeMap<String, String>,
}

impl Instance {
    /// Valid states are running, pending, stopped and stopping.
    pub(crate) fn is_valid(&self) -> bool {
        self.state != "terminated" && self.state != "shutting-down"
    }

    /// Whether it is among the targets: all keys must match, each with one of its values.
    fn matches(&self, targets: &[Value]) -> bool {
        targets.iter().all(|target| {
            let (key, values) = (text(target, "Key"), texts(target.get("Values")));
            match key.split_once(':') {
                Some(("tag", name)) => self.tags.get(name).is_some_and(|value| values.contains(value)),
                _ if key.eq_ignore_ascii_case("InstanceIds") => {
                    values.contains(&self.id) || values.iter().any(|value| value == "*")
                }
                _ if key == "tag-key" => values.iter().any(|name| self.tags.contains_key(name)),
                _ => false,
            }
        })
    }
}

/// The account's EC2 instances.
pub(crate) async fn instances(world: &World, account: &AccountState) -> Result<Vec<Instance>> {
    let answer = control::query_to_emulator(world, account, "ec2", "DescribeInstances", &[]).await?;
    let read = |node: roxmltree::Node<'_, '_>| {
        let state = node.children().find(|child| child.tag_name().name() == "instanceState")?;
        let tag = |tag| Some((child_text(tag, "key")?, child_text(tag, "value")?));
        Some(Instance {
            id: child_text(node, "instanceId")?,
            state: child_text(state, "name")?,
            tags: items(node, "tagSet").filter_map(tag).collect(),
        })
    };
    let sets = answer.each("instancesSet", |set| set.children().filter_map(read).collect::<Vec<_>>())?;
    Ok(sets.into_iter().flatten().collect())
}

/// The managed instances that match all of the targets.
pub(crate) async fn resolve(world: &World, account: &AccountState, targets: &Value) -> Result<Vec<Instance>> {
    let targets = targets.as_array().cloned().unwrap_or_default();
    let all = instances(world, account).await?;
    let managed = |id: &str| account.node(id).is_some_and(|node| is_managed(&node));
    Ok(all
        .into_iter()
        .filter(|instance| instance.is_valid() && instance.matches(&targets) && managed(&instance.id))
        .collect())
}

/// The instances that a `SendCommand` is about, for IAM: those that it names, whether they are there or not, and those
/// that its targets resolve to.
pub(crate) async fn instances_of_call(
    world: &World,
    account: &AccountState,
    named: &[String],
    targets: &Value,
) -> Result<Vec<Instance>> {
    let all = instances(world, account).await?;
    let mut found: Vec<Instance> = named
        .iter()
        .map(|id| {
            let known = all.iter().find(|instance| instance.id == *id).cloned();
            known.unwrap_or_else(|| Instance { id: id.clone(), state: String::new(), tags: BTreeMap::new() })
        })
        .collect();
    if targets.as_array().is_some_and(|targets| !targets.is_empty()) {
        found.extend(resolve(world, account, targets).await?);
    }
    Ok(found)
}

/// A document's ARN by its name; AWS's own belong to nobody.
pub(crate) fn arn_of_document(name: &str, account: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    let owner = if name.starts_with("AWS-") { "" } else { account };
    format!("arn:aws:ssm:{REGION}:{owner}:document/{name}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_key_must_match_with_one_of_its_values() {
        let tags = BTreeMap::from([("role".to_owned(), "node".to_owned()), ("team".to_owned(), "blue".to_owned())]);
        let instance = Instance { id: "i-1".to_owned(), state: "running".to_owned(), tags };
        let table = [
            (json!([{"Key": "tag:role", "Values": ["node", "other"]}]), true),
            (json!([{"Key": "tag:role", "Values": ["node"]}, {"Key": "tag:team", "Values": ["red"]}]), false),
            (json!([{"Key": "tag:Role", "Values": ["node"]}]), false),
            (json!([{"Key": "InstanceIds", "Values": ["i-2", "i-1"]}]), true),
            (json!([{"Key": "instanceids", "Values": ["i-2"]}]), false),
            (json!([{"Key": "tag-key", "Values": ["team"]}]), true),
            (json!([{"Key": "resource-groups:Name", "Values": ["g"]}]), false),
        ];
        for (targets, expected) in table {
            assert_eq!(instance.matches(targets.as_array().unwrap()), expected, "{targets}");
        }
    }
}
