//! The calls that change something.

use aws_sdk_autoscaling::error::ProvideErrorMetadata;
use shared::aws::AwsError;

use super::Aws;
use crate::cloud::Destination;
use crate::plan::{Change, Completion, NewTarget};
use crate::ports::Act;

impl Act for Aws {
    async fn change_route(&self, change: &Change) -> Result<(), AwsError> {
        if change.from.is_some() { self.replace_route(change).await } else { self.create_route(change).await }
    }

    async fn mark_unhealthy(&self, instance: &str) -> Result<(), AwsError> {
        let call = self.autoscaling.set_instance_health().instance_id(instance).health_status("Unhealthy");
        let sent = call.should_respect_grace_period(false).send().await;
        sent.map(drop).map_err(|error| AwsError::new("SetInstanceHealth", error))
    }

    async fn complete(&self, completion: &Completion) -> Result<(), AwsError> {
        let call = self
            .autoscaling
            .complete_lifecycle_action()
            .auto_scaling_group_name(&completion.group)
            .lifecycle_hook_name(&completion.hook)
            .instance_id(&completion.instance)
            .lifecycle_action_result("CONTINUE");
        match call.send().await {
            // Somebody was faster, perhaps this function: https://repost.aws/knowledge-center/auto-scaling-lifecycle-hooks
            Err(error) if error.message().is_some_and(|text| text.contains("No active Lifecycle Action")) => Ok(()),
            sent => sent.map(drop).map_err(|error| AwsError::new("CompleteLifecycleAction", error)),
        }
    }

    async fn notify(&self, topic: &str, subject: &str, message: &str) -> Result<(), AwsError> {
        const SUBJECT: usize = 99; // SNS: "up to 100 characters"
        let subject: String = subject.chars().filter(|c| c.is_ascii() && !c.is_control()).take(SUBJECT).collect();
        let sent = self.sns.publish().topic_arn(topic).subject(subject).message(message).send().await;
        sent.map(drop).map_err(|error| AwsError::new("Publish", error))
    }
}

/// Puts a change's table, destination and target into a call. `ReplaceRoute` and `CreateRoute` take the same parameters,
/// by builders that have no type in common.
macro_rules! with_change {
    ($call:expr, $change:expr) => {{
        let call = $call.route_table_id(&$change.table);
        let call = match &$change.destination {
            Destination::Ipv4(range) => call.destination_cidr_block(range),
            Destination::Ipv6(range) => call.destination_ipv6_cidr_block(range),
            Destination::PrefixList(id) => call.destination_prefix_list_id(id),
        };
        match &$change.to {
            NewTarget::Interface { interface, .. } => call.network_interface_id(interface),
            NewTarget::NatGateway(id) => call.nat_gateway_id(id),
        }
    }};
}

impl Aws {
    async fn replace_route(&self, change: &Change) -> Result<(), AwsError> {
        let sent = with_change!(self.ec2.replace_route(), change).send().await;
        sent.map(drop).map_err(|error| AwsError::new("ReplaceRoute", error))
    }

    async fn create_route(&self, change: &Change) -> Result<(), AwsError> {
        let sent = with_change!(self.ec2.create_route(), change).send().await;
        sent.map(drop).map_err(|error| AwsError::new("CreateRoute", error))
    }
}
