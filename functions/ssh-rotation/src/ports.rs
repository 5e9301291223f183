//! What the function needs of the world: a secret, a fleet of nodes, logins. [`crate::aws`] and [`crate::ssh`] give
//! them; tests bring a world of their own.

#![expect(async_fn_in_trait, reason = "the one caller is this crate, on one thread: no Send is needed")]

use std::time::Duration;

use shared::aws::AwsError;
use shared::secret::SecretString;
use ssh_key::{PrivateKey, PublicKey};

use crate::command::{Command, Invocation};
use crate::config::Tag;
use crate::contract::Description;
use crate::key_line::KeyLine;
use crate::node::Node;

/// The secret and its versions. `secret` is an ARN or a name.
pub trait Secrets {
    /// What the secret is and which versions it has.
    async fn describe(&self, secret: &str) -> Result<Description, AwsError>;
    /// A version's value; `None` when there is no such version, or it has no value yet.
    async fn value(&self, secret: &str, version: Version<'_>) -> Result<Option<SecretString>, AwsError>;
    /// Stores a value.
    async fn put(&self, secret: &str, new: NewVersion<'_>) -> Result<Put, AwsError>;
    /// Makes version `to` the current one, which now is `from`.
    async fn promote(&self, secret: &str, to: &str, from: Option<&str>) -> Result<(), AwsError>;
}

/// A version by its label, and by its id too where that is known: both must fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version<'a> {
    /// The label.
    pub label: &'a str,
    /// The id.
    pub id: Option<&'a str>,
}

/// A value to store.
#[derive(Clone, Copy, Debug)]
pub struct NewVersion<'a> {
    /// The version's id; without one, a new version is made.
    pub id: Option<&'a str>,
    /// The label to attach to it.
    pub label: &'a str,
    /// The value.
    pub value: &'a SecretString,
    /// The event's rotation token.
    pub rotation_token: Option<&'a SecretString>,
}

/// What became of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is stored.
    Stored,
    /// The version has another value already, which stays.
    Exists,
}

/// The nodes, and telling them what to do.
pub trait Fleet {
    /// The running instances that have the tag. Complete: the adapter follows the pages.
    async fn nodes(&self, tag: &Tag) -> Result<Vec<Node>, AwsError>;
    /// Sends a command; answers its id.
    async fn send(&self, order: Order<'_>) -> Result<String, AwsError>;
    /// What each node has done with a command so far. Complete as above.
    async fn invocations(&self, command: &str) -> Result<Vec<Invocation>, AwsError>;
    /// Whether a command has ended, so that no invocations will be added to it.
    async fn ended(&self, command: &str) -> Result<bool, AwsError>;
    /// Tells nodes that join later which key is current.
    async fn publish(&self, parameter: &str, line: &KeyLine) -> Result<(), AwsError>;
}

/// A command and how to send it.
#[derive(Clone, Copy, Debug)]
pub struct Order<'a> {
    /// What to do.
    pub command: &'a Command,
    /// The document that does it.
    pub document: &'a str,
    /// The nodes.
    pub target: &'a Tag,
    /// How many nodes at a time.
    pub max_concurrency: &'a str,
    /// How long a node may take to accept it. One that comes back later does not run it any more.
    pub delivery: Duration,
}

/// Real logins.
pub trait Logins {
    /// Logs in and runs a command, whose exit status counts.
    async fn log_in(&self, login: Login<'_>) -> Result<(), LoginError>;
}

/// One login.
#[derive(Clone, Copy)]
pub struct Login<'a> {
    /// Where.
    pub address: std::net::IpAddr,
    /// As whom.
    pub user: &'a str,
    /// By which key.
    pub key: &'a std::sync::Arc<PrivateKey>,
    /// The host key that the node must have.
    pub host_key: &'a PublicKey,
}

/// A login that did not work.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// No TCP connection.
    #[error("no connection to port {port} (security group? SSH_PORT? is the function in the nodes' VPC?): {source}")]
    Unreachable {
        /// `SSH_PORT`.
        port: u16,
        /// What the kernel says.
        source: std::io::Error,
    },
    /// The host has another key than the one it printed.
    #[error("another host key than the node printed: somebody else answers at its address")]
    HostKey,
    /// The server refuses the key.
    #[error("sshd refuses the new key")]
    Refused,
    /// The command failed.
    #[error("logged in, but the command `true` ended with {0}")]
    Command(String),
    /// The protocol failed.
    #[error("the SSH connection failed: {0}")]
    Protocol(russh::Error),
    /// Too slow.
    #[error("no login within {} s", .0.as_secs())]
    TimedOut(Duration),
}
