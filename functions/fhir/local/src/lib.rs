//! The FHIR server on this machine: the function's own handler, on a `DynamoDB` (dynoxide) and an S3 (s3s) in this process.
//!
//! A request goes the way it goes in AWS: it becomes an event as an HTTP API sends it, the handler answers the event by the
//! SDK's own clients, over HTTP, and the answer becomes HTTP again. [`edge`] stands for API Gateway, [`cloud`] for the
//! services, [`function`] for Lambda.

pub mod cloud;
pub mod edge;
pub mod function;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use fhir::config::{Config, Edge};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::cloud::Cloud;
use crate::function::Function;

/// What is to be started.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Where to listen on 127.0.0.1; 0 is any port that is free.
    pub port: u16,
    /// The file that keeps everything; bodies and archive are in folders beside it. Without it all is in memory, and bodies
    /// in a folder that goes with the server.
    pub db: Option<PathBuf>,
    /// Whether posted messages are archived, in the bucket [`cloud::ARCHIVE_BUCKET`].
    pub archive: bool,
}

/// A server that runs; dropped, it ends with what it has under way.
pub struct Server {
    address: SocketAddr,
    cloud: Cloud,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another process listens there.
    #[error("port {0} is taken: stop what listens there, or choose another one, PORT=8081")]
    PortTaken(u16),
    /// The socket can't be had.
    #[error("can't listen at port {0}")]
    Listen(u16, #[source] std::io::Error),
    /// The database's file can't be opened or made.
    #[error("can't open the database {path}: {why}")]
    Database {
        /// `DB`
        path: String,
        /// What dynoxide says.
        why: String,
    },
    /// The folder of a bucket can't be made.
    #[error("can't make the folder {0}")]
    Folder(PathBuf, #[source] std::io::Error),
    /// A service of this process does not do as it should.
    #[error("{0}")]
    Service(String),
}

impl Server {
    /// Starts the server; it listens when this returns.
    pub async fn start(options: Options) -> Result<Self, StartError> {
        let listener = listen(options.port).await?; // first: a taken port must not leave files behind
        let address = listener.local_addr().map_err(|error| StartError::Listen(options.port, error))?;
        let cloud = Cloud::start(options.db.as_deref(), options.archive).await?;
        let config = Config {
            table: cloud::TABLE.to_owned(),
            bucket: cloud::BUCKET.to_owned(),
            archive_bucket: options.archive.then(|| cloud::ARCHIVE_BUCKET.to_owned()),
            page_size: 50,
            max_page_size: 200,
            edge: Edge { base_url: None, cors_origin: Some("*".to_owned()) },
        };
        let function = Function::start(&cloud, config)?;
        let (stop, stopped) = oneshot::channel();
        let serving = tokio::spawn(edge::serve(listener, function, stopped));
        Ok(Self { address, cloud, stop, serving })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of its FHIR API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The services behind it, for tests and figures.
    #[must_use]
    pub fn cloud(&self) -> &Cloud {
        &self.cloud
    }

    /// Takes no more requests, and ends those that are under way.
    pub async fn stop(self) {
        let _ = self.stop.send(()); // it has ended already, if nobody receives
        let _ = self.serving.await;
    }
}

async fn listen(port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => StartError::PortTaken(port),
        _ => StartError::Listen(port, error),
    })
}
