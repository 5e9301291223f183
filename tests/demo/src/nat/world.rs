//! What the scenarios add to a world: more routes, more tables, a mailbox of the operators.

use aws_sdk_ec2::types::Tag;
use e2e::Result;
use e2e::nat::Nat;
use serde_json::Value;

/// Names the home tables after what they are for: their groups' names would make them look like groups.
pub(crate) async fn name_tables(nat: &Nat) -> Result<()> {
    for group in &nat.groups {
        let name = group.name.replace("nat-", "private-");
        name_table(nat, &group.table, &name).await?;
    }
    Ok(())
}

async fn name_table(nat: &Nat, table: &str, name: &str) -> Result<()> {
    let tag = Tag::builder().key("Name").value(name).build();
    nat.ec2.create_tags().resources(table).tags(tag).send().await?;
    Ok(())
}

/// A table that is home to no group, for a subnet of its own beside the group of a letter.
pub(crate) async fn table_of_nobody(nat: &Nat, name: &str, range: &str, letter: &str) -> Result<String> {
    let zone = &nat.group(letter).zone;
    let made = nat.ec2.create_subnet().vpc_id(&nat.vpc).cidr_block(range).availability_zone(zone).send().await?;
    let subnet = made.subnet().and_then(|subnet| subnet.subnet_id()).ok_or("no subnet was made")?;
    let table = nat.route_table(name).await?;
    nat.ec2.associate_route_table().route_table_id(&table).subnet_id(subnet).send().await?;
    Ok(table)
}

/// Tables of some teams, in both zones, all through the first instance of nat-a. Their ids.
pub(crate) async fn team_tables(nat: &Nat, tables: usize, routes: usize) -> Result<Vec<String>> {
    let mut ids = Vec::new();
    for number in 1..=tables {
        let (name, range) = (format!("team-{number}"), format!("10.0.{}.0/24", 40 + number));
        let zone = if number % 2 == 1 { "a" } else { "b" };
        let table = table_of_nobody(nat, &name, &range, zone).await?;
        for third in 1..=routes {
            route(nat, &table, &format!("172.{}.{third}.0/24", 16 + number), "a").await?;
        }
        ids.push(table);
    }
    Ok(ids)
}

/// A table that the internet gateway asks: traffic that comes in goes through an instance.
pub(crate) async fn edge_table(nat: &Nat, name: &str) -> Result<String> {
    let made = nat.ec2.create_internet_gateway().send().await?;
    let gateway = made.internet_gateway().and_then(|gateway| gateway.internet_gateway_id());
    let gateway = gateway.ok_or("no internet gateway was made")?;
    nat.ec2.attach_internet_gateway().internet_gateway_id(gateway).vpc_id(&nat.vpc).send().await?;
    let table = nat.route_table(name).await?;
    nat.ec2.associate_route_table().route_table_id(&table).gateway_id(gateway).send().await?;
    Ok(table)
}

/// A table's route to an IPv4 range through the first instance of a group.
pub(crate) async fn route(nat: &Nat, table: &str, range: &str, letter: &str) -> Result<()> {
    let call = nat.ec2.create_route().route_table_id(table).network_interface_id(&nat.group(letter).interface);
    call.destination_cidr_block(range).send().await?;
    Ok(())
}

/// The IPv6 default route of a group's home table, through its instance.
pub(crate) async fn ipv6_default(nat: &Nat, letter: &str) -> Result<()> {
    let group = nat.group(letter);
    let call = nat.ec2.create_route().route_table_id(&group.table).network_interface_id(&group.interface);
    call.destination_ipv6_cidr_block("::/0").send().await?;
    Ok(())
}

/// A route of a group's home table to a prefix list, through its instance.
pub(crate) async fn prefix_list(nat: &Nat, letter: &str) -> Result<()> {
    let lists = nat.ec2.create_managed_prefix_list().prefix_list_name("partners").max_entries(5);
    let made = lists.address_family("IPv4").send().await?;
    let list = made.prefix_list().and_then(|list| list.prefix_list_id()).ok_or("no prefix list was made")?;
    let group = nat.group(letter);
    let call = nat.ec2.create_route().route_table_id(&group.table).network_interface_id(&group.interface);
    call.destination_prefix_list_id(list).send().await?;
    Ok(())
}

/// A route of a group's home table to another VPC by peering: not the pool's to touch.
pub(crate) async fn peering(nat: &Nat, letter: &str) -> Result<()> {
    let other = nat.ec2.create_vpc().cidr_block("10.9.0.0/16").send().await?;
    let other = other.vpc().and_then(|vpc| vpc.vpc_id()).ok_or("no VPC was made")?;
    let made = nat.ec2.create_vpc_peering_connection().vpc_id(&nat.vpc).peer_vpc_id(other).send().await?;
    let peering = made.vpc_peering_connection().and_then(|peering| peering.vpc_peering_connection_id());
    let peering = peering.ok_or("no peering was made")?;
    nat.ec2.accept_vpc_peering_connection().vpc_peering_connection_id(peering).send().await?;
    let call = nat.ec2.create_route().route_table_id(&nat.group(letter).table).destination_cidr_block("10.9.0.0/16");
    call.vpc_peering_connection_id(peering).send().await?;
    Ok(())
}

/// The operators' mailbox: a queue behind the notification topic.
pub(crate) struct Mailbox<'n> {
    nat: &'n Nat,
    queue: String,
}

impl<'n> Mailbox<'n> {
    pub(crate) async fn open(nat: &'n Nat) -> Result<Self> {
        let topic = nat.function.configuration().environment.get("NOTIFICATION_TOPIC_ARN");
        let topic = topic.ok_or("the function has no notification topic")?;
        let queue = nat.account.control("sqs", "CreateQueue", &[("QueueName", "operators")]).await?.text("QueueUrl")?;
        let arn = format!("arn:aws:sqs:{}:{}:operators", nat.account.region(), nat.account.id());
        let subscription = [("TopicArn", topic.as_str()), ("Protocol", "sqs"), ("Endpoint", &arn)];
        nat.account.control("sns", "Subscribe", &subscription).await?;
        Ok(Self { nat, queue })
    }

    /// The messages that came since the last look, as subject and text.
    pub(crate) async fn messages(&self) -> Result<Vec<(String, String)>> {
        let read = [("QueueUrl", self.queue.as_str()), ("MaxNumberOfMessages", "10")];
        let answer = self.nat.account.control("sqs", "ReceiveMessage", &read).await?;
        let mut messages = Vec::new();
        for body in answer.texts("Body")? {
            let body: Value = serde_json::from_str(&body)?;
            let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            messages.push((text("Subject"), text("Message")));
        }
        for handle in answer.texts("ReceiptHandle")? {
            let done = [("QueueUrl", self.queue.as_str()), ("ReceiptHandle", &handle)];
            self.nat.account.control("sqs", "DeleteMessage", &done).await?;
        }
        Ok(messages)
    }
}
