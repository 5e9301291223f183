//! A VPC with NAT instances: in each zone an Auto Scaling group of one, its health alarm, and a home route table.

mod happen;
mod look;
mod make;

use aws_sdk_ec2::types::{Filter, Route};
use aws_types::SdkConfig;
use local_aws::{Account, Deploy, Function, Invocation, LocalAws, Stack};
use serde_json::Value;

use crate::Result;
use crate::events::sample;

/// The pool's name.
pub const POOL: &str = "default";

/// The world: an account with the deployed function, and a network.
pub struct Nat {
    /// The account.
    pub account: Account,
    /// The deployed template.
    pub stack: Stack,
    /// The function.
    pub function: Function,
    /// The VPC.
    pub vpc: String,
    /// One group a zone.
    pub groups: Vec<Group>,
    /// EC2, by the hands of the test.
    pub ec2: aws_sdk_ec2::Client,
    /// Auto Scaling, by the hands of the test.
    pub autoscaling: aws_sdk_autoscaling::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
}

/// A group of one NAT instance, with its zone and home table.
#[derive(Clone, Debug)]
pub struct Group {
    /// `nat-a`, `nat-b`, ...
    pub name: String,
    /// The health alarm, `nat-health-a`, ...
    pub alarm: String,
    /// The zone.
    pub zone: String,
    /// The public subnet.
    pub subnet: String,
    /// The home route table.
    pub table: String,
    /// The first instance.
    pub instance: String,
    /// Its interface.
    pub interface: String,
}

impl Nat {
    /// As many zones as said, all healthy, each home table's default route at its own instance. The function is deployed
    /// from its shipped template with `parameters`, in whose values `VPC` and `TOPIC` stand for this world's VPC and for a
    /// topic of its operators.
    pub async fn new(aws: &LocalAws, zones: usize, parameters: &[(&str, &str)]) -> Result<Self> {
        let account = aws.account();
        let config = sdk_config(&account)?;
        let ec2 = aws_sdk_ec2::Client::new(&config);
        let vpc = make::vpc(&ec2).await?;
        let topic = account.control("sns", "CreateTopic", &[("Name", "operators")]).await?.text("TopicArn")?;
        let of_this_world = |value: &str| match value {
            "VPC" => vpc.clone(),
            "TOPIC" => topic.clone(),
            other => other.to_owned(),
        };
        let template = Deploy::template("functions/nat-failover/template.yaml");
        let deploy =
            parameters.iter().fold(template, |deploy, (name, value)| deploy.parameter(name, &of_this_world(value)));
        let stack = account.deploy(deploy).await?;
        let mut nat = Self {
            function: stack.function("NatFailoverFunction")?.clone(),
            account,
            stack,
            vpc,
            groups: Vec::new(),
            ec2,
            autoscaling: aws_sdk_autoscaling::Client::new(&config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(&config),
        };
        for index in 0..zones {
            nat.add_group(index).await?;
        }
        nat.account.clear_calls();
        Ok(nat)
    }

    /// The group of a letter: `a` is the first.
    ///
    /// # Panics
    /// If the world has no such group: a mistake of the test.
    #[must_use]
    #[expect(clippy::panic, reason = "a mistake of the test that asks")]
    pub fn group(&self, letter: &str) -> &Group {
        let named = |group: &&Group| group.name == format!("nat-{letter}");
        self.groups.iter().find(named).unwrap_or_else(|| panic!("no group {letter}"))
    }

    /// The sample event `name` of `events/nat-failover/`, about the group of a letter.
    pub fn event(&self, name: &str, letter: &str) -> Result<Value> {
        let group = self.group(letter);
        sample(
            &format!("nat-failover/{name}"),
            &[
                ("nat-health-a", &group.alarm),
                ("\"nat-a\"", &format!("\"{}\"", group.name)),
                ("\\\"nat-a\\\"", &format!("\\\"{}\\\"", group.name)),
            ],
        )
    }

    /// Sends the function the sample event `name` about the group of a letter.
    pub async fn send(&self, name: &str, letter: &str) -> Result<Invocation> {
        Ok(self.function.invoke(&self.event(name, letter)?).await?)
    }

    /// The routes of a table, without the local one.
    pub async fn routes(&self, table: &str) -> Result<Vec<Route>> {
        let by_id = Filter::builder().name("route-table-id").values(table).build();
        let answer = self.ec2.describe_route_tables().filters(by_id).send().await?;
        let routes = answer.route_tables().iter().flat_map(aws_sdk_ec2::types::RouteTable::routes);
        Ok(routes.filter(|route| route.gateway_id() != Some("local")).cloned().collect())
    }

    /// The interface that a table's route to `destination` points at, or its NAT gateway.
    pub async fn target(&self, table: &str, destination: &str) -> Result<Option<String>> {
        let routes = self.routes(table).await?;
        let to = |route: &&Route| {
            let ways = [
                route.destination_cidr_block(),
                route.destination_ipv6_cidr_block(),
                route.destination_prefix_list_id(),
            ];
            ways.contains(&Some(destination))
        };
        let id = |route: &Route| {
            route.network_interface_id().or(route.nat_gateway_id()).or(route.gateway_id()).map(str::to_owned)
        };
        Ok(routes.iter().find(to).and_then(id))
    }

    /// Where each group's default route points, in the groups' order.
    pub async fn defaults(&self) -> Result<Vec<Option<String>>> {
        let mut targets = Vec::new();
        for group in &self.groups {
            targets.push(self.target(&group.table, "0.0.0.0/0").await?);
        }
        Ok(targets)
    }
}

fn sdk_config(account: &Account) -> Result<SdkConfig> {
    let (endpoint, key) = (account.sdk_endpoint(), account.access_key_id());
    let mut env = shared::env::Reader::new(|name| match name {
        "AWS_REGION" => Some(account.region().to_owned()),
        "AWS_ACCESS_KEY_ID" => Some(key.clone()),
        "AWS_SECRET_ACCESS_KEY" => Some(account.secret_access_key().to_owned()),
        "AWS_ENDPOINT_URL" => Some(endpoint.clone()),
        _ => None,
    });
    let config = shared::aws::config(&mut env);
    env.finish()?;
    config.ok_or_else(|| "the SDK's configuration is incomplete".into())
}
