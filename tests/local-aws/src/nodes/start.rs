//! Starting nodes, and the instances that they stand for.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use tokio::sync::{Notify, OnceCell};
use tokio::task::JoinSet;

use super::options::{NODE_PORT, NodeOptions};
use super::sandbox::Sandbox;
use super::{Node, NodeInner, setup};
use crate::account::Account;
use crate::control::child_text;
use crate::error::{Error, Result};
use crate::ssm::Agent;
use crate::{random, write};

/// A random address of 127.0.0.0/8 whose `port` is free.
pub fn random_address(port: u16) -> Result<Ipv4Addr> {
    for _ in 0..100 {
        let [second, third, fourth, ..] = random::number().to_le_bytes();
        let address = Ipv4Addr::new(127, second.max(1), third, fourth.clamp(1, 254));
        if TcpListener::bind((address, port)).is_ok() {
            return Ok(address);
        }
    }
    Err(Error::malformed("an address for a node", format!("port {port} is taken or forbidden everywhere")))
}

/// The subnet of an account's nodes: AWS has none in 127.0.0.0/8, but these addresses can be reached. No two accounts
/// share one, in this process or in another that runs at the same time.
#[derive(Debug, Default)]
pub(crate) struct NodeNetwork {
    subnet: OnceCell<(String, Block)>,
}

impl NodeNetwork {
    async fn subnet(&self, account: &Account) -> Result<&String> {
        let make = || async {
            let block = Block::claim()?;
            let vpc = account.control("ec2", "CreateVpc", &[("CidrBlock", &block.cidr)]).await?.text("vpcId")?;
            let subnet = [("VpcId", vpc.as_str()), ("CidrBlock", &block.cidr)];
            Ok((account.control("ec2", "CreateSubnet", &subnet).await?.text("subnetId")?, block))
        };
        Ok(&self.subnet.get_or_try_init(make).await?.0)
    }
}

/// Addresses for a thousand nodes.
#[derive(Debug)]
struct Block {
    cidr: String,
    /// Its first address, which AWS keeps for the router: whoever listens there has the block.
    _claim: TcpListener,
}

impl Block {
    /// 127.1.0.0/22 to 127.255.252.0/22: not 127.0.x.y, where people put things by hand.
    const COUNT: u64 = 255 * 64;

    /// Each is given out once by a process: a node's sshd may outlive its account by a moment.
    fn claim() -> Result<Self> {
        static FIRST: LazyLock<u64> = LazyLock::new(random::number);
        static GIVEN: AtomicU64 = AtomicU64::new(0);
        for _ in 0..100 {
            let at = FIRST.wrapping_add(GIVEN.fetch_add(1, Ordering::Relaxed)) % Self::COUNT;
            let [.., third, fourth] = (at * 4).to_be_bytes();
            let second = third + 1; // `at * 4` is below 255 * 256
            if let Ok(claim) = TcpListener::bind((Ipv4Addr::new(127, second, fourth, 1), NODE_PORT)) {
                return Ok(Self { cidr: format!("127.{second}.{fourth}.0/22"), _claim: claim });
            }
        }
        Err(Error::malformed("a subnet for nodes", format!("port {NODE_PORT} is taken everywhere in 127.0.0.0/8")))
    }
}

/// What a node stands for.
#[derive(Debug)]
struct Seat {
    instance_id: String,
    address: Ipv4Addr,
}

impl Account {
    /// Starts a node and, unless the options name one, runs the EC2 instance that it stands for.
    pub async fn start_node(&self, options: NodeOptions) -> Result<Node> {
        let mut nodes = self.start_nodes(1, &options).await?;
        nodes.pop().ok_or(Error::Stopped)
    }

    /// Starts `count` nodes at the same time.
    pub async fn start_nodes(&self, count: usize, options: &NodeOptions) -> Result<Vec<Node>> {
        if let Some(name) = options.invalid_user() {
            return Err(Error::malformed("a node's user", format!("{name:?}")));
        }
        let mut starting = JoinSet::new();
        for seat in self.seats(count, options).await? {
            let (account, options) = (self.clone(), options.clone());
            starting.spawn(async move { account.start_in(seat, options).await });
        }
        let mut nodes = Vec::with_capacity(count);
        while let Some(started) = starting.join_next().await {
            nodes.push(started.map_err(|error| Error::malformed("a node", error))??);
        }
        Ok(nodes)
    }

    /// The instances: one call for all, for each takes moto a while.
    async fn seats(&self, count: usize, options: &NodeOptions) -> Result<Vec<Seat>> {
        if let Some(id) = &options.instance_id {
            let address = options.address.map_or_else(|| random_address(options.port), Ok)?;
            return Ok(vec![Seat { instance_id: id.clone(), address }]);
        }
        let mut form: Vec<(String, String)> = Vec::new();
        let mut add = |name: &str, value: &str| form.push((name.to_owned(), value.to_owned()));
        add("ImageId", "ami-12345678");
        add("InstanceType", "t4g.nano");
        add("MinCount", &count.to_string());
        add("MaxCount", &count.to_string());
        match options.address {
            Some(address) => add("PrivateIpAddress", &address.to_string()),
            None => add("SubnetId", self.state.node_network.subnet(self).await?),
        }
        if !options.tags.is_empty() {
            add("TagSpecification.1.ResourceType", "instance");
        }
        for (at, (key, value)) in options.tags.iter().enumerate() {
            add(&format!("TagSpecification.1.Tag.{}.Key", at + 1), key);
            add(&format!("TagSpecification.1.Tag.{}.Value", at + 1), value);
        }
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let answer = self.control("ec2", "RunInstances", &form).await?;
        let seat = |item: roxmltree::Node<'_, '_>| {
            let address = child_text(item, "privateIpAddress")?.parse().ok()?;
            Some(Seat { instance_id: child_text(item, "instanceId")?, address: options.address.unwrap_or(address) })
        };
        let sets = answer.each("instancesSet", |set| set.children().filter_map(seat).collect::<Vec<_>>())?;
        Ok(sets.into_iter().flatten().collect())
    }

    async fn start_in(&self, seat: Seat, options: NodeOptions) -> Result<Node> {
        let address = SocketAddrV4::new(seat.address, options.port);
        let setup = setup::script(&options, address);
        let sandbox = Sandbox::start(&self.world.spawner, &format!("node {address}"), &setup).await?;
        let inner = Arc::new(NodeInner {
            instance_id: seat.instance_id,
            address,
            host_keys: sandbox.said.iter().filter_map(|line| host_key(line)).collect(),
            agent: Mutex::new(Agent::Unknown),
            changed: Notify::new(),
            association_runs: Mutex::default(),
            seen: Mutex::default(),
            account: self.clone(),
            sshd: Mutex::default(),
            sandbox,
        });
        inner.start_sshd().await?;
        write(&self.state.nodes).insert(inner.instance_id.clone(), Arc::downgrade(&inner));
        let node = Node { inner };
        node.set_agent(options.agent);
        Ok(node)
    }
}

/// A public key without its comment.
fn host_key(line: &str) -> Option<String> {
    let (kind, rest) = line.split_once(' ')?;
    let key = rest.split(' ').next()?;
    (kind.starts_with("ssh-") || kind.starts_with("ecdsa-")).then(|| format!("{kind} {key}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_given_out_once_and_taken_by_nobody_else() -> Result<()> {
        let blocks = (0..200).map(|_| Block::claim()).collect::<Result<Vec<_>>>()?;
        let mut cidrs: Vec<&str> = blocks.iter().map(|block| block.cidr.as_str()).collect();
        cidrs.sort_unstable();
        cidrs.dedup();
        assert_eq!(cidrs.len(), 200);
        assert!(cidrs.iter().all(|cidr| cidr.starts_with("127.") && !cidr.starts_with("127.0.")));
        for cidr in cidrs {
            let router = cidr.replace(".0/22", ".1");
            assert!(TcpListener::bind((router.as_str(), NODE_PORT)).is_err(), "another process sees that it is taken");
        }
        Ok(())
    }
}
