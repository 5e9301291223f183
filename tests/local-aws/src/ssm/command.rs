//! A command, its invocations and their plugins, as the lists show them.

use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::sync::Notify;

use super::status::{Status, of_command};
use crate::{REGION, lock};

/// `Output` of a plugin in `ListCommandInvocations`.
const OUTPUT_CHARACTERS: usize = 2500;
/// `StandardOutputContent` and `StandardErrorContent` of `GetCommandInvocation`.
pub(crate) const STDOUT_CHARACTERS: usize = 24_000;
pub(crate) const STDERR_CHARACTERS: usize = 8_000;
const TRUNCATED: &str = "\n---Output truncated---";

/// What was sent, and how it goes.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) id: String,
    pub(crate) document: String,
    pub(crate) version: String,
    pub(crate) comment: String,
    pub(crate) parameters: Value,
    pub(crate) instance_ids: Vec<String>,
    pub(crate) targets: Value,
    pub(crate) max_concurrency: String,
    pub(crate) max_errors: String,
    pub(crate) timeout: u64,
    pub(crate) requested: f64,
    pub(crate) expires: f64,
    pub(crate) progress: Mutex<Progress>,
    /// Rings when it is cancelled.
    pub(crate) cancelled: Notify,
}

/// What changes of a command.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Whether the targets are known.
    pub(crate) resolved: bool,
    pub(crate) cancelled: bool,
    pub(crate) invocations: Vec<Invocation>,
}

/// The command on one node.
#[derive(Debug, Clone)]
pub(crate) struct Invocation {
    pub(crate) instance_id: String,
    pub(crate) requested: f64,
    pub(crate) status: Status,
    pub(crate) plugins: Vec<Plugin>,
}

/// A step on one node.
#[derive(Debug, Clone)]
pub(crate) struct Plugin {
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) started: Option<f64>,
    pub(crate) ended: Option<f64>,
}

impl Plugin {
    pub(crate) fn new(name: &str) -> Self {
        let (stdout, stderr) = (String::new(), String::new());
        Self { name: name.to_owned(), status: Status::Pending, code: -1, stdout, stderr, started: None, ended: None }
    }

    fn to_json(&self) -> Value {
        let mut output = self.stdout.clone();
        if !self.stderr.is_empty() {
            output = format!("{output}\n----------ERROR-------\n{}", self.stderr);
        }
        let mut plugin = json!({
            "Name": self.name, "Status": self.status.name(), "StatusDetails": self.status.details(),
            "ResponseCode": self.code, "Output": cut(&output, OUTPUT_CHARACTERS),
            "StandardOutputUrl": "", "StandardErrorUrl": "", "OutputS3Region": REGION, "OutputS3BucketName": "",
            "OutputS3KeyPrefix": "",
        });
        let times = [("ResponseStartDateTime", self.started), ("ResponseFinishDateTime", self.ended)];
        for (name, time) in times.into_iter().filter_map(|(name, time)| Some((name, time?))) {
            plugin.as_object_mut().and_then(|plugin| plugin.insert(name.to_owned(), time.into()));
        }
        plugin
    }
}

/// The first characters; the last of these say that there was more.
pub(crate) fn cut(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    let kept = characters - TRUNCATED.len();
    text.chars().take(kept).collect::<String>() + TRUNCATED
}

impl Command {
    /// `Status` and `StatusDetails`.
    pub(crate) fn status(&self) -> (&'static str, &'static str) {
        let progress = lock(&self.progress);
        if !progress.resolved {
            return ("Pending", "Pending");
        }
        let statuses: Vec<Status> = progress.invocations.iter().map(|invocation| invocation.status).collect();
        of_command(&statuses, share(&self.max_errors, statuses.len()), progress.cancelled)
    }

    /// The member `Command` of answers.
    pub(crate) fn to_json(&self) -> Value {
        let (status, details) = self.status();
        let progress = lock(&self.progress);
        let count = |wanted: &dyn Fn(Status) -> bool| {
            progress.invocations.iter().filter(|invocation| wanted(invocation.status)).count()
        };
        json!({
            "CommandId": self.id, "DocumentName": self.document, "DocumentVersion": self.version,
            "Comment": self.comment, "ExpiresAfter": self.expires, "Parameters": self.parameters,
            "InstanceIds": self.instance_ids, "Targets": self.targets, "RequestedDateTime": self.requested,
            "Status": status, "StatusDetails": details, "OutputS3Region": REGION, "OutputS3BucketName": "",
            "OutputS3KeyPrefix": "", "MaxConcurrency": self.max_concurrency, "MaxErrors": self.max_errors,
            "TargetCount": progress.invocations.len(), "CompletedCount": count(&Status::is_final),
            "ErrorCount": count(&Status::is_error),
            "DeliveryTimedOutCount": count(&|status| status == Status::DeliveryTimedOut),
            "ServiceRole": "", "TimeoutSeconds": self.timeout,
            "NotificationConfig": {"NotificationArn": "", "NotificationEvents": [], "NotificationType": ""},
            "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": false},
        })
    }

    /// One item of `ListCommandInvocations`.
    pub(crate) fn invocation_json(&self, invocation: &Invocation, details: bool) -> Value {
        let plugins: Vec<Value> = invocation.plugins.iter().filter(|_| details).map(Plugin::to_json).collect();
        json!({
            "CommandId": self.id, "InstanceId": invocation.instance_id, "InstanceName": "", "Comment": self.comment,
            "DocumentName": self.document, "DocumentVersion": self.version, "RequestedDateTime": invocation.requested,
            "Status": invocation.status.name(), "StatusDetails": invocation.status.details(),
            "StandardOutputUrl": "", "StandardErrorUrl": "", "CommandPlugins": plugins, "ServiceRole": "",
            "NotificationConfig": {"NotificationArn": "", "NotificationEvents": [], "NotificationType": ""},
            "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": false},
        })
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        lock(&self.progress).cancelled
    }

    /// Changes the invocation on one node, unless it has ended.
    pub(crate) fn update(&self, instance_id: &str, change: impl FnOnce(&mut Invocation)) {
        let mut progress = lock(&self.progress);
        let found = progress.invocations.iter_mut().find(|invocation| invocation.instance_id == instance_id);
        if let Some(invocation) = found.filter(|invocation| !invocation.status.is_final()) {
            change(invocation);
        }
    }

    /// How many invocations count against `MaxErrors`, and how many it allows.
    pub(crate) fn errors(&self) -> (usize, usize) {
        let progress = lock(&self.progress);
        let errors = progress.invocations.iter().filter(|invocation| invocation.status.is_error()).count();
        (errors, share(&self.max_errors, progress.invocations.len()))
    }
}

/// `10` or `10%` of `all`; a share is rounded down, as 10% of 50 allows 5 errors.
pub(crate) fn share(text: &str, all: usize) -> usize {
    match text.strip_suffix('%') {
        Some(percent) => all * percent.parse::<usize>().unwrap_or_default() / 100,
        None => text.parse().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_numbers_or_percentages() {
        for (text, all, expected) in [("0", 50, 0), ("3", 50, 3), ("10%", 50, 5), ("10%", 9, 0), ("100%", 7, 7)] {
            assert_eq!(share(text, all), expected, "{text} of {all}");
        }
    }

    #[test]
    fn long_output_is_cut_and_says_so() {
        let long = cut(&"ä".repeat(3000), OUTPUT_CHARACTERS);
        assert!(long.chars().count() == OUTPUT_CHARACTERS && long.ends_with(TRUNCATED));
        assert_eq!(cut("short", OUTPUT_CHARACTERS), "short");
    }
}
