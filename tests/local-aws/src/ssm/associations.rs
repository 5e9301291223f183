//! Stand-in: State Manager. An association is applied to the nodes that it targets when its stack is created, when a node
//! first comes online, and when a test says so. Schedules do not pass here.

use std::sync::Arc;

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::command::Plugin;
use super::send::with_stored;
use super::status::Status;
use super::{Agent, execute, store, targets, text};
use crate::account::Account;
use crate::error::Result;
use crate::lock;
use crate::nodes::NodeInner;
use crate::wire::ServiceError;

/// How an association ended on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssociationRun {
    /// The association's id.
    pub association_id: String,
    /// The document's name.
    pub document: String,
    /// The node.
    pub instance_id: String,
    /// `Success` or `Failed`.
    pub status: String,
    /// The last step's exit code; nothing if none ran.
    pub exit_code: Option<i32>,
    /// What the steps wrote to standard output.
    pub stdout: String,
    /// What the steps wrote to standard error, or why none ran.
    pub stderr: String,
}

/// A node's agent came online: the first time, its associations are applied.
pub(crate) fn came_online(account: &Account, node: &Arc<NodeInner>) {
    if std::mem::replace(&mut *lock(&node.seen), true) {
        return;
    }
    let (account, node) = (account.clone(), node.clone());
    let runtime = account.world.runtime.clone();
    runtime.spawn(async move {
        for association in store::associations(&account).await.unwrap_or_default() {
            apply(&account, &node, &association).await;
        }
    });
}

/// A stack was created: what it associates with nodes that are there is applied.
pub(crate) async fn deployed(account: &Account) -> Result<()> {
    let new: Vec<Value> = {
        let all = store::associations(account).await?;
        let mut known = lock(&account.state.ssm.known_associations);
        let new: Vec<Value> = all.into_iter().filter(|one| !known.contains(&id(one))).collect();
        known.extend(new.iter().map(id));
        new
    };
    let account = account.clone();
    let runtime = account.world.runtime.clone();
    runtime.spawn(async move { apply_to_online(&account, new).await });
    Ok(())
}

/// Every association, on every online node.
pub(crate) async fn apply_all(account: &Account) -> Result<Vec<AssociationRun>> {
    let associations = store::associations(account).await?;
    Ok(apply_to_online(account, associations).await)
}

async fn apply_to_online(account: &Account, associations: Vec<Value>) -> Vec<AssociationRun> {
    let mut running = JoinSet::new();
    let online = account.state.all_nodes().into_iter().filter(|node| node.agent() == Agent::Online);
    for node in online {
        *lock(&node.seen) = true;
        let (account, associations) = (account.clone(), associations.clone());
        running.spawn(async move {
            let mut runs = Vec::new();
            for association in &associations {
                runs.extend(apply(&account, &node, association).await);
            }
            runs
        });
    }
    let mut runs = Vec::new();
    while let Some(ended) = running.join_next().await {
        runs.extend(ended.into_iter().flatten());
    }
    runs
}

fn id(association: &Value) -> String {
    text(association, "AssociationId").to_owned()
}

/// Applies an association to a node, if it targets it.
async fn apply(account: &Account, node: &NodeInner, association: &Value) -> Option<AssociationRun> {
    let targeted = targets::resolve(&account.world, &account.state, &association["Targets"]).await.unwrap_or_default();
    if !targeted.iter().any(|instance| instance.id == node.instance_id) {
        return None;
    }
    let mut run = AssociationRun {
        association_id: id(association),
        document: text(association, "Name").to_owned(),
        instance_id: node.instance_id.clone(),
        status: String::new(),
        exit_code: None,
        stdout: String::new(),
        stderr: String::new(),
    };
    let status = match steps(account, node, association, &mut run).await {
        Ok(status) => status,
        Err(error) => {
            run.stderr = format!("{}: {}", error.code, error.message);
            Status::Failed
        }
    };
    status.name().clone_into(&mut run.status);
    lock(&node.association_runs).push(run.clone());
    node.changed.notify_waiters();
    Some(run)
}

async fn steps(
    account: &Account,
    node: &NodeInner,
    association: &Value,
    run: &mut AssociationRun,
) -> std::result::Result<Status, ServiceError> {
    let document = store::document(account, text(association, "Name"), text(association, "DocumentVersion")).await?;
    let given = association.get("Parameters").cloned().unwrap_or_else(|| json!({}));
    let steps = document.steps(&with_stored(account, given).await?)?;
    let mut plugins = vec![Plugin::new(""); steps.len()];
    let report = |at: usize, plugin: &Plugin| plugins.get_mut(at).into_iter().for_each(|place| *place = plugin.clone());
    let status = execute::steps(&account.state.ssm.clock, node, &crate::random::uuid(), &steps, report).await;
    for plugin in plugins.iter().filter(|plugin| plugin.ended.is_some()) {
        run.exit_code = Some(plugin.code);
        run.stdout.push_str(&plugin.stdout);
        run.stderr.push_str(&plugin.stderr);
    }
    Ok(status)
}
