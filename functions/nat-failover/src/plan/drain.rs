//! A terminating lifecycle action: Auto Scaling is about to terminate an instance that still works.

use super::pool::Pool;
use super::{Cause, Completion, Decision, Plan, moves};
use crate::cloud::{Group, Lifecycle};
use crate::event::LifecycleAction;

/// Moves the instance's routes, then lets it go. With nowhere to move them nothing moves and it is held, for it works;
/// unless it was marked unhealthy: holding a dead instance only delays its replacement.
pub(super) fn decide(pool: &Pool, group: &Group, action: &LifecycleAction) -> Decision {
    let member = group.members.iter().find(|member| member.instance == action.instance);
    let about = |what: &str| format!("instance {:?} {what}", action.instance);
    let member = match member {
        Some(member) if member.lifecycle == Lifecycle::TerminatingWait => member,
        // The read may be older than the event, which comes only once; or the event is from another life of the instance.
        Some(member) if member.lifecycle != Lifecycle::Other => {
            return Decision::LookAgain(about("is not seen waiting to be terminated yet"));
        }
        _ => return Decision::Nothing(about("no longer waits to be terminated")),
    };
    let leaving: Vec<_> = pool.instance(&action.instance).into_iter().collect();
    let moves = moves::away(pool, group, &leaving, |route| leaving.iter().any(|i| route.target.is(i)));
    let mut plan = Plan {
        cause: Cause::Drain,
        group: group.name.clone(),
        stranded: moves.stranded,
        changes_first: true,
        ..Plan::default()
    };
    let nowhere = plan.no_healthy_peer();
    if !nowhere {
        plan.changes = moves.changes;
    }
    if !nowhere || !member.healthy {
        plan.completions = vec![Completion {
            group: group.name.clone(),
            hook: action.hook.clone(),
            instance: action.instance.clone(),
        }];
    }
    Decision::Act(plan)
}
