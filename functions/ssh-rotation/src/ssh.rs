//! Real SSH logins, by russh.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, Handle};
use russh::keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{ChannelMsg, Disconnect, Preferred};
use ssh_key::{PrivateKey, PublicKey};
use tokio::net::TcpStream;

use crate::ports::{Login, LoginError, Logins};

/// A node in the same VPC answers in milliseconds; one that is behind a wrong security group never does.
const CONNECT: Duration = Duration::from_secs(5);
/// A whole login. A busy node's sshd takes seconds.
const LOGIN: Duration = Duration::from_secs(20);
/// The end of a session, which proves nothing any more.
const GOOD_BYE: Duration = Duration::from_secs(1);
/// What a login runs.
const COMMAND: &str = "true";

/// Logs in over TCP.
pub struct Ssh {
    port: u16,
}

impl Ssh {
    /// Nodes listen at `port`.
    #[must_use]
    pub fn new(port: u16) -> Self {
        Self { port }
    }
}

impl Logins for Ssh {
    async fn log_in(&self, login: Login<'_>) -> Result<(), LoginError> {
        let tried = tokio::time::timeout(LOGIN, self.connect_and_run(login)).await;
        tried.unwrap_or(Err(LoginError::TimedOut(LOGIN)))
    }
}

impl Ssh {
    async fn connect_and_run(&self, login: Login<'_>) -> Result<(), LoginError> {
        let address = SocketAddr::new(login.address, self.port);
        let session = connect(address, login.user, login.key, std::slice::from_ref(login.host_key)).await?;
        let ran = run(&session).await;
        // Politeness: the node's log otherwise tells of a connection that was lost. And the session's task, which has had
        // the key, should be over before the function answers and is frozen.
        let _ = session.disconnect(Disconnect::ByApplication, "", "").await;
        let _ = tokio::time::timeout(GOOD_BYE, session).await;
        ran
    }
}

/// Logs in at a server that has one of these host keys. A caller that holds no other reference to `key` can drop it
/// afterwards: the session keeps none.
pub async fn connect(
    address: SocketAddr,
    user: &str,
    key: &Arc<PrivateKey>,
    host_keys: &[PublicKey],
) -> Result<Handle<Trust>, LoginError> {
    let unreachable = |source| LoginError::Unreachable { port: address.port(), source };
    let connected = tokio::time::timeout(CONNECT, TcpStream::connect(address)).await;
    let stream = connected.map_err(|_| unreachable(std::io::ErrorKind::TimedOut.into()))?.map_err(unreachable)?;
    let _ = stream.set_nodelay(true); // an optimization only
    let trust = Trust(host_keys.to_vec());
    let mut session = client::connect_stream(Arc::new(configuration(host_keys)), stream, trust).await?;
    authenticate(&mut session, user, key).await?;
    Ok(session)
}

/// Asks the server for the very kinds of host key that are on record; it may have others.
fn configuration(host_keys: &[PublicKey]) -> client::Config {
    let kinds = host_keys.iter().flat_map(|key| match key.algorithm() {
        Algorithm::Rsa { .. } => {
            [HashAlg::Sha512, HashAlg::Sha256].map(|hash| Algorithm::Rsa { hash: Some(hash) }).to_vec()
        }
        other => vec![other],
    });
    client::Config {
        preferred: Preferred { key: Cow::Owned(kinds.collect()), ..Preferred::DEFAULT },
        inactivity_timeout: Some(LOGIN),
        keepalive_interval: Some(LOGIN / 4), // a server that is busy with a file, and not gone, answers these
        ..client::Config::default()
    }
}

async fn authenticate(session: &mut Handle<Trust>, user: &str, key: &Arc<PrivateKey>) -> Result<(), LoginError> {
    let hash = match key.algorithm() {
        // SHA-1 is what a server has that tells nothing; OpenSSH 8.8 and later refuse it, 7.2 and later know SHA-512.
        Algorithm::Rsa { .. } => session.best_supported_rsa_hash().await?.flatten().or(Some(HashAlg::Sha512)),
        _ => None,
    };
    let answer = session.authenticate_publickey(user, PrivateKeyWithHashAlg::new(Arc::clone(key), hash)).await?;
    if answer.success() { Ok(()) } else { Err(LoginError::Refused) }
}

async fn run(session: &Handle<Trust>) -> Result<(), LoginError> {
    let mut channel = session.channel_open_session().await?;
    channel.exec(true, COMMAND).await?;
    let mut ended = "no exit status".to_owned();
    while let Some(message) = channel.wait().await {
        match message {
            ChannelMsg::ExitStatus { exit_status: 0 } => return Ok(()),
            ChannelMsg::ExitStatus { exit_status } => ended = format!("exit status {exit_status}"),
            ChannelMsg::ExitSignal { signal_name, .. } => ended = format!("signal {signal_name:?}"),
            ChannelMsg::Failure => ended = "a refusal by sshd".into(),
            ChannelMsg::Close => break,
            _ => (),
        }
    }
    Err(LoginError::Command(ended))
}

/// The host keys that count.
pub struct Trust(Vec<PublicKey>);

impl client::Handler for Trust {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                self.0.iter().any(|known| known.key_data() == key.key_data())
            }
            PublicKeyOrCertificate::Certificate(_) => false,
        })
    }
}

impl From<russh::Error> for LoginError {
    fn from(error: russh::Error) -> Self {
        match error {
            russh::Error::UnknownKey | russh::Error::NoCommonAlgo { kind: russh::AlgorithmKind::Key, .. } => {
                Self::HostKey
            }
            other => Self::Protocol(other),
        }
    }
}
