//! A world in memory for the tests of the steps: a secret with versions, nodes with lines, and calls that fail at will.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use shared::aws::AwsError;
use shared::secret::{ExposeSecret, SecretString};

use crate::command::{Action, Invocation};
use crate::config::{Config, KeyAlgorithm, PreviousKey, PrivateKeyFormat, Tag};
use crate::contract::{CURRENT, Description, PENDING, PREVIOUS};
use crate::key_line::{Generation, KeyLine, base64_of};
use crate::node::Node;
use crate::ports::{Fleet, Login, LoginError, Logins, NewVersion, Order, Put, Secrets, Version};

pub(crate) const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:/dev/ssh-AbCdEf";
/// The host key of every node.
pub(crate) const HOST_KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";

pub(crate) fn config() -> Config {
    Config {
        target: Tag { key: "RotateSSHKeys".into(), value: "True".into() },
        users: vec!["ec2-user".into(), "ubuntu".into()],
        algorithm: KeyAlgorithm::Ed25519,
        format: PrivateKeyFormat::Openssh,
        ssh_port: 22,
        previous_key: PreviousKey::Revoke,
        document: "document".into(),
        current_key_parameter: Some("/current".into()),
        max_concurrency: "50".into(),
    }
}

/// What a call does when it is its turn to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing is carried out.
    Before,
    /// It is carried out, and the answer is lost.
    After,
}

#[derive(Default)]
pub(crate) struct World {
    /// Label to version id.
    pub(crate) labels: RefCell<BTreeMap<String, String>>,
    /// Version id to value.
    pub(crate) values: RefCell<BTreeMap<String, String>>,
    /// Versions that have been made, in order, with those that have no label any more.
    pub(crate) made: RefCell<Vec<String>>,
    /// Instance to the lines of its `authorized_keys`.
    pub(crate) nodes: RefCell<BTreeMap<String, BTreeSet<String>>>,
    /// Instances that don't answer Run Command.
    pub(crate) silent: RefCell<BTreeSet<String>>,
    /// Instances whose sshd lets nobody in.
    pub(crate) locked: RefCell<BTreeSet<String>>,
    pub(crate) published: RefCell<Option<String>>,
    pub(crate) writes: Cell<usize>,
    pub(crate) rotation_disabled: Cell<bool>,
    pub(crate) rotation_tokens: RefCell<Vec<Option<String>>>,
    calls: Cell<usize>,
    fault: Cell<Option<(usize, Fault)>>,
    commands: RefCell<Vec<Vec<Invocation>>>,
}

impl World {
    /// A secret `{}` and so many nodes.
    pub(crate) fn new(nodes: usize) -> Self {
        let world = Self::default();
        world.labels.borrow_mut().insert(CURRENT.into(), "first".into());
        world.values.borrow_mut().insert("first".into(), r#"{"Name":"cluster"}"#.into());
        for node in 1..=nodes {
            world.nodes.borrow_mut().insert(format!("i-{node}"), BTreeSet::from(["foreign".to_owned()]));
        }
        world
    }

    /// What `RotateSecret` does: a version without a value.
    pub(crate) fn begin(&self, token: &str) {
        self.labels.borrow_mut().insert(PENDING.into(), token.into());
    }

    /// The `n`th call from now on, counted from 1, fails.
    pub(crate) fn fail(&self, n: usize, fault: Fault) {
        self.calls.set(0);
        self.fault.set(Some((n, fault)));
    }

    /// Ends failing; whether the call that was to fail has come.
    pub(crate) fn heal(&self) -> bool {
        self.fault.take().is_none_or(|(n, _)| self.calls.get() >= n)
    }

    /// The public keys of the versions with these labels.
    pub(crate) fn key(&self, label: &str) -> Option<KeyLine> {
        let id = self.labels.borrow().get(label)?.clone();
        let value: serde_json::Value = serde_json::from_str(self.values.borrow().get(&id)?).ok()?;
        KeyLine::read(value.get("PublicKey")?.as_str()?, ARN).ok()
    }

    /// The lines of all nodes, which must be the same everywhere.
    pub(crate) fn lines(&self) -> BTreeSet<String> {
        let nodes = self.nodes.borrow();
        let first = nodes.values().next().cloned().unwrap_or_default();
        assert!(nodes.values().all(|lines| *lines == first), "{nodes:?}");
        first
    }

    /// Carries out a call, unless it is to fail.
    fn call<T>(&self, action: &'static str, carry_out: impl FnOnce() -> T) -> Result<T, AwsError> {
        self.calls.set(self.calls.get() + 1);
        let fault = self.fault.get().filter(|(n, _)| *n == self.calls.get()).map(|(_, fault)| fault);
        if fault == Some(Fault::Before) {
            return Err(error(action));
        }
        let done = carry_out();
        if fault == Some(Fault::After) { Err(error(action)) } else { Ok(done) }
    }

    fn write<T>(&self, action: &'static str, carry_out: impl FnOnce() -> T) -> Result<T, AwsError> {
        self.call(action, || {
            self.writes.set(self.writes.get() + 1);
            carry_out()
        })
    }

    fn obey(&self, instance: &str, lines: &mut BTreeSet<String>, order: &Order<'_>) -> Invocation {
        let said = |status: &str, output: String| Invocation {
            instance: instance.into(),
            status: status.into(),
            details: status.into(),
            output,
        };
        if self.silent.borrow().contains(instance) {
            return said("Failed", "ssh-rotation: ec2-user: no space left".into());
        }
        let line = &order.command.line;
        lines.insert(line.text().to_owned());
        if let Action::Finish { keep, .. } = order.command.action {
            lines.retain(|other| match generation(other) {
                Some(generation) => generation >= line.generation() || Some(generation) == keep,
                None => true,
            });
        }
        said("Success", format!("host-key {HOST_KEY}\nuser ec2-user done\n"))
    }
}

fn generation(line: &str) -> Option<Generation> {
    KeyLine::read(line, ARN).ok().map(|line| line.generation())
}

fn error(action: &'static str) -> AwsError {
    use aws_sdk_ssm::error::SdkError;
    use aws_sdk_ssm::operation::send_command::SendCommandError;
    AwsError::new(action, SdkError::<SendCommandError, _>::timeout_error("lost"))
}

impl Secrets for &World {
    async fn describe(&self, _: &str) -> Result<Description, AwsError> {
        self.call("DescribeSecret", || {
            let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
            for (label, id) in &*self.labels.borrow() {
                versions.entry(id.clone()).or_default().push(label.clone());
            }
            Description { arn: ARN.into(), rotation_enabled: !self.rotation_disabled.get(), versions }
        })
    }

    async fn value(&self, _: &str, version: Version<'_>) -> Result<Option<SecretString>, AwsError> {
        self.call("GetSecretValue", || {
            let labels = self.labels.borrow();
            let id = labels.get(version.label).filter(|id| version.id.is_none_or(|wanted| wanted == *id))?;
            self.values.borrow().get(id).map(|value| SecretString::from(value.as_str()))
        })
    }

    async fn put(&self, _: &str, new: NewVersion<'_>) -> Result<Put, AwsError> {
        self.write("PutSecretValue", || {
            let id = new.id.map_or_else(|| format!("made-{}", self.made.borrow().len()), str::to_owned);
            self.rotation_tokens.borrow_mut().push(new.rotation_token.map(|token| token.expose_secret().to_owned()));
            let value = new.value.expose_secret().to_owned();
            match self.values.borrow().get(&id) {
                Some(same) if *same == value => return Put::Stored,
                Some(_) => return Put::Exists,
                None => (),
            }
            self.made.borrow_mut().push(id.clone());
            self.labels.borrow_mut().insert(new.label.into(), id.clone());
            self.values.borrow_mut().insert(id, value);
            Put::Stored
        })
    }

    async fn promote(&self, _: &str, to: &str, from: Option<&str>) -> Result<(), AwsError> {
        let refused = self.labels.borrow().get(CURRENT).map(String::as_str) != from;
        let moved = self.write("UpdateSecretVersionStage", || {
            if !refused {
                let mut labels = self.labels.borrow_mut();
                if let Some(from) = from {
                    labels.insert(PREVIOUS.into(), from.into());
                }
                labels.insert(CURRENT.into(), to.into());
            }
        });
        if refused { Err(error("UpdateSecretVersionStage")) } else { moved }
    }
}

impl Fleet for &World {
    async fn nodes(&self, _: &Tag) -> Result<Vec<Node>, AwsError> {
        self.call("DescribeInstances", || {
            let ids: Vec<_> = self.nodes.borrow().keys().cloned().collect();
            let addresses = (1..).map(|n| Some(IpAddr::V4(Ipv4Addr::new(10, 0, 0, n))));
            ids.into_iter().zip(addresses).map(|(instance, address)| Node { instance, address }).collect()
        })
    }

    async fn send(&self, order: Order<'_>) -> Result<String, AwsError> {
        self.write("SendCommand", || {
            let mut nodes = self.nodes.borrow_mut();
            let invocations = nodes.iter_mut().map(|(id, lines)| self.obey(id, lines, &order)).collect();
            self.commands.borrow_mut().push(invocations);
            (self.commands.borrow().len() - 1).to_string()
        })
    }

    async fn invocations(&self, command: &str) -> Result<Vec<Invocation>, AwsError> {
        self.call("ListCommandInvocations", || {
            let number: usize = command.parse().unwrap();
            self.commands.borrow()[number].clone()
        })
    }

    async fn ended(&self, _: &str) -> Result<bool, AwsError> {
        self.call("ListCommands", || true)
    }

    async fn publish(&self, _: &str, line: &KeyLine) -> Result<(), AwsError> {
        self.write("PutParameter", || *self.published.borrow_mut() = Some(line.text().to_owned()))
    }
}

impl Logins for &World {
    async fn log_in(&self, login: Login<'_>) -> Result<(), LoginError> {
        let IpAddr::V4(address) = login.address else { panic!() };
        let instance = format!("i-{}", address.octets()[3]);
        let key = base64_of(&login.key.public_key().to_openssh().unwrap());
        let nodes = self.nodes.borrow();
        let known = nodes[&instance].iter().any(|line| base64_of(line) == key);
        assert_eq!(login.host_key.to_openssh().unwrap(), HOST_KEY);
        if known && !self.locked.borrow().contains(&instance) { Ok(()) } else { Err(LoginError::Refused) }
    }
}
