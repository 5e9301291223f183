//! A terminating lifecycle action: Auto Scaling is about to terminate an instance that still works.

use super::pool::Pool;
use super::{Cause, Completion, Decision, Plan, moves};
use crate::cloud::{Group, Lifecycle};
use crate::event::LifecycleAction;

/// Moves the instance's routes, then lets it go. With nowhere to move them nothing moves and it is held, for it works;
/// unless it was marked unhealthy: holding a dead instance only delays its replacement.
pub(super) fn decide(pool: &Pool, group: &Group, action: &LifecycleAction) -> Decision {
    let member = group.members.iter().find(|member| member.instance == action.instance);
    // A stale read may show it in service still, and the event comes only once: only what is gone is nothing to do.
    let Some(member) = member.filter(|member| member.lifecycle != Lifecycle::Other) else {
        return Decision::Nothing(format!("instance {:?} no longer waits to be terminated", action.instance));
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
