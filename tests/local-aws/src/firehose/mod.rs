//! Stand-in: `PutRecord` and `PutRecordBatch` of Data Firehose. ministack's write one object for each record, uncompressed,
//! and cannot be made to refuse a part of a call. Here records are checked by AWS's limits, refused where a fault says so, gathered, and
//! delivered to the bucket as AWS would: in GZIP or Parquet, under evaluated prefixes, by the stream's own role. Streams,
//! buckets and tables are ministack's, where the stack put them.
//!
//! <https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html>,
//! <https://docs.aws.amazon.com/firehose/latest/dev/s3-object-name.html>

mod configuration;
mod deliver;
mod object;
mod prefix;
mod put;
mod refusal;
mod schema;
mod stream;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use hyper::{Request, Response};

use crate::account::Account;
use crate::call::ApiCall;
use crate::error::Result;
use crate::lock;
use crate::ssm::time::Clock;
use crate::wire::json_response;
use crate::world::{AccountState, World};

pub(crate) use refusal::{Records, Refusal};

use stream::Stream;

/// An account's streams, by name.
#[derive(Debug, Default)]
pub(crate) struct State {
    streams: Mutex<BTreeMap<String, Arc<Stream>>>,
    clock: Clock,
}

impl State {
    /// What is gathered for a stream, of which ministack knows.
    fn stream(&self, name: &str) -> Arc<Stream> {
        lock(&self.streams).entry(name.to_owned()).or_default().clone()
    }
}

impl Account {
    /// Delivers what every stream has gathered, and waits until it is in S3. What could not be delivered is kept for the
    /// next time, as Firehose retries for 24 hours.
    pub async fn flush_firehose(&self) -> Result<()> {
        let streams: Vec<_> = lock(&self.state.firehose.streams).values().cloned().collect();
        let mut outcome = Ok(());
        for stream in streams {
            stream.close();
            outcome = outcome.and(deliver::deliver(self, &stream).await);
        }
        outcome
    }

    /// Lets the seconds for which Firehose gathers pass `speed` times faster, for objects that are begun from now on.
    pub fn set_firehose_clock(&self, speed: f64) {
        self.state.firehose.clock.set(speed);
    }
}

/// Answers one of the operations that are listed in `routes.rs`. `refusals`: what faults say of single records.
pub(crate) async fn answer(
    world: &Arc<World>,
    account: &Arc<AccountState>,
    call: &ApiCall,
    request: &Request<Bytes>,
    refusals: &[Refusal],
) -> Response<Bytes> {
    let account = Account { world: world.clone(), state: account.clone() };
    json_response(put::put(&account, &call.action, request.body(), refusals).await)
}
