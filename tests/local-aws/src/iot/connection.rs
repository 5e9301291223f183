//! One MQTT connection over TLS with a client certificate, by rumqttc and rustls.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use rumqttc::{
    AsyncClient, ConnectionError, Event, EventLoop, Incoming, MqttOptions, PublishOptions, QoS, TlsConfiguration,
    Transport,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore, crypto};
use tokio::task::JoinHandle;

use super::certificate::Certificate;
use crate::error::{Error, Result};
use crate::http;
use crate::world::World;

/// AWS's limits: publishes of a client under way at a time, bytes of a message.
const IN_FLIGHT: u16 = 100;
const MESSAGE_BYTES: usize = 128 * 1024;

/// The broker answers within this, or not at all.
const ANSWERS_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Connection {
    client_id: String,
    client: AsyncClient,
    network: JoinHandle<()>,
    /// Why the network ended.
    end: Arc<OnceLock<ConnectionError>>,
}

impl Connection {
    /// Connects, and waits until the broker accepts.
    pub(super) async fn open(world: &World, client_id: &str, certificate: &Certificate) -> Result<Self> {
        let failed = |error| Error::Mqtt { what: format!("{client_id} is not connected"), source: Box::new(error) };
        // By name, as devices do: AWS wants one in the handshake (SNI).
        let mut options = MqttOptions::new(client_id, ("localhost", world.emulators.mqtt.port()));
        options.set_transport(Transport::tls_with_config(tls(world, certificate).await?));
        options.set_inflight(IN_FLIGHT).set_max_packet_size(MESSAGE_BYTES, MESSAGE_BYTES);
        let (client, network) = AsyncClient::builder(options).capacity(IN_FLIGHT.into()).build();
        // Not on the test's own runtime: a device may be passed on to another.
        let network = world.runtime.spawn(accepted(network)).await.map_err(|_| Error::Stopped)?.map_err(failed)?;
        let end = Arc::new(OnceLock::new());
        let network = world.runtime.spawn(run(network, end.clone()));
        Ok(Self { client_id: client_id.to_owned(), client, network, end })
    }

    /// Publishes, and waits for every PUBACK.
    pub(super) async fn publish(&self, topic: &str, payloads: impl IntoIterator<Item = Bytes>) -> Result<()> {
        let failed = |source| Error::Mqtt { what: self.not_published(topic), source };
        let mut notices = Vec::new();
        for payload in payloads {
            let options = PublishOptions::new(QoS::AtLeastOnce);
            let notice = self.client.publish_tracked(topic, payload, options).await;
            notices.push(notice.map_err(|error| failed(Box::new(error)))?);
        }
        for notice in notices {
            let acknowledged = tokio::time::timeout(ANSWERS_WITHIN, notice.wait_completion_async()).await;
            let acknowledged = acknowledged.map_err(|error| failed(Box::new(error)))?;
            acknowledged.map_err(|error| failed(Box::new(error)))?;
        }
        Ok(())
    }

    fn not_published(&self, topic: &str) -> String {
        let end = self.end.get().map(|error| format!(", for its connection ended ({error}); may it publish there?"));
        format!("{} has not published to {topic}{}", self.client_id, end.unwrap_or_default())
    }
}

/// It does not connect again by itself, for the broker closes a connection to say no.
async fn run(mut network: EventLoop, end: Arc<OnceLock<ConnectionError>>) {
    loop {
        if let Err(error) = network.poll().await {
            // Set once, here; before the network goes, which ends the waiting for acknowledgements.
            let _ = end.set(error);
            return;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.network.abort();
    }
}

async fn accepted(mut network: EventLoop) -> Result<EventLoop, ConnectionError> {
    let accepted = async {
        while !matches!(network.poll().await?, Event::Incoming(Incoming::ConnAck(_))) {}
        Ok(())
    };
    tokio::time::timeout(ANSWERS_WITHIN, accepted).await.unwrap_or(Err(ConnectionError::NetworkTimeout))?;
    Ok(network)
}

/// The server is verified by the emulator's CA, the client by its certificate.
async fn tls(world: &World, certificate: &Certificate) -> Result<TlsConfiguration> {
    let ca = http::send(world.emulators.ministack, http::request("GET", "/_ministack/iot/ca.pem", &[], "")?).await?;
    let pem = |error| Error::malformed("a PEM of IoT's", error);
    let rustls = |error: rustls::Error| Error::Mqtt { what: "TLS".to_owned(), source: Box::new(error) };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca.body()).map_err(pem)?).map_err(rustls)?;
    let chain = vec![CertificateDer::from_pem_slice(certificate.pem.as_bytes()).map_err(pem)?];
    let key = PrivateKeyDer::from_pem_slice(certificate.private_key.as_bytes()).map_err(pem)?;
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions() // 1.2 and 1.3
        .map_err(rustls)?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .map_err(rustls)?;
    Ok(TlsConfiguration::Rustls(Arc::new(config)))
}
