//! A cluster whose SSH keypair is rotated: a secret, nodes with real sshd, and OpenSSH's own client to try keys with.

mod client;

use local_aws::{Account, Deploy, Function, LocalAws, NODE_PORT, Node, NodeOptions, OpenRotation, Rotation, Stack};
use serde_json::{Value, json};

use crate::Result;
pub use client::{LoggedIn, Login};

/// The secret's name, the seed's.
pub const SECRET: &str = "/dev/ssh";
/// Where the nodes keep a user's keys.
#[must_use]
pub fn authorized_keys(user: &str) -> String {
    format!("/home/{user}/.ssh/authorized_keys")
}

/// The world: an account with the deployed function, a secret, and nodes.
pub struct Ssh {
    /// The account.
    pub account: Account,
    /// The deployed template.
    pub stack: Stack,
    /// The function.
    pub function: Function,
    /// The secret's ARN.
    pub secret: String,
    /// The nodes, in the order in which they were started.
    pub nodes: Vec<Node>,
}

impl Ssh {
    /// A secret `{}`, the function deployed from its shipped template with `parameters`, and so many nodes with its tag.
    pub async fn new(aws: &LocalAws, nodes: usize, parameters: &[(&str, &str)]) -> Result<Self> {
        Self::with_nodes(aws, nodes, &node_options(), parameters).await
    }

    /// The same, with nodes of another kind.
    pub async fn with_nodes(
        aws: &LocalAws,
        nodes: usize,
        options: &NodeOptions,
        parameters: &[(&str, &str)],
    ) -> Result<Self> {
        let account = aws.account();
        let (secret, stack) = secret_and_stack(&account, SECRET, parameters).await?;
        let function = stack.function("SshRotationFunction")?.clone();
        let nodes = account.start_nodes(nodes, options).await?;
        let ssh = Self { account, stack, function, secret, nodes };
        for node in &ssh.nodes {
            // The association finds no key yet; what it does then should not mix with the test.
            node.wait_for_associations(1, std::time::Duration::from_secs(20)).await?;
        }
        ssh.account.clear_calls();
        Ok(ssh)
    }

    /// A second secret and a stack of its own for it, for the same nodes.
    pub async fn second_secret(&self) -> Result<Self> {
        let account = self.account.clone();
        let (secret, stack) = secret_and_stack(&account, "/dev/second", &[]).await?;
        let function = stack.function("SshRotationFunction")?.clone();
        Ok(Self { account, stack, function, secret, nodes: self.nodes.clone() })
    }

    /// One more node with the tag.
    pub async fn join(&self) -> Result<Node> {
        Ok(self.account.start_node(node_options()).await?)
    }

    /// Rotates, one attempt.
    pub async fn rotate(&self) -> Result<Rotation> {
        Ok(self.account.rotate(&self.function, &self.secret).await?)
    }

    /// Rotates, and must succeed.
    pub async fn rotated(&self) -> Result<Rotation> {
        let rotation = self.rotate().await?;
        match rotation.error() {
            None => Ok(rotation),
            Some(error) => Err(format!("the rotation failed: {error}").into()),
        }
    }

    /// Begins a rotation; the test takes its steps.
    pub async fn begin(&self) -> Result<OpenRotation> {
        Ok(self.account.rotation(&self.function, &self.secret).begin().await?)
    }

    /// A Secrets Manager call by the hands of the test, about the secret.
    pub async fn secrets(&self, operation: &str, body: Value) -> Result<Value> {
        let mut body = body;
        if let Some(fields) = body.as_object_mut() {
            fields.insert("SecretId".to_owned(), json!(self.secret));
        }
        Ok(self.account.control_json("secretsmanager", &format!("secretsmanager.{operation}"), &body).await?.json()?)
    }

    /// The text of the version with a label; nothing if there is none.
    pub async fn text(&self, label: &str) -> Option<String> {
        let answer = self.secrets("GetSecretValue", json!({"VersionStage": label})).await.ok()?;
        answer.get("SecretString")?.as_str().map(str::to_owned)
    }

    /// A field of the version with a label.
    pub async fn field(&self, label: &str, field: &str) -> Option<String> {
        let value: Value = serde_json::from_str(&self.text(label).await?).ok()?;
        value.get(field)?.as_str().map(str::to_owned)
    }

    /// The private key of the version with a label.
    pub async fn private_key(&self, label: &str) -> Result<String> {
        Ok(self.field(label, "PrivateKey").await.ok_or_else(|| format!("no private key at {label}"))?)
    }

    /// Each version's labels.
    pub async fn labels(&self) -> Result<Value> {
        let described = self.secrets("DescribeSecret", json!({})).await?;
        Ok(described.get("VersionIdsToStages").cloned().unwrap_or_default())
    }

    /// The lines of a user's `authorized_keys` that carry a label of ours, sorted.
    pub async fn lines(&self, node: &Node, user: &str) -> Result<Vec<String>> {
        let text = node.read(&authorized_keys(user)).await.unwrap_or_default();
        let mut ours: Vec<_> = text.lines().filter(|line| line.contains("ssh-rotation:")).map(str::to_owned).collect();
        ours.sort();
        Ok(ours)
    }

    /// Whether a key logs in everywhere, nowhere, or at some nodes only.
    pub async fn who_lets_in(&self, user: &str, private_key: &str) -> Result<LoggedIn> {
        client::everywhere(&self.nodes, user, private_key).await
    }

    /// What comes of a key at each node, in their order.
    pub async fn try_key(&self, user: &str, private_key: &str) -> Result<Vec<Login>> {
        client::each(&self.nodes, user, private_key).await
    }
}

/// A secret `{}` and the shipped template deployed for it.
async fn secret_and_stack(account: &Account, name: &str, parameters: &[(&str, &str)]) -> Result<(String, Stack)> {
    let made = json!({"Name": name, "SecretString": "{}"});
    let made = account.control_json("secretsmanager", "secretsmanager.CreateSecret", &made).await?.json()?;
    let secret = made.get("ARN").and_then(Value::as_str).ok_or("the secret has no ARN")?.to_owned();
    let template = Deploy::template("functions/ssh-rotation/template.yaml")
        .stack_name(&format!("ssh{}", name.replace('/', "-")))
        .parameter("SecretArn", &secret)
        .parameter("SshPort", &NODE_PORT.to_string());
    let deploy = parameters.iter().fold(template, |deploy, (name, value)| deploy.parameter(name, value));
    Ok((secret, account.deploy(deploy).await?))
}

/// A node with the tag that the function looks for, and the user that it cares for.
#[must_use]
pub fn node_options() -> NodeOptions {
    NodeOptions::new().user("ec2-user").tag("RotateSSHKeys", "True")
}
