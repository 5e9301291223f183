//! What the agent does on its node.

use std::fmt::Write;

use super::command::Plugin;
use super::document::Step;
use super::status::Status;
use super::time::{self, Clock};
use crate::nodes::{NodeInner, text};

/// What the agent answers for a script that it stopped.
const TIMED_OUT: i32 = 137;

/// Runs the steps one after another and reports each as it begins and ends. The whole fails if one does, though the
/// steps after it run, unless the document says otherwise.
pub(crate) async fn steps(
    clock: &Clock,
    node: &NodeInner,
    command: &str,
    steps: &[Step],
    mut report: impl FnMut(usize, &Plugin),
) -> Status {
    let mut whole = Status::Success;
    for (at, step) in steps.iter().enumerate() {
        let mut plugin = Plugin::new(&step.name);
        plugin.started = Some(time::now());
        plugin.status = Status::InProgress;
        report(at, &plugin);
        run(clock, node, command, step, &mut plugin).await;
        plugin.ended = Some(time::now());
        report(at, &plugin);
        if plugin.status != Status::Success {
            whole = plugin.status;
            if step.exit_on_failure {
                break;
            }
        }
    }
    whole
}

async fn run(clock: &Clock, node: &NodeInner, command: &str, step: &Step, plugin: &mut Plugin) {
    if step.skipped {
        plugin.status = Status::Success;
        plugin.code = 0;
        "Step execution skipped due to unsupported platform. Step name: ".clone_into(&mut plugin.stdout);
        plugin.stdout.push_str(&step.name);
        return;
    }
    let mut environment = agent_environment(&node.instance_id);
    environment.extend(step.environment.clone());
    let id = format!("{command}/{}", step.name.replace('/', "_"));
    let limit = clock.real(step.seconds);
    match node.run_script(&id, &step.script, &environment, &step.folder, limit).await {
        Ok(ended) => {
            plugin.stdout = text(&ended.stdout);
            plugin.stderr = text(&ended.stderr);
            plugin.code = if ended.timed_out { TIMED_OUT } else { ended.exit_code.unwrap_or(-1) };
            plugin.status = match plugin.code {
                _ if ended.timed_out => Status::ExecutionTimedOut,
                0 => Status::Success,
                _ => Status::Failed,
            };
            if plugin.status == Status::Failed {
                let _ = write!(plugin.stderr, "failed to run commands: exit status {}", plugin.code); // a String takes all
            }
        }
        Err(error) => {
            plugin.code = 1;
            plugin.stderr = format!("the node of the local AWS failed: {error:?}");
            plugin.status = Status::Failed;
        }
    }
}

/// What the agent sets for scripts.
fn agent_environment(instance_id: &str) -> Vec<(String, String)> {
    let set = [
        ("AWS_SSM_REGION_NAME", crate::REGION),
        ("AWS_SSM_INSTANCE_ID", instance_id),
        ("AWS_SSM_PLATFORM_NAME", "Amazon Linux"),
        ("AWS_SSM_PLATFORM_VERSION", "2023"),
        ("LANG", "C.UTF-8"),
    ];
    set.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}
