//! Tells what a step did: its answer, and metrics.

use serde_json::{Value, json};
use shared::metrics::{Metrics, Unit};

use crate::error::RotationError;
use crate::event::Step;

/// What a step did.
#[derive(Debug, PartialEq, Eq)]
pub enum Done {
    /// Nothing, and why.
    Nothing(&'static str),
    /// A keypair was made and stored.
    Created,
    /// Nodes did what they were told, or let us in.
    Nodes {
        /// How many.
        reached: usize,
        /// In how many files the superseded key is also in a line that is not ours.
        unlabelled: usize,
    },
}

impl Done {
    /// The answer to the invoker, which reads nothing in it; people do, who invoke it by hand.
    #[must_use]
    pub fn answer(&self, step: Step) -> Value {
        let step = step.to_string();
        match self {
            Self::Nothing(why) => json!({"step": step, "did": "nothing", "why": why}),
            Self::Created => json!({"step": step, "did": "created"}),
            Self::Nodes { reached, unlabelled } => {
                json!({"step": step, "did": "changed", "nodes": reached, "unlabelled": unlabelled})
            }
        }
    }
}

/// The metrics of a step, under the secret's name and the step.
#[must_use]
pub fn metrics(secret_arn: &str, step: Step, result: &Result<Done, RotationError>) -> Metrics {
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let (reached, failed, unlabelled) = match result {
        Ok(Done::Nodes { reached, unlabelled }) => (*reached, 0, *unlabelled),
        Err(RotationError::Nodes { all, failed, open, .. }) => {
            let not = failed.len() + open.len();
            (all.saturating_sub(not), not, 0)
        }
        _ => (0, 0, 0),
    };
    Metrics::new("SshRotation")
        .dimension("Secret", name(secret_arn))
        .dimension("Step", step.to_string())
        .value("Failed", Unit::Count, u64::from(result.is_err()))
        .value("NodesReached", Unit::Count, count(reached))
        .value("NodesFailed", Unit::Count, count(failed))
        .value("UnlabelledKeys", Unit::Count, count(unlabelled))
}

/// The name in an ARN, with the six characters that AWS adds.
fn name(arn: &str) -> &str {
    arn.splitn(7, ':').nth(6).unwrap_or(arn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secrets_name_is_what_its_arn_ends_with() {
        assert_eq!(name("arn:aws:secretsmanager:eu-west-1:111122223333:secret:/dev/ssh-AbCdEf"), "/dev/ssh-AbCdEf");
        assert_eq!(name("/dev/ssh"), "/dev/ssh");
    }
}
