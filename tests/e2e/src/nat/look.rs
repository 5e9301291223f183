//! What is to be seen in the world.

use aws_sdk_autoscaling::types::Instance as Member;
use aws_sdk_ec2::types::{Instance, Reservation};

use super::Nat;
use crate::Result;

impl Nat {
    /// The instances of a group, as Auto Scaling sees them.
    pub async fn members(&self, group: &str) -> Result<Vec<Member>> {
        let answer = self.autoscaling.describe_auto_scaling_groups().auto_scaling_group_names(group).send().await?;
        let groups = answer.auto_scaling_groups();
        Ok(groups.first().map(|group| group.instances().to_vec()).unwrap_or_default())
    }

    pub(super) async fn only_instance(&self, group: &str) -> Result<String> {
        let members = self.members(group).await?;
        let id = members.first().and_then(Member::instance_id);
        Ok(id.ok_or_else(|| format!("group {group} has no instance"))?.to_owned())
    }

    /// The first interface of an instance.
    pub async fn interface_of(&self, instance: &str) -> Result<String> {
        let answer = self.ec2.describe_instances().instance_ids(instance).send().await?;
        let instances = answer.reservations().iter().flat_map(Reservation::instances);
        let interface = instances.flat_map(Instance::network_interfaces).next();
        let id = interface.and_then(|interface| interface.network_interface_id());
        Ok(id.ok_or_else(|| format!("instance {instance} has no interface"))?.to_owned())
    }

    /// The state of a group's health alarm.
    pub async fn alarm_state(&self, letter: &str) -> Result<String> {
        let answer = self.cloudwatch.describe_alarms().alarm_names(&self.group(letter).alarm).send().await?;
        let state = answer.metric_alarms().first().and_then(|alarm| alarm.state_value());
        Ok(state.map_or("INSUFFICIENT_DATA", |state| state.as_str()).to_owned())
    }
}
