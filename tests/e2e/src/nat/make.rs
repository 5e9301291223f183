//! Makes the network, call by call as a person would.

use aws_sdk_autoscaling::types::{LaunchTemplateSpecification, Tag};
use aws_sdk_cloudwatch::types::{ComparisonOperator, Dimension, Statistic};
use aws_sdk_ec2::types::{
    AttributeBooleanValue, InstanceType, RequestLaunchTemplateData, ResourceType, Tag as Ec2Tag, TagSpecification,
};

use super::{Group, Nat, POOL};
use crate::Result;

const LETTERS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

/// A VPC, and the launch template of its NAT instances.
pub(super) async fn vpc(ec2: &aws_sdk_ec2::Client) -> Result<String> {
    let vpc = ec2.create_vpc().cidr_block("10.0.0.0/16").send().await?;
    let data =
        RequestLaunchTemplateData::builder().image_id("ami-12345678").instance_type(InstanceType::T4gNano).build();
    ec2.create_launch_template().launch_template_name("nat").launch_template_data(data).send().await?;
    Ok(vpc.vpc().and_then(|vpc| vpc.vpc_id()).ok_or("no VPC was made")?.to_owned())
}

impl Nat {
    pub(super) async fn add_group(&mut self, index: usize) -> Result<()> {
        let letter = LETTERS.get(index).ok_or("there are six letters for groups")?;
        // The emulator's region has three zones; a fourth group shares the first's.
        let zone = format!("{}{}", self.account.region(), ["a", "b", "c"].get(index % 3).unwrap_or(&"a"));
        let name = format!("nat-{letter}");
        let subnet = self.subnet(&format!("10.0.{index}.0/24"), &zone).await?;
        let table = self.route_table(&name).await?;
        // The two ways to say whose home a table is, in turn.
        if index.is_multiple_of(2) {
            self.auto_scaling_group(&name, &subnet, Some(&table)).await?;
        } else {
            self.auto_scaling_group(&name, &subnet, None).await?;
            self.tag(&table, "nat-failover:group", &name).await?;
        }
        let instance = self.only_instance(&name).await?;
        let interface = self.interface_of(&instance).await?;
        self.forwards(&interface, true).await?;
        let route = self.ec2.create_route().route_table_id(&table).destination_cidr_block("0.0.0.0/0");
        route.network_interface_id(&interface).send().await?;
        let group = Group { alarm: format!("nat-health-{letter}"), name, zone, subnet, table, instance, interface };
        self.health_alarm(&group, None).await?;
        self.groups.push(group);
        self.set_alarm(letter, "OK").await
    }

    async fn subnet(&self, range: &str, zone: &str) -> Result<String> {
        let made = self.ec2.create_subnet().vpc_id(&self.vpc).cidr_block(range).availability_zone(zone).send().await?;
        Ok(made.subnet().and_then(|subnet| subnet.subnet_id()).ok_or("no subnet was made")?.to_owned())
    }

    /// A route table that the function may change, of no group.
    pub async fn route_table(&self, group: &str) -> Result<String> {
        let tag = |key: &str, value: &str| Ec2Tag::builder().key(key).value(value).build();
        let tags = TagSpecification::builder()
            .resource_type(ResourceType::RouteTable)
            .tags(tag("nat-failover:pool", POOL))
            .tags(tag("Name", group))
            .build();
        let made = self.ec2.create_route_table().vpc_id(&self.vpc).tag_specifications(tags).send().await?;
        Ok(made.route_table().and_then(|table| table.route_table_id()).ok_or("no table was made")?.to_owned())
    }

    async fn tag(&self, resource: &str, key: &str, value: &str) -> Result<()> {
        let tag = Ec2Tag::builder().key(key).value(value).build();
        self.ec2.create_tags().resources(resource).tags(tag).send().await?;
        Ok(())
    }

    async fn auto_scaling_group(&self, name: &str, subnet: &str, home_table: Option<&str>) -> Result<()> {
        let template = LaunchTemplateSpecification::builder().launch_template_name("nat").version("$Latest").build();
        let tag = |key: &str, value: &str| {
            let tag = Tag::builder().resource_type("auto-scaling-group").resource_id(name).propagate_at_launch(false);
            tag.key(key).value(value).build()
        };
        let home = home_table.map(|table| tag("nat-failover:route-tables", table));
        let tags = std::iter::once(tag("nat-failover:pool", POOL)).chain(home).collect();
        self.autoscaling
            .create_auto_scaling_group()
            .auto_scaling_group_name(name)
            .min_size(1)
            .max_size(1)
            .vpc_zone_identifier(subnet)
            .launch_template(template)
            .set_tags(Some(tags))
            .send()
            .await?;
        for (hook, transition) in [("launch", "LAUNCHING"), ("terminate", "TERMINATING")] {
            let put = self.autoscaling.put_lifecycle_hook().auto_scaling_group_name(name).lifecycle_hook_name(hook);
            let put = put.notification_metadata("nat-failover");
            put.lifecycle_transition(format!("autoscaling:EC2_INSTANCE_{transition}")).send().await?;
        }
        Ok(())
    }

    /// Names the NAT gateway that stands in for a group.
    pub async fn set_fallback(&self, letter: &str, gateway: &str) -> Result<()> {
        let group = &self.group(letter).name;
        let tag = Tag::builder().resource_type("auto-scaling-group").resource_id(group).propagate_at_launch(false);
        let tag = tag.key("nat-failover:fallback-nat-gateway").value(gateway).build();
        self.autoscaling.create_or_update_tags().tags(tag).send().await?;
        Ok(())
    }

    /// A NAT gateway in a group's subnet.
    pub async fn nat_gateway(&self, letter: &str) -> Result<String> {
        let made = self.ec2.create_nat_gateway().subnet_id(&self.group(letter).subnet).send().await?;
        Ok(made.nat_gateway().and_then(|gateway| gateway.nat_gateway_id()).ok_or("no gateway was made")?.to_owned())
    }

    pub(super) async fn health_alarm(&self, group: &Group, action: Option<&str>) -> Result<()> {
        let actions = action.map(|arn| vec![arn.to_owned()]);
        self.cloudwatch
            .put_metric_alarm()
            .alarm_name(&group.alarm)
            .namespace("NatInstance")
            .metric_name("procstat_memory_rss")
            .dimensions(Dimension::builder().name("AutoScalingGroupName").value(&group.name).build())
            .statistic(Statistic::Minimum)
            .period(10)
            .evaluation_periods(2)
            .threshold(0.0)
            .comparison_operator(ComparisonOperator::LessThanThreshold)
            .treat_missing_data("breaching")
            .set_alarm_actions(actions.clone())
            .set_ok_actions(actions)
            .send()
            .await?;
        Ok(())
    }

    /// Turns an interface's source/destination check off, or on.
    pub async fn forwards(&self, interface: &str, forwards: bool) -> Result<()> {
        let check = AttributeBooleanValue::builder().value(!forwards).build();
        let call = self.ec2.modify_network_interface_attribute().network_interface_id(interface);
        call.source_dest_check(check).send().await?;
        Ok(())
    }
}
