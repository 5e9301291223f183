//! What a stream has gathered, and when that is an object.

use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::configuration::Configuration;
use super::deliver;
use crate::account::Account;
use crate::lock;

/// A record that was taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Record {
    pub(super) data: Bytes,
    /// In seconds since 1970.
    pub(super) arrived: f64,
}

/// A stream's records that are not in S3 yet.
#[derive(Debug, Default)]
pub(super) struct Stream {
    gathered: Mutex<Gathered>,
    /// Held by who delivers, so that a flush waits for what is on its way.
    pub(super) delivery: tokio::sync::Mutex<()>,
}

/// Records that make an object, with the configuration that they came under.
#[derive(Debug, Clone)]
pub(super) struct Batch {
    pub(super) configuration: Arc<Configuration>,
    pub(super) records: Vec<Record>,
}

#[derive(Debug, Default)]
struct Gathered {
    open: Option<Batch>,
    bytes: usize,
    /// How many batches were begun: which one a timer was set for.
    begun: u64,
    closed: Vec<Batch>,
}

impl Gathered {
    fn close(&mut self) {
        self.bytes = 0;
        self.closed.extend(self.open.take());
    }

    /// Adds the records, closes what is large enough, and names the batch that was begun and is open still.
    fn take(&mut self, configuration: &Arc<Configuration>, records: Vec<Record>) -> Option<u64> {
        if self.open.as_ref().is_some_and(|batch| batch.configuration != *configuration) {
            self.close();
        }
        let known = self.begun;
        for record in records {
            self.add(configuration, record);
            if self.bytes >= configuration.size {
                self.close();
            }
        }
        (self.begun > known && self.open.is_some()).then_some(self.begun)
    }

    fn add(&mut self, configuration: &Arc<Configuration>, record: Record) {
        self.bytes += record.data.len();
        if let Some(batch) = &mut self.open {
            batch.records.push(record);
            return;
        }
        self.begun += 1;
        self.open = Some(Batch { configuration: configuration.clone(), records: vec![record] });
    }
}

impl Stream {
    /// Takes records; what is large enough is delivered at once, the rest when its time has come.
    pub(super) fn take(self: &Arc<Self>, account: &Account, configuration: Configuration, records: Vec<Record>) {
        let seconds = configuration.seconds;
        let (begun, deliverable) = {
            let mut gathered = lock(&self.gathered);
            let begun = gathered.take(&Arc::new(configuration), records);
            (begun, !gathered.closed.is_empty())
        };
        if deliverable {
            self.deliver(account);
        }
        if let Some(batch) = begun {
            self.deliver_in(seconds, batch, account);
        }
    }

    fn deliver_in(self: &Arc<Self>, seconds: f64, batch: u64, account: &Account) {
        let (stream, account) = (self.clone(), account.clone());
        let interval = account.state.firehose.clock.real(seconds);
        account.world.runtime.clone().spawn(async move {
            tokio::time::sleep(interval).await;
            if stream.close_if(batch) {
                stream.deliver(&account);
            }
        });
    }

    /// In the background: what fails is kept, and a flush tells.
    fn deliver(self: &Arc<Self>, account: &Account) {
        let (stream, account) = (self.clone(), account.clone());
        account.world.runtime.clone().spawn(async move { deliver::deliver(&account, &stream).await });
    }

    /// What was gathered is an object.
    pub(super) fn close(&self) {
        lock(&self.gathered).close();
    }

    fn close_if(&self, batch: u64) -> bool {
        let mut gathered = lock(&self.gathered);
        let same = gathered.begun == batch && gathered.open.is_some();
        if same {
            gathered.close();
        }
        same
    }

    /// The oldest batch that is to be delivered. It stays until [`delivered`](Self::delivered).
    pub(super) fn next(&self) -> Option<Batch> {
        lock(&self.gathered).closed.first().cloned()
    }

    pub(super) fn delivered(&self) {
        let mut gathered = lock(&self.gathered);
        if !gathered.closed.is_empty() {
            gathered.closed.remove(0);
        }
    }
}
