//! From what was gathered into the bucket.

use super::object::{self, Object};
use super::stream::{Batch, Stream};
use crate::account::Account;
use crate::error::Result;
use crate::lake;

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
    for Object { key, body } in object::of_batch(batch)? {
        lake::put(account, &batch.configuration.bucket, &key, body).await?;
    }
    Ok(())
}
