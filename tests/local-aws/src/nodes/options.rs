//! How a node is to be.

use std::net::Ipv4Addr;

use crate::ssm::Agent;

/// The port of a node's sshd, unless options name another. Not 22: only root may bind that, and it may be taken.
pub const NODE_PORT: u16 = 2222;

/// What a node is started with. Without users nobody can log in; without tags no tag finds it.
#[derive(Debug, Clone)]
pub struct NodeOptions {
    pub(crate) users: Vec<String>,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) port: u16,
    pub(crate) instance_id: Option<String>,
    pub(crate) agent: Agent,
    pub(crate) sshd: Vec<String>,
}

impl Default for NodeOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl NodeOptions {
    /// A node with an online agent, a random address and no users.
    #[must_use]
    pub fn new() -> Self {
        Self {
            users: Vec::new(),
            tags: Vec::new(),
            address: None,
            port: NODE_PORT,
            instance_id: None,
            agent: Agent::Online,
            sshd: Vec::new(),
        }
    }

    /// A user with a home folder, a shell and the password `*`: not locked, but no password fits.
    #[must_use]
    pub fn user(mut self, name: &str) -> Self {
        self.users.push(name.to_owned());
        self
    }

    /// A tag of the EC2 instance.
    #[must_use]
    pub fn tag(mut self, key: &str, value: &str) -> Self {
        self.tags.push((key.to_owned(), value.to_owned()));
        self
    }

    /// An address of 127.0.0.0/8, in place of a random one.
    #[must_use]
    pub fn address(mut self, address: Ipv4Addr) -> Self {
        self.address = Some(address);
        self
    }

    /// The port of sshd, in place of [`NODE_PORT`].
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Stands for an EC2 instance that is there already, such as an Auto Scaling group's. Its tags are its own.
    #[must_use]
    pub fn instance(mut self, id: &str) -> Self {
        self.instance_id = Some(id.to_owned());
        self
    }

    /// The SSM agent's state.
    #[must_use]
    pub fn agent(mut self, agent: Agent) -> Self {
        self.agent = agent;
        self
    }

    /// A further line of `sshd_config`: `AuthorizedKeysFile /etc/ssh/keys/%u`.
    #[must_use]
    pub fn sshd_option(mut self, line: &str) -> Self {
        self.sshd.push(line.to_owned());
        self
    }

    /// Refused before a shell sees them: the names end in `/etc/passwd` and in paths.
    pub(crate) fn invalid_user(&self) -> Option<&str> {
        let valid = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c))
        };
        self.users.iter().map(String::as_str).find(|name| !valid(name) || *name == "root" || *name == "sshd")
    }
}
