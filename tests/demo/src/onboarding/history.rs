//! An execution as Step Functions' own history tells it.

use local_aws::{ExecutionStatus, State, StateKind};
use report::{Execution, Lane, LaneOutcome, Status, Try};
use serde_json::Value;

/// The services, each with its task's state in the workflow.
pub(crate) const SERVICES: [(&str, &str); 2] = [("WorkSpaces", "CreateWorkSpace"), ("Connect", "CreateConnectUser")];

/// An execution that began so many milliseconds after the batch had come.
pub(crate) fn drawn(execution: &local_aws::Execution, at_ms: f64) -> Execution {
    let lane = |(service, state): (&str, &str)| Lane {
        service: service.to_owned(),
        tries: tries(execution, state, at_ms),
        outcome: outcome(execution, service),
    };
    Execution {
        name: execution.name.clone(),
        status: status(execution.status),
        at_ms,
        took_ms: execution.path.last().map_or(0.0, ms),
        lanes: SERVICES.map(lane).into(),
        notify: tries(execution, "Notify", at_ms),
    }
}

fn status(status: ExecutionStatus) -> Status {
    match status {
        ExecutionStatus::Running => Status::Running,
        ExecutionStatus::Succeeded => Status::Succeeded,
        _ => Status::Failed,
    }
}

/// A state's tries: each from when the task was begun until it failed, or until the execution went on.
fn tries(execution: &local_aws::Execution, state: &str, at_ms: f64) -> Vec<Try> {
    let mut tries = Vec::new();
    let mut begun = None;
    for event in execution.path.iter().filter(|event| event.name == state) {
        match event.kind {
            StateKind::Entered | StateKind::Retried => begun = Some(ms(event)),
            StateKind::Failed | StateKind::Exited => {
                let Some(from) = begun.take() else { continue }; // a caught failure's state is left, too
                tries.push(Try::new(at_ms + from, ms(event) - from, event.error.as_deref()));
            }
        }
    }
    tries
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a demo")]
fn ms(event: &State) -> f64 {
    event.at_ms as f64
}

/// What the execution's output, or its failure's cause, says of a service.
fn outcome(execution: &local_aws::Execution, service: &str) -> LaneOutcome {
    let services = match &execution.cause {
        Some(cause) => serde_json::from_str(cause).unwrap_or_default(),
        None => execution.output.as_ref().and_then(|output| output.get("services")).cloned().unwrap_or_default(),
    };
    let text = |one: &Value, name: &str| one.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let told = services.as_array().into_iter().flatten().find(|one| text(one, "service") == service);
    match told.map(|one| (text(one, "status"), text(one, "error"))) {
        Some((status, _)) if status == "created" => LaneOutcome::Created,
        Some((status, _)) if status == "already-there" => LaneOutcome::AlreadyThere,
        Some((_, error)) => LaneOutcome::Failed(error),
        None => LaneOutcome::Running,
    }
}
