//! Events twice, late, out of order, and crashes anywhere: the same end state, and nothing touched that is not ours.

use proptest::prelude::*;

use super::*;
use crate::cloud::{RouteTable, Snapshot, Target};
use crate::testing::memory::terminate;
use crate::testing::{SINCE, table};

/// A crash after every single changing call, then the same event again: the end state of a run without a crash.
#[tokio::test]
async fn after_a_crash_anywhere_the_same_event_converges() {
    let mut recovering = pool(3);
    terminate(&mut recovering, "i-a");
    recovering.instances.push(instance("a", "i-new", "zone-0"));
    recovering.group_mut("a").members = vec![member("i-new", Lifecycle::PendingWait)];
    recovering.group_mut("a").launch_hooks = vec!["launch".to_owned()];
    let mut leaving = pool(3);
    leaving.group_mut("a").members[0].lifecycle = Lifecycle::TerminatingWait;
    let cases = [
        (with_more_routes(pool(3)).fail("a"), alarm_event("a", "ALARM")),
        (recovering, alarm_event("a", "OK")),
        (with_more_routes(leaving), terminating("i-a")),
    ];
    for (start, event) in cases {
        let mut whole = Memory::new(start.clone());
        run(&mut whole, &event).await.unwrap();
        let calls = whole.changed.borrow().len();
        assert!(calls >= 2);
        for crash in 0..calls {
            let mut cloud = Memory { dies_after: Some(crash), ..Memory::new(start.clone()) };
            let cut = MARGIN + Duration::from_millis(20);
            run_for(&mut cloud, &config(), &event, cut).await.unwrap_err();
            cloud.dies_after = None;
            run(&mut cloud, &event).await.unwrap();
            assert_eq!(*cloud.state.borrow(), *whole.state.borrow(), "crash after call {crash} of {event}");
        }
    }
}

fn with_more_routes(mut snapshot: Snapshot) -> Snapshot {
    let routes = ["10.1.0.0/16", "10.2.0.0/16", "::/0"].map(|destination| route(destination, to("i-a")));
    snapshot.table_mut("rtb-a").routes.extend(routes);
    snapshot
}

/// What may happen to a pool of three.
#[derive(Clone, Debug)]
enum Happens {
    /// The group's instance dies; its alarm goes into ALARM.
    Dies(&'static str),
    /// The group has a replacement, whose alarm is OK.
    Recovers(&'static str),
    /// An event arrives: news, a repetition, or one from long ago.
    Arrives(&'static str, &'static str),
    /// The function dies after so many changing calls of the next event.
    Crash(usize),
}

fn happens() -> impl Strategy<Value = Happens> {
    let group = || prop::sample::select(vec!["a", "b", "c"]);
    let state = prop::sample::select(vec!["ALARM", "OK", "INSUFFICIENT_DATA"]);
    prop_oneof![
        2 => group().prop_map(Happens::Dies),
        2 => group().prop_map(Happens::Recovers),
        6 => (group(), state).prop_map(|(group, state)| Happens::Arrives(group, state)),
        1 => (0_usize..3).prop_map(Happens::Crash),
    ]
}

/// The pool, and beside it what is not the function's to touch.
fn start() -> Snapshot {
    let mut snapshot = pool(3);
    let foreign =
        vec![route("10.1.0.0/16", to("i-appliance")), route("10.2.0.0/16", Target::NatGateway("nat-9".into()))];
    snapshot.table_mut("rtb-b").routes.extend(foreign.clone());
    let mut of_somebody = table("rtb-foreign", foreign);
    of_somebody.routes.push(route("0.0.0.0/0", Target::Other("igw-1".to_owned())));
    snapshot.route_tables.push(of_somebody);
    snapshot
}

/// The cloud, its clock, and whether the next event meets a crash.
struct World {
    cloud: Memory,
    clock: i64,
    crash: Option<usize>,
}

impl World {
    async fn step(&mut self, happens: &Happens) {
        self.clock += 10;
        match happens {
            Happens::Dies(group) => self.dies(group),
            Happens::Recovers(group) => self.recovers(group),
            Happens::Crash(calls) => self.crash = Some(*calls),
            Happens::Arrives(group, state) => {
                let crash = self.crash.take();
                self.cloud.dies_after = crash.map(|calls| calls + self.cloud.changed.borrow().len());
                let timeout = if crash.is_some() { MARGIN + Duration::from_millis(2) } else { MINUTE };
                let _ = run_for(&mut self.cloud, &config(), &alarm_event(group, state), timeout).await;
                self.cloud.dies_after = None;
            }
        }
    }

    fn dies(&mut self, group: &str) {
        let mut state = self.cloud.state.borrow_mut();
        if state.alarm_mut(group).state == AlarmState::Ok {
            let members = state.group_mut(group).members.clone();
            for member in members {
                terminate(&mut state, &member.instance);
            }
            let alarm = state.alarm_mut(group);
            (alarm.state, alarm.since) = (AlarmState::Alarm, Some(self.clock));
        }
    }

    fn recovers(&mut self, group: &str) {
        let mut state = self.cloud.state.borrow_mut();
        if state.alarm_mut(group).state == AlarmState::Alarm {
            let id = format!("i-{group}{}", self.clock);
            let zone = state.group_mut(group).zones[0].clone();
            let mut fresh = instance(group, &id, &zone);
            fresh.launched = Some(self.clock - 1);
            state.instances.push(fresh);
            state.group_mut(group).members = vec![member(&id, Lifecycle::PendingWait)];
            state.group_mut(group).launch_hooks = vec!["launch".to_owned()];
            let alarm = state.alarm_mut(group);
            (alarm.state, alarm.since) = (AlarmState::Ok, Some(self.clock));
        }
    }

    /// Each group's present state arrives.
    async fn present_states_arrive(&mut self) {
        let alarms = self.cloud.state.borrow().alarms.clone();
        for alarm in alarms {
            let state = if alarm.state == AlarmState::Ok { "OK" } else { "ALARM" };
            let _ = run(&mut self.cloud, &alarm_event(alarm.group.as_deref().unwrap(), state)).await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn in_any_order_it_ends_where_it_should(story in prop::collection::vec(happens(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut world = World { cloud: Memory::new(start()), clock: SINCE, crash: None };
        runtime.block_on(async {
            for happens in &story {
                world.step(happens).await;
            }
            world.present_states_arrive().await;
        });
        check(&world.cloud.state.borrow())?;

        let changes = world.cloud.changed.borrow().len();
        runtime.block_on(world.present_states_arrive());
        prop_assert_eq!(world.cloud.changed.borrow().len(), changes, "a replay changes nothing");
    }
}

/// Healthy groups carry their home routes; the others' are at a healthy group, if there is one; the rest is as it was.
fn check(end: &Snapshot) -> Result<(), TestCaseError> {
    let begin = start();
    prop_assert_eq!(end.route_tables.last(), begin.route_tables.last());
    let healthy: Vec<_> = end.alarms.iter().filter(|alarm| alarm.state == AlarmState::Ok).collect();
    for alarm in &end.alarms {
        let group = alarm.group.as_deref().unwrap();
        let id = format!("rtb-{group}");
        let table = end.route_tables.iter().find(|table| table.id == id).unwrap();
        let default = table.routes.iter().find(|route| route.destination.is_default()).unwrap();
        let carrier = end.instances.iter().find(|instance| default.target.is(instance)).map(|i| i.group.as_str());
        if alarm.state == AlarmState::Ok {
            prop_assert_eq!(carrier, Some(group));
        } else if !healthy.is_empty() {
            prop_assert!(healthy.iter().any(|peer| peer.group.as_deref() == carrier), "{} at {:?}", group, carrier);
        }
        let before = begin.route_tables.iter().find(|table| table.id == id).unwrap();
        prop_assert_eq!(foreign(table), foreign(before));
    }
    Ok(())
}

fn foreign(table: &RouteTable) -> Vec<crate::cloud::Route> {
    let mut routes: Vec<_> = table.routes.iter().filter(|route| !route.destination.is_default()).cloned().collect();
    routes.sort_by(|a, b| a.destination.cmp(&b.destination));
    routes
}
