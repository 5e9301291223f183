//! Looks at the cluster: every key tried at every node, and what one node's `authorized_keys` holds.

use e2e::Result;
use e2e::ssh::{SECRET, Ssh, authorized_keys};
use local_aws::Node;
use report::{Line, Login, Moment};

use crate::names::Names;

/// The user whose keys these are.
pub(crate) const USER: &str = "ec2-user";
/// Words longer than this are keys and labels: their ends tell them apart.
const LONG: usize = 40;

/// A keypair of the secret. The private key is for trying; it goes nowhere else.
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) public: String,
    pub(crate) private: String,
}

impl Key {
    /// The one that a label's version holds; none if that has none yet.
    pub(crate) async fn of(ssh: &Ssh, label: &str, name: &'static str) -> Option<Self> {
        let (public, private) = (ssh.field(label, "PublicKey").await?, ssh.field(label, "PrivateKey").await?);
        Some(Self { name, public, private })
    }

    /// The key proper, base64.
    fn proper(&self) -> &str {
        self.public.split(' ').nth(1).unwrap_or(&self.public)
    }
}

/// What is found now.
pub(crate) async fn moment(ssh: &Ssh, name: &str, keys: &[Key], file_of: Option<&Node>) -> Result<Moment> {
    let current = ssh.field("AWSCURRENT", "PublicKey").await;
    let file = match file_of {
        Some(node) => node.read(&authorized_keys(USER)).await.unwrap_or_default(), // it may not be there yet
        None => String::new(),
    };
    Ok(Moment {
        name: name.to_owned(),
        logins: logins(ssh, keys).await?,
        current: keys.iter().find(|key| current.as_ref() == Some(&key.public)).map(|key| key.name.to_owned()),
        client: None,
        lines: file.split_terminator('\n').map(|text| line(text, keys)).collect(),
    })
}

async fn logins(ssh: &Ssh, keys: &[Key]) -> Result<Vec<Vec<Login>>> {
    let mut all = Vec::new();
    for key in keys {
        let logins = ssh.try_key(USER, &key.private).await?;
        all.push(logins.into_iter().map(told).collect());
    }
    Ok(all)
}

fn told(login: e2e::ssh::Login) -> Login {
    match login {
        e2e::ssh::Login::In => Login::In,
        e2e::ssh::Login::Refused => Login::Refused,
        e2e::ssh::Login::OtherHost => Login::OtherHost,
    }
}

/// A line with its long words shortened, and what cannot be seen made visible.
fn line(text: &str, keys: &[Key]) -> Line {
    let words: Vec<_> = text.split(' ').map(short).collect();
    let shown = match words.join(" ") {
        empty if empty.is_empty() => "(an empty line)".to_owned(),
        shown => shown.replace('\r', "\\r").replace('\t', "\\t"),
    };
    let key = keys.iter().find(|key| text.contains(key.proper()));
    Line { text: shown, key: key.map(|key| key.name.to_owned()) }
}

fn short(word: &str) -> String {
    let tail = |text: &str, n: usize| text.chars().skip(text.chars().count().saturating_sub(n)).collect::<String>();
    if let Some((generation, secret)) = word.strip_prefix("ssh-rotation:").and_then(|label| label.split_once(':')) {
        return format!("ssh-rotation:…{}:…{}", tail(generation, 4), tail(secret, 6));
    }
    if word.len() > LONG { format!("…{}", tail(word, 5)) } else { word.to_owned() }
}

/// `node-1`, `node-2`, ... for the instances' ids, and what else is long and says little.
pub(crate) fn names(ssh: &Ssh) -> Names {
    let nodes = ssh.nodes.iter().enumerate().map(|(at, node)| (node.instance_id().to_owned(), node_name(at)));
    let environment = &ssh.function.configuration().environment;
    let of_stack = [("COMMAND_DOCUMENT", "the stack's document"), ("CURRENT_KEY_PARAMETER", "the stack's parameter")];
    let of_stack =
        of_stack.into_iter().filter_map(|(name, told)| Some((environment.get(name)?.clone(), told.to_owned())));
    nodes.chain(of_stack).chain([(ssh.secret.clone(), SECRET.to_owned())]).collect()
}

/// The name of the node at a place, from 0.
pub(crate) fn node_name(at: usize) -> String {
    format!("node-{}", at + 1)
}
