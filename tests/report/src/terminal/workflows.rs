//! Each user, and the way of each execution in a line.

use super::paint::Paint;
use crate::workflows::Workflows;

pub(crate) fn before(_: Paint, workflows: &Workflows) -> Vec<String> {
    workflows.services.iter().map(|service| format!("    {}: {}", service.name, service.users.len())).collect()
}

pub(crate) fn state(_: Paint, workflows: &Workflows) -> Vec<String> {
    workflows.users.iter().map(|user| format!("    {}", user.who)).collect()
}
