//! The nouns: what the function sees of the cloud, in AWS's own words.

use std::fmt;

/// Milliseconds since the epoch.
pub type Millis = i64;

/// All that a decision needs, read at the start of an invocation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// The health alarms.
    pub alarms: Vec<Alarm>,
    /// The pool's Auto Scaling groups, by name.
    pub groups: Vec<Group>,
    /// The groups' instances, those that EC2 still lists after they left their group too.
    pub instances: Vec<Instance>,
    /// The route tables of the VPC, or of the region.
    pub route_tables: Vec<RouteTable>,
    /// The NAT gateways that routes may fall back to.
    pub nat_gateways: Vec<NatGateway>,
}

/// A metric alarm and whom it watches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// Its present state.
    pub state: AlarmState,
    /// When it came into that state.
    pub since: Option<Millis>,
    /// The `AutoScalingGroupName` dimension of its metric, or of one of its metrics.
    pub group: Option<String>,
    /// The `InstanceId` dimension.
    pub instance: Option<String>,
}

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-concepts.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmState {
    /// The instance works.
    Ok,
    /// The instance does not work.
    Alarm,
    /// CloudWatch can't tell.
    InsufficientData,
}

/// An Auto Scaling group of the pool.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Its Availability Zones.
    pub zones: Vec<String>,
    /// The tag `nat-failover:route-tables`.
    pub home_tables: Vec<String>,
    /// The tag `nat-failover:fallback-nat-gateway`, or else the function's default.
    pub fallback_nat_gateway: Option<String>,
    /// Its instances, as Auto Scaling sees them.
    pub members: Vec<Member>,
    /// Its launch lifecycle hooks, read only where an instance waits in one.
    pub launch_hooks: Vec<String>,
}

/// An instance as its group sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The instance.
    pub instance: String,
    /// Where it is in its life.
    pub lifecycle: Lifecycle,
    /// Whether Auto Scaling thinks it healthy.
    pub healthy: bool,
}

/// <https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-lifecycle.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// `Pending`: it starts.
    Pending,
    /// `Pending:Wait`: the launch hook holds it.
    PendingWait,
    /// `Pending:Proceed`: the hook let it go, it is about to be in service.
    PendingProceed,
    /// `InService`.
    InService,
    /// `Terminating`: it is about to be held by the termination hook, or to go.
    Terminating,
    /// `Terminating:Wait`: the termination hook holds it.
    TerminatingWait,
    /// Everything else: gone, standing by, detached.
    Other,
}

/// An instance as EC2 sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Its id.
    pub id: String,
    /// The tag `aws:autoscaling:groupName`.
    pub group: String,
    /// Its VPC; empty once it is terminated.
    pub vpc: String,
    /// Its Availability Zone.
    pub zone: String,
    /// Whether its state is `running`.
    pub running: bool,
    /// When it was launched.
    pub launched: Option<Millis>,
    /// Its network interfaces, by device index; none once it is terminated.
    pub interfaces: Vec<Interface>,
}

/// A network interface of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its id.
    pub id: String,
    /// Whether EC2 drops what is not addressed to it, as it does unless told otherwise. A NAT instance needs it off.
    pub source_dest_check: bool,
}

/// A route table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteTable {
    /// Its id.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// The tag `nat-failover:group`.
    pub home_of: Option<String>,
    /// Whether it is associated with a gateway (an edge association), where a default route makes no sense.
    pub edge: bool,
    /// Its routes.
    pub routes: Vec<Route>,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Where it leads.
    pub destination: Destination,
    /// By what.
    pub target: Target,
    /// Whether the target is gone.
    pub blackhole: bool,
}

/// A route's destination.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Destination {
    /// An IPv4 range.
    Ipv4(String),
    /// An IPv6 range.
    Ipv6(String),
    /// A managed prefix list.
    PrefixList(String),
}

/// A route's target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An instance by one of its network interfaces. Either id may be missing: AWS leaves a dangling interface behind.
    Nat {
        /// The instance.
        instance: Option<String>,
        /// The interface.
        interface: Option<String>,
    },
    /// A NAT gateway.
    NatGateway(String),
    /// Whatever is not ours to move: an internet gateway, a transit gateway, `local`.
    Other(String),
}

/// A NAT gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NatGateway {
    /// Its id.
    pub id: String,
    /// Its VPC.
    pub vpc: String,
    /// Whether its state is `available`.
    pub available: bool,
}

impl Destination {
    /// The IPv4 default route.
    #[must_use]
    pub fn default_ipv4() -> Self {
        Self::Ipv4("0.0.0.0/0".to_owned())
    }

    /// Whether it is a default route.
    #[must_use]
    pub fn is_default(&self) -> bool {
        matches!(self, Self::Ipv4(range) if range == "0.0.0.0/0")
            || matches!(self, Self::Ipv6(range) if range == "::/0")
    }
}

impl Target {
    /// Whether it is this instance, by its id or by one of its interfaces.
    #[must_use]
    pub fn is(&self, instance: &Instance) -> bool {
        let Self::Nat { instance: id, interface } = self else { return false };
        id.as_deref() == Some(&instance.id)
            || interface.as_ref().is_some_and(|eni| instance.interfaces.iter().any(|own| own.id == *eni))
    }
}

impl Instance {
    /// The interface that a route may point at: the first whose source/destination check is off.
    #[must_use]
    pub fn nat_interface(&self) -> Option<&Interface> {
        self.interfaces.iter().find(|interface| !interface.source_dest_check)
    }
}

impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Ipv4(text) | Self::Ipv6(text) | Self::PrefixList(text)) = self;
        f.write_str(text)
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nat { instance: Some(id), .. }
            | Self::Nat { interface: Some(id), .. }
            | Self::NatGateway(id)
            | Self::Other(id) => f.write_str(id),
            Self::Nat { .. } => f.write_str("nothing"),
        }
    }
}
