//! Real SSH logins, by russh.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use russh::client::{self, Handle};
use russh::keys::{Algorithm, HashAlg, PrivateKeyWithHashAlg, PublicKeyOrCertificate};
use russh::{ChannelMsg, Disconnect, Preferred};
use ssh_key::PublicKey;
use tokio::net::TcpStream;

use crate::ports::{Login, LoginError, Logins};

/// A node in the same VPC answers in milliseconds; one that is behind a wrong security group never does.
const CONNECT: Duration = Duration::from_secs(5);
/// A whole login. A busy node's sshd takes seconds.
const LOGIN: Duration = Duration::from_secs(20);
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
        let mut session = self.connect(login).await?;
        authenticate(&mut session, login).await?;
        run(&session).await?;
        // Politeness: the node's log otherwise tells of a connection that was lost.
        let _ = session.disconnect(Disconnect::ByApplication, "", "").await;
        Ok(())
    }

    async fn connect(&self, login: Login<'_>) -> Result<Handle<Trust>, LoginError> {
        let port = self.port;
        let unreachable = |source| LoginError::Unreachable { port, source };
        let connected = tokio::time::timeout(CONNECT, TcpStream::connect((login.address, port))).await;
        let stream = connected.map_err(|_| unreachable(std::io::ErrorKind::TimedOut.into()))?.map_err(unreachable)?;
        let _ = stream.set_nodelay(true); // an optimization only
        let trust = Trust(login.host_key.clone());
        client::connect_stream(Arc::new(configuration(login.host_key)), stream, trust).await.map_err(LoginError::from)
    }
}

/// Asks the server for the very kind of host key that is on record; it may have others.
fn configuration(host_key: &PublicKey) -> client::Config {
    let kinds = match host_key.algorithm() {
        Algorithm::Rsa { .. } => {
            [HashAlg::Sha512, HashAlg::Sha256].map(|hash| Algorithm::Rsa { hash: Some(hash) }).to_vec()
        }
        other => vec![other],
    };
    client::Config {
        preferred: Preferred { key: Cow::Owned(kinds), ..Preferred::DEFAULT },
        inactivity_timeout: Some(LOGIN),
        ..client::Config::default()
    }
}

async fn authenticate(session: &mut Handle<Trust>, login: Login<'_>) -> Result<(), LoginError> {
    let hash = match login.key.algorithm() {
        // SHA-1 is what a server has that tells nothing; OpenSSH 8.8 and later refuse it, 7.2 and later know SHA-512.
        Algorithm::Rsa { .. } => session.best_supported_rsa_hash().await?.flatten().or(Some(HashAlg::Sha512)),
        _ => None,
    };
    let key = PrivateKeyWithHashAlg::new(Arc::clone(login.key), hash);
    let answer = session.authenticate_publickey(login.user, key).await?;
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
            ChannelMsg::Failure => ended = "a refusal by sshd".to_owned(),
            ChannelMsg::Close => break,
            _ => (),
        }
    }
    Err(LoginError::Command(ended))
}

/// The one host key that counts.
struct Trust(PublicKey);

impl client::Handler for Trust {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        Ok(match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => key.key_data() == self.0.key_data(),
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
