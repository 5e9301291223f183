//! A cloud in memory, for what needs thousands of runs: every crash, every order of events. It does what AWS does to
//! groups, instances and routes; the end-to-end tests check the same against emulators of AWS itself.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use shared::aws::AwsError;

use crate::cloud::{Alarm, AlarmState, Group, Instance, Lifecycle, NatGateway, Route, RouteTable, Snapshot, Target};
use crate::plan::{Change, Completion, NewTarget};
use crate::ports::{Act, Observe};

/// A cloud, the changes made to it, and what goes wrong in it.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) state: RefCell<Snapshot>,
    /// The changing calls that went through, in order.
    pub(crate) changed: RefCell<Vec<String>>,
    /// The messages sent, subject and text.
    pub(crate) sent: RefCell<Vec<(String, String)>>,
    /// Changing calls whose text contains this fail for good.
    pub(crate) refuse: Option<&'static str>,
    /// After so many changing calls nothing is answered any more, as if the process had died.
    pub(crate) dies_after: Option<usize>,
    /// How long a change takes.
    pub(crate) delay: Duration,
    /// So many looks show every alarm OK, as it was before.
    pub(crate) alarms_lag: Cell<usize>,
    /// What has been looked at.
    pub(crate) looked: RefCell<Vec<&'static str>>,
}

impl Memory {
    pub(crate) fn new(state: Snapshot) -> Self {
        Self { state: RefCell::new(state), ..Self::default() }
    }

    async fn change(&self, what: String, change: impl FnOnce(&mut Snapshot)) -> Result<(), AwsError> {
        if self.dies_after.is_some_and(|calls| self.changed.borrow().len() >= calls) {
            std::future::pending::<()>().await;
        }
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        if self.refuse.is_some_and(|part| what.contains(part)) {
            return Err(refused());
        }
        change(&mut self.state.borrow_mut());
        self.changed.borrow_mut().push(what);
        Ok(())
    }

    fn look<T>(&self, what: &'static str, look: impl FnOnce(&Snapshot) -> T) -> T {
        self.looked.borrow_mut().push(what);
        look(&self.state.borrow())
    }
}

fn refused() -> AwsError {
    use aws_sdk_ec2::error::SdkError;
    AwsError::new(
        "Refused",
        SdkError::<aws_sdk_ec2::operation::replace_route::ReplaceRouteError, _>::construction_failure("no"),
    )
}

impl Observe for Memory {
    async fn alarms(&self, _: Option<&str>) -> Result<Vec<Alarm>, AwsError> {
        let mut alarms = self.look("alarms", |state| state.alarms.clone());
        if self.alarms_lag.get() > 0 {
            self.alarms_lag.set(self.alarms_lag.get() - 1);
            for alarm in &mut alarms {
                (alarm.state, alarm.since) = (AlarmState::Ok, Some(0));
            }
        }
        Ok(alarms)
    }

    async fn groups(&self, _: &str) -> Result<Vec<Group>, AwsError> {
        Ok(self.look("groups", |state| {
            let without_hooks = |group: &Group| Group { launch_hooks: vec![], ..group.clone() };
            state.groups.iter().map(without_hooks).collect()
        }))
    }

    async fn launch_hooks(&self, group: &str) -> Result<Vec<String>, AwsError> {
        let hooks = |state: &Snapshot| state.groups.iter().find(|g| g.name == group).map(|g| g.launch_hooks.clone());
        Ok(self.look("launch hooks", hooks).unwrap_or_default())
    }

    async fn instances(&self, _: &[String]) -> Result<Vec<Instance>, AwsError> {
        Ok(self.look("instances", |state| state.instances.clone()))
    }

    async fn route_tables(&self, _: Option<&str>) -> Result<Vec<RouteTable>, AwsError> {
        Ok(self.look("route tables", |state| state.route_tables.clone()))
    }

    async fn nat_gateways(&self, _: &[String]) -> Result<Vec<NatGateway>, AwsError> {
        Ok(self.look("NAT gateways", |state| state.nat_gateways.clone()))
    }
}

impl Act for Memory {
    async fn change_route(&self, change: &Change) -> Result<(), AwsError> {
        self.change(change.to_string(), |state| set_route(state, change)).await
    }

    async fn mark_unhealthy(&self, instance: &str) -> Result<(), AwsError> {
        let mark = |state: &mut Snapshot| {
            let members = state.groups.iter_mut().flat_map(|group| &mut group.members);
            for member in members.filter(|member| member.instance == instance) {
                member.healthy = false;
            }
        };
        self.change(format!("mark {instance}"), mark).await
    }

    async fn complete(&self, completion: &Completion) -> Result<(), AwsError> {
        self.change(format!("complete {}", completion.instance), |state| proceed(state, &completion.instance)).await
    }

    async fn notify(&self, _: &str, subject: &str, message: &str) -> Result<(), AwsError> {
        self.sent.borrow_mut().push((subject.to_owned(), message.to_owned()));
        Ok(())
    }
}

fn set_route(state: &mut Snapshot, change: &Change) {
    let target = match &change.to {
        NewTarget::Interface { interface, instance, .. } => {
            Target::Nat { instance: Some(instance.clone()), interface: Some(interface.clone()) }
        }
        NewTarget::NatGateway(id) => Target::NatGateway(id.clone()),
    };
    let routes = &mut state.table_mut(&change.table).routes;
    routes.retain(|route| route.destination != change.destination);
    routes.push(Route { destination: change.destination.clone(), target, blackhole: false });
    routes.sort_by(|a, b| a.destination.cmp(&b.destination));
}

/// The held instance goes on: into service, or out of the group.
fn proceed(state: &mut Snapshot, instance: &str) {
    for group in &mut state.groups {
        for member in group.members.iter_mut().filter(|member| member.instance == instance) {
            member.lifecycle = match member.lifecycle {
                Lifecycle::PendingWait => Lifecycle::InService,
                _ => Lifecycle::Other,
            };
        }
    }
    let leaves =
        |group: &Group| group.members.iter().any(|m| m.instance == instance && m.lifecycle == Lifecycle::Other);
    if state.groups.iter().any(leaves) {
        terminate(state, instance);
    }
}

/// EC2 terminates the instance: its interfaces go, and routes to them become blackholes.
pub(crate) fn terminate(state: &mut Snapshot, id: &str) {
    let Some(instance) = state.instances.iter_mut().find(|instance| instance.id == id) else { return };
    instance.running = false;
    let gone = std::mem::take(&mut instance.interfaces);
    for group in &mut state.groups {
        group.members.retain(|member| member.instance != id);
    }
    for route in state.route_tables.iter_mut().flat_map(|table| &mut table.routes) {
        if let Target::Nat { instance, interface: Some(interface) } = &mut route.target
            && gone.iter().any(|own| own.id == *interface)
        {
            *instance = None;
            route.blackhole = true;
        }
    }
}
