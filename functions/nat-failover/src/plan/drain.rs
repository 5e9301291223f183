//! A terminating lifecycle action: Auto Scaling is about to terminate an instance that still works.

use super::pool::Pool;
use super::{Cause, Completion, Decision, Plan, moves};
use crate::cloud::{Group, Lifecycle};
use crate::event::LifecycleAction;

/// Moves the instance's routes, then lets it go. With nowhere to move them nothing moves and it is held: it works.
pub(super) fn decide(pool: &Pool, group: &Group, action: &LifecycleAction) -> Decision {
    let waits = group
        .members
        .iter()
        .any(|member| member.instance == action.instance && member.lifecycle == Lifecycle::TerminatingWait);
    if !waits {
        return Decision::Nothing(format!("instance {:?} no longer waits to be terminated", action.instance));
    }
    let leaving: Vec<_> = pool.instance(&action.instance).into_iter().collect();
    let mut moves = moves::away(pool, group, &leaving, |_, route| leaving.iter().any(|i| route.target.is(i)));
    let mut plan = Plan {
        cause: Cause::Drain,
        group: group.name.clone(),
        stranded: std::mem::take(&mut moves.stranded),
        changes_first: true,
        ..Plan::default()
    };
    if !plan.no_healthy_peer() {
        plan.changes = moves.changes;
        plan.completions = vec![Completion {
            group: group.name.clone(),
            hook: action.hook.clone(),
            instance: action.instance.clone(),
        }];
    }
    Decision::Act(plan)
}
