//! Devices: what publishes to AWS's broker by MQTT over TLS, with an X.509 certificate that says who it is.

mod certificate;
mod connection;

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use bytes::Bytes;

use crate::account::Account;
use crate::error::Result;
use certificate::Certificate;
use connection::Connection;

impl Account {
    /// A new device: await it to connect, `account.device("sensor-1").await?`.
    pub fn device(&self, client_id: &str) -> NewDevice {
        NewDevice { account: self.clone(), client_id: client_id.to_owned(), topics: vec!["*".to_owned()] }
    }
}

/// A device that is not there yet.
#[derive(Debug)]
#[must_use = "a device connects when it is awaited"]
pub struct NewDevice {
    account: Account,
    client_id: String,
    topics: Vec<String>,
}

impl NewDevice {
    /// The topics that its policy lets it publish to, in the policy's own patterns (`*`, `?`); all, unless they are said.
    pub fn may_publish<T: Into<String>>(mut self, topics: impl IntoIterator<Item = T>) -> Self {
        self.topics = topics.into_iter().map(Into::into).collect();
        self
    }

    async fn connect(self) -> Result<Device> {
        let certificate = Certificate::create(&self.account).await?;
        certificate.allow(&self.account, &self.client_id, &self.topics).await?;
        let connection = Connection::open(&self.account.world, &self.client_id, &certificate).await?;
        Ok(Device { account: self.account, client_id: self.client_id, certificate, connection })
    }
}

impl IntoFuture for NewDevice {
    type Output = Result<Device>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.connect())
    }
}

/// A device that is connected, until it is dropped or the broker closes the connection.
#[derive(Debug)]
pub struct Device {
    account: Account,
    client_id: String,
    certificate: Certificate,
    connection: Connection,
}

impl Device {
    /// The MQTT client id.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The certificate's id, for control calls about it.
    #[must_use]
    pub fn certificate_id(&self) -> &str {
        &self.certificate.id
    }

    /// Publishes a message at least once, and waits until the broker acknowledges it. A publish that the policy does not
    /// allow is an error, and ends the connection, as AWS does with MQTT 3.1.1.
    pub async fn publish(&self, topic: &str, payload: impl Into<Bytes>) -> Result<()> {
        self.connection.publish(topic, [payload.into()]).await
    }

    /// The same with many messages, of which as many are under way at a time as AWS allows a client (100).
    pub async fn publish_all<P: Into<Bytes>>(&self, topic: &str, payloads: impl IntoIterator<Item = P>) -> Result<()> {
        self.connection.publish(topic, payloads.into_iter().map(Into::into)).await
    }

    /// Connects anew, with the same client id and certificate.
    pub async fn reconnect(&mut self) -> Result<()> {
        self.connection = Connection::open(&self.account.world, &self.client_id, &self.certificate).await?;
        Ok(())
    }
}
