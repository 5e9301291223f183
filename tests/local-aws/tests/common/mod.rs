//! What the tests share.

use local_aws::{Account, Deploy, Invocation, LocalAws, Result, Stack};
use serde_json::{Value, json};

/// The fixture's stack in a new account.
pub(crate) async fn deployed(parameters: &[(&str, &str)]) -> Result<(Account, Stack)> {
    let account = LocalAws::shared().await?.account();
    let stack = deploy_in(&account, parameters).await?;
    Ok((account, stack))
}

pub(crate) async fn deploy_in(account: &Account, parameters: &[(&str, &str)]) -> Result<Stack> {
    let caller = "tests/local-aws/tests/fixtures/caller";
    let deploy = Deploy::template("tests/local-aws/tests/fixtures/template.yaml").parameter("Pool", "main");
    let deploy = parameters.iter().fold(deploy, |deploy, (name, value)| deploy.parameter(name, value));
    account.deploy(deploy.bootstrap("Caller", caller).bootstrap("Echo", caller)).await
}

/// A route table with a default route to a network interface.
pub(crate) struct Table {
    pub(crate) id: String,
    pub(crate) vpc: String,
    pub(crate) interface: String,
}

impl Table {
    pub(crate) fn replace(&self) -> Value {
        let parameters = json!({
            "RouteTableId": self.id, "DestinationCidrBlock": "0.0.0.0/0", "NetworkInterfaceId": self.interface,
        });
        call("ec2", "ReplaceRoute", &parameters)
    }
}

/// A VPC with tagged route tables.
pub(crate) async fn network(account: &Account, tags: &[(&str, &str)], count: usize) -> Result<Vec<Table>> {
    let vpc = account.control("ec2", "CreateVpc", &[("CidrBlock", "10.0.0.0/16")]).await?.text("vpcId")?;
    let subnet = [("VpcId", vpc.as_str()), ("CidrBlock", "10.0.0.0/24")];
    let subnet = account.control("ec2", "CreateSubnet", &subnet).await?.text("subnetId")?;
    let interface = account.control("ec2", "CreateNetworkInterface", &[("SubnetId", &subnet)]).await?;
    let interface = interface.text("networkInterfaceId")?;
    let mut tables = Vec::new();
    for _ in 0..count {
        let id = account.control("ec2", "CreateRouteTable", &[("VpcId", &vpc)]).await?.text("routeTableId")?;
        let route =
            [("RouteTableId", id.as_str()), ("DestinationCidrBlock", "0.0.0.0/0"), ("NetworkInterfaceId", &interface)];
        account.control("ec2", "CreateRoute", &route).await?;
        for (key, value) in tags {
            account
                .control("ec2", "CreateTags", &[("ResourceId.1", &id), ("Tag.1.Key", key), ("Tag.1.Value", value)])
                .await?;
        }
        tables.push(Table { id, vpc: vpc.clone(), interface: interface.clone() });
    }
    Ok(tables)
}

/// A call as the fixture's events list them.
pub(crate) fn call(service: &str, action: &str, parameters: &Value) -> Value {
    json!({"service": service, "action": action, "parameters": parameters})
}

/// What the first call was answered.
pub(crate) fn answer(invocation: &Invocation) -> Value {
    let payload = invocation.result.clone().unwrap_or_default();
    payload.pointer("/answers/0").cloned().unwrap_or_default()
}
