//! Why a file was not copied, and what to do about it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use russh_sftp::client::error::Error as SftpError;
use russh_sftp::protocol::StatusCode;
use shared::aws::AwsError;
use ssh_rotation::keypair::KeypairError;
use ssh_rotation::ports::LoginError;
use ssh_rotation::secret_value::SecretValueError;

#[derive(Debug, thiserror::Error)]
pub(crate) enum CopyError {
    #[error("{path} can't be read", path = path.display())]
    Local { path: PathBuf, source: io::Error },
    #[error("{} is {what}", path.display())]
    Unfit { path: PathBuf, what: &'static str },
    #[error("{} became shorter while it was read; copy it when nobody writes to it", .0.display())]
    Shrunk(PathBuf),

    #[error("there is no region; set --region or AWS_REGION")]
    NoRegion,
    #[error("there are no credentials; give the instance a role, or set AWS_PROFILE")]
    NoCredentials(#[source] AwsError),
    #[error("this role may not read the secret {secret}; allow it secretsmanager:GetSecretValue (and kms:Decrypt)")]
    NotAllowed { secret: String, source: AwsError },
    #[error("there is no secret {secret} with the label AWSCURRENT in {region}; see --secret-id and --region")]
    NoSecret { secret: String, region: String },
    #[error(
        "there is no secret {secret} in {region}, or no rotation has recorded its nodes' host keys yet (label {label}); \
         see --secret-id and --region, rotate it (aws secretsmanager rotate-secret --secret-id {secret}), or name a \
         file with --known-hosts",
        label = ssh_rotation::host_keys::LABEL
    )]
    NoHostKeys { secret: String, region: String },
    #[error(transparent)]
    Aws(AwsError),
    #[error("the secret {secret}: {source}")]
    Value { secret: String, source: SecretValueError },
    #[error("the secret {0} holds no keypair yet; rotate it: aws secretsmanager rotate-secret --secret-id {0}")]
    NoKeypair(String),
    #[error("the secret {secret}: {source}")]
    Keypair { secret: String, source: KeypairError },

    #[error("the name {host} does not resolve; HOST may be an address too")]
    Resolve { host: String, source: io::Error },
    #[error("{} can't be read", path.display())]
    KnownHosts { path: PathBuf, source: io::Error },
    #[error("{}: a line for {host} holds no host key; correct it", path.display())]
    KnownHostsLine { path: PathBuf, host: String, source: Box<russh::keys::Error> },
    #[error("no host key of {host} port {port} is in {record}, so it is not trusted; {}", record.to_add(host, *port))]
    Unknown { host: String, port: u16, record: Record },

    #[error(
        "{address} shows another host key than the one in {record}, so it got nothing: somebody else may answer at its \
         address; if the node was replaced, {}", record.to_renew()
    )]
    Impostor { address: SocketAddr, record: Record },
    #[error(
        "{user}@{address} does not take the secret's current key; has a rotation reached this node (its tag, its SSM \
         agent), and is {user} among SSH_USERNAMES?"
    )]
    Refused { user: String, address: SocketAddr },
    #[error("{address} does not answer; see --port and the security groups")]
    Unreachable { address: SocketAddr, source: io::Error },
    #[error("no login at {address}")]
    Login { address: SocketAddr, source: LoginError },

    #[error("the node's sshd offers no SFTP; it needs the line `Subsystem sftp internal-sftp` in sshd_config")]
    NoSftp,
    #[error("the SSH connection failed; try again")]
    Connection(#[source] russh::Error),
    #[error("{doing} {path} on the node failed{}", hint(source))]
    Remote { doing: &'static str, path: String, source: SftpError },
    #[error("{path} on the node has {there} of {sent} bytes after the copy; it was removed, try again")]
    Size { path: String, there: u64, sent: u64 },
    #[error("{path} on the node was removed to be replaced, but the new file kept its temporary name {partial}")]
    Stranded { path: String, partial: String, source: SftpError },
    #[error("interrupted; the file on the node is as it was")]
    Interrupted,
}

/// Where the trusted host keys came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    /// The secret's version HOSTKEYS.
    Secret(String),
    /// --known-hosts.
    File(PathBuf),
}

impl Record {
    fn to_add(&self, host: &str, port: u16) -> String {
        match self {
            Self::Secret(secret) => format!(
                "give the node the rotation's tag and rotate (aws secretsmanager rotate-secret --secret-id {secret}), \
                 which records the host keys of all tagged nodes by address, or name a file with --known-hosts"
            ),
            Self::File(path) => format!(
                "add it, from a place that you trust and not from the network: `{} ssh-ed25519 AAAA...` in {}, with \
                 what /etc/ssh/ssh_host_ed25519_key.pub holds there",
                if port == 22 { host.to_owned() } else { format!("[{host}]:{port}") },
                path.display()
            ),
        }
    }

    fn to_renew(&self) -> String {
        match self {
            Self::Secret(secret) => format!(
                "rotate (aws secretsmanager rotate-secret --secret-id {secret}), which records the key that it has now"
            ),
            Self::File(path) => format!("correct {}", path.display()),
        }
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secret(secret) => write!(f, "the secret {secret} (label {})", ssh_rotation::host_keys::LABEL),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// A server's words are few: "Failure" is a full disk, too.
fn hint(error: &SftpError) -> &'static str {
    let SftpError::Status(status) = error else { return "" };
    match status.status_code {
        StatusCode::NoSuchFile => " (is the folder there?)",
        StatusCode::PermissionDenied => " (may this user write there?)",
        StatusCode::Failure => " (is the disk full, or a folder in the way?)",
        _ => "",
    }
}

/// A text on one line and without control characters: servers' words are in it.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_words_cannot_steer_the_terminal() {
        assert_eq!(one_line("a\nb\x1b[2Jc\u{9b}d"), "a b [2Jc d");
    }

    #[test]
    fn an_unknown_host_is_told_how_to_become_known() {
        let text = |record, port| CopyError::Unknown { host: "10.0.0.5".into(), port, record }.to_string();
        let secret = text(Record::Secret("/dev/ssh".into()), 22);
        assert!(secret.contains("rotate-secret --secret-id /dev/ssh"), "{secret}");
        let file = text(Record::File("hosts".into()), 2222);
        assert!(file.contains("`[10.0.0.5]:2222 ssh-ed25519 AAAA...` in hosts"), "{file}");
    }
}
