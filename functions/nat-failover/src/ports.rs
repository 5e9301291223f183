//! What the function needs of AWS: to look and to act. [`crate::aws`] does both; tests bring a cloud of their own.

#![expect(async_fn_in_trait, reason = "the one caller is this crate, on one thread: no Send is needed")]

use shared::aws::AwsError;

use crate::cloud::{Alarm, Group, Instance, NatGateway, RouteTable};
use crate::plan::{Change, Completion};

/// Looks. Every answer is complete: the adapter follows the pages.
pub trait Observe {
    /// The metric alarms whose name begins with `prefix`.
    async fn alarms(&self, prefix: Option<&str>) -> Result<Vec<Alarm>, AwsError>;
    /// The Auto Scaling groups whose tag `nat-failover:pool` is `pool`.
    async fn groups(&self, pool: &str) -> Result<Vec<Group>, AwsError>;
    /// The launch lifecycle hooks of a group.
    async fn launch_hooks(&self, group: &str) -> Result<Vec<String>, AwsError>;
    /// The instances that belong, or belonged, to the groups.
    async fn instances(&self, groups: &[String]) -> Result<Vec<Instance>, AwsError>;
    /// The route tables of the VPC, or of the region.
    async fn route_tables(&self, vpc: Option<&str>) -> Result<Vec<RouteTable>, AwsError>;
    /// Those of the NAT gateways that exist.
    async fn nat_gateways(&self, ids: &[String]) -> Result<Vec<NatGateway>, AwsError>;
}

/// Acts. Every action may be repeated.
pub trait Act {
    /// Points an existing route elsewhere, or creates it.
    async fn change_route(&self, change: &Change) -> Result<(), AwsError>;
    /// Marks an instance unhealthy, without regard to the grace period.
    async fn mark_unhealthy(&self, instance: &str) -> Result<(), AwsError>;
    /// Completes a lifecycle action with CONTINUE. One that is completed already is a success.
    async fn complete(&self, completion: &Completion) -> Result<(), AwsError>;
    /// Sends a message to people.
    async fn notify(&self, topic: &str, subject: &str, message: &str) -> Result<(), AwsError>;
}
