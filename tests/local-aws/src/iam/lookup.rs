//! What IAM knows about a resource: its ARN, its tags, its VPC. Asked of the emulator, and kept until the test changes something.

use std::collections::HashMap;
use std::sync::Mutex;

use bytes::Bytes;
use hyper::Request;
use roxmltree::Node;
use serde_json::{Value, json};

use super::{Context, Target};
use crate::control::{Answer, child_text, items, json_request, query_request};
use crate::error::{Error, Result};
use crate::world::{AccountState, World};
use crate::{REGION, http, lock};

/// The resources that were looked up.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    known: Mutex<HashMap<String, Target>>,
    /// Held while asking: of a hundred calls at once, one asks and the others find the answer.
    asking: tokio::sync::Mutex<()>,
}

impl Lookups {
    /// After a call that may have changed tags.
    pub(crate) fn forget(&self) {
        lock(&self.known).clear();
    }

    fn get(&self, name: &str) -> Option<Target> {
        lock(&self.known).get(name).cloned()
    }

    fn keep(&self, name: String, target: Target) -> Target {
        lock(&self.known).insert(name, target.clone());
        target
    }
}

pub(crate) async fn route_table(world: &World, account: &AccountState, id: &str) -> Result<Target> {
    let _one_asks = account.lookups.asking.lock().await;
    if let Some(known) = account.lookups.get(id) {
        return Ok(known);
    }
    // All at once: a function that moves the routes of a hundred tables should not wait for a hundred lookups.
    let answer = ask(world, account, "ec2", "DescribeRouteTables", &[]).await?;
    let tables = answer
        .each("routeTableSet", |set| set.children().filter_map(|node| table(account, node)).collect::<Vec<_>>())?;
    for (id, target) in tables.into_iter().flatten() {
        account.lookups.keep(id, target);
    }
    // One that does not exist has an ARN all the same: the service answers that it is not there.
    let arn = format!("arn:aws:ec2:{REGION}:{}:route-table/{id}", account.id);
    Ok(account.lookups.get(id).unwrap_or_else(|| Target::new(arn, Context::default())))
}

fn table(account: &AccountState, node: Node<'_, '_>) -> Option<(String, Target)> {
    let prefix = format!("arn:aws:ec2:{REGION}:{}", account.id);
    let (id, vpc) = (child_text(node, "routeTableId")?, child_text(node, "vpcId")?);
    let context = tags(node, "tagSet", "key", "value", &["aws:ResourceTag", "ec2:ResourceTag"]);
    let context = context.with("ec2:Vpc", &format!("{prefix}:vpc/{vpc}")).with("ec2:Region", REGION);
    Some((id.clone(), Target::new(format!("{prefix}:route-table/{id}"), context)))
}

pub(crate) async fn group(world: &World, account: &AccountState, name: &str) -> Result<Target> {
    let _one_asks = account.lookups.asking.lock().await;
    if let Some(known) = account.lookups.get(name) {
        return Ok(known);
    }
    let parameters = [("AutoScalingGroupNames.member.1", name)];
    let answer = ask(world, account, "autoscaling", "DescribeAutoScalingGroups", &parameters).await?;
    let read = |node: Node<'_, '_>| {
        let arn = child_text(node, "AutoScalingGroupARN")?;
        Some(Target::new(arn, tags(node, "Tags", "Key", "Value", &["aws:ResourceTag", "autoscaling:ResourceTag"])))
    };
    let groups: Vec<Target> = answer.each("member", read)?.into_iter().flatten().collect();
    let missing = || {
        let arn = format!("arn:aws:autoscaling:{REGION}:{}:autoScalingGroup:*:autoScalingGroupName/{name}", account.id);
        Target::new(arn, Context::default())
    };
    Ok(account.lookups.keep(name.to_owned(), groups.into_iter().next().unwrap_or_else(missing)))
}

pub(crate) async fn group_of_instance(world: &World, account: &AccountState, instance: &str) -> Result<Target> {
    let parameters = [("InstanceIds.member.1", instance)];
    let answer = ask(world, account, "autoscaling", "DescribeAutoScalingInstances", &parameters).await?;
    let name = answer.texts("AutoScalingGroupName")?.into_iter().next().unwrap_or_default();
    group(world, account, &name).await
}

/// A secret by its name or ARN. Its own ARN ends in six characters that only a description tells.
pub(crate) async fn secret(world: &World, account: &AccountState, id: &str) -> Result<Target> {
    let known_as = format!("secret {id}");
    let _one_asks = account.lookups.asking.lock().await;
    if let Some(known) = account.lookups.get(&known_as) {
        return Ok(known);
    }
    let body = json!({"SecretId": id});
    let request = json_request(&account.control_key(), "secretsmanager", "secretsmanager.DescribeSecret", &body)?;
    match ask_moto(world, account, "secretsmanager", "DescribeSecret", request).await {
        Ok(answer) => Ok(account.lookups.keep(known_as, described_secret(&answer.json()?))),
        // One that does not exist has an ARN all the same: the service answers that it is not there.
        Err(Error::Control { .. }) if id.starts_with("arn:") => Ok(Target::new(id, Context::default())),
        Err(Error::Control { .. }) => {
            let arn = format!("arn:aws:secretsmanager:{REGION}:{}:secret:{id}", account.id);
            Ok(Target::new(arn, Context::default()))
        }
        Err(error) => Err(error),
    }
}

fn described_secret(secret: &Value) -> Target {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).map(str::to_owned);
    let mut context = Context::default().with("secretsmanager:SecretPrimaryRegion", REGION);
    if let Some(function) = text(secret, "RotationLambdaARN") {
        context.add("secretsmanager:resource/AllowRotationLambdaArn", &function);
    }
    for tag in secret.get("Tags").and_then(Value::as_array).into_iter().flatten() {
        let (Some(key), Some(value)) = (text(tag, "Key"), text(tag, "Value")) else { continue };
        context.add(&format!("aws:ResourceTag/{key}"), &value);
        context.add(&format!("secretsmanager:ResourceTag/{key}"), &value);
    }
    Target::new(text(secret, "ARN").unwrap_or_default(), context)
}

fn tags(node: Node<'_, '_>, list: &str, key: &str, value: &str, prefixes: &[&str]) -> Context {
    let mut context = Context::default();
    for item in items(node, list) {
        let (Some(key), Some(value)) = (child_text(item, key), child_text(item, value)) else { continue };
        for prefix in prefixes {
            context.add(&format!("{prefix}/{key}"), &value);
        }
    }
    context
}

/// Asks moto directly: nobody called, so nothing is recorded.
async fn ask(
    world: &World,
    account: &AccountState,
    service: &str,
    action: &str,
    parameters: &[(&str, &str)],
) -> Result<Answer> {
    let request = query_request(&account.control_key(), service, action, parameters)?;
    ask_moto(world, account, service, action, request).await
}

async fn ask_moto(
    world: &World,
    account: &AccountState,
    service: &str,
    action: &str,
    mut request: Request<Bytes>,
) -> Result<Answer> {
    let id = account.id.parse().map_err(|error| Error::malformed("an account id", error))?;
    request.headers_mut().insert("x-moto-account-id", id);
    let response = http::send(world.emulators.moto, request).await?;
    Answer::from(response).successful(service, action)
}
