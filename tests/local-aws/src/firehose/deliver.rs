//! From what was gathered into the bucket, if the stream's role may.

use super::configuration::Configuration;
use super::object::{self, Object};
use super::stream::{Batch, Stream};
use crate::account::Account;
use crate::error::{Error, Result};
use crate::iam::{Context, Policies};
use crate::{REGION, lake, stack};

/// Delivers the batches that are closed, oldest first, until one fails, which is kept for the next time.
pub(super) async fn deliver(account: &Account, stream: &Stream) -> Result<()> {
    let _one_at_a_time = stream.delivery.lock().await;
    while let Some(batch) = stream.next() {
        deliver_batch(account, &batch).await?;
        stream.delivered();
    }
    Ok(())
}

async fn deliver_batch(account: &Account, batch: &Batch) -> Result<()> {
    let configuration = &batch.configuration;
    let objects = object::of_batch(account, batch).await?;
    authorize(account, configuration, &objects).await?;
    for Object { key, body } in objects {
        lake::put(account, &configuration.bucket, &key, body).await?;
    }
    Ok(())
}

/// Asks the stream's own role, before anything is written.
async fn authorize(account: &Account, configuration: &Configuration, objects: &[Object]) -> Result<()> {
    let Configuration { stream, bucket, role, .. } = configuration;
    let policies = Policies::new(&stack::role_policies(account, role).await?);
    let context = Context::default()
        .with("aws:PrincipalAccount", account.id())
        .with("aws:PrincipalArn", &format!("arn:aws:iam::{}:role/{role}", account.id()))
        .with("aws:RequestedRegion", REGION)
        .with("aws:ResourceAccount", account.id())
        .with("aws:SecureTransport", "true");
    for (action, resource) in needed(account, configuration, objects) {
        policies.decide(action, &resource, &context).map_err(|because| Error::Delivery {
            stream: stream.clone(),
            bucket: bucket.clone(),
            reason: format!("{role} is not authorized to perform {action} on {resource}: {because}"),
        })?;
    }
    Ok(())
}

/// What a delivery does, action by action.
fn needed(account: &Account, configuration: &Configuration, objects: &[Object]) -> Vec<(&'static str, String)> {
    let object = |object: &Object| ("s3:PutObject", format!("arn:aws:s3:::{}/{}", configuration.bucket, object.key));
    let mut needed: Vec<_> = objects.iter().map(object).collect();
    if let Some(schema) = &configuration.conversion {
        let table = format!("table/{}/{}", schema.database, schema.table);
        for resource in ["catalog".to_owned(), format!("database/{}", schema.database), table] {
            needed.push(("glue:GetTableVersions", format!("arn:aws:glue:{REGION}:{}:{resource}", account.id())));
        }
    }
    needed
}
