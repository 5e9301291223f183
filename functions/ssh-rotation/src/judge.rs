//! Which nodes did what they were told. A pure function: the expected nodes and what SSM says of each, to a verdict.
//!
//! The command's own status proves nothing: it is Success although a node was Undeliverable, and knows nothing of
//! nodes that SSM doesn't. Statuses: <https://docs.aws.amazon.com/systems-manager/latest/userguide/monitor-commands.html>.

use std::collections::BTreeMap;

use crate::command::Invocation;
use crate::node::{Node, NodeFailure};

/// Every expected node is in one of the three.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Did it; with what the script printed.
    pub done: Vec<(Node, String)>,
    /// Will not do it.
    pub failed: Vec<NodeFailure>,
    /// May still do it; with the last known status.
    pub open: Vec<NodeFailure>,
}

/// Judges. `complete`: no invocations will be added to these.
#[must_use]
pub fn judge(expected: &[Node], invocations: &[Invocation], complete: bool) -> Verdict {
    let by_instance: BTreeMap<_, _> = invocations.iter().map(|i| (i.instance.as_str(), i)).collect();
    let mut verdict = Verdict::default();
    for node in expected {
        let failure = |why: String| NodeFailure { instance: node.instance.clone(), why };
        match by_instance.get(node.instance.as_str()) {
            Some(invocation) => match outcome(invocation) {
                Outcome::Success => verdict.done.push((node.clone(), invocation.output.clone())),
                Outcome::Failure(why) => verdict.failed.push(failure(why)),
                Outcome::Open => verdict.open.push(failure(invocation.status.clone())),
            },
            None if complete => verdict.failed.push(failure(UNKNOWN_TO_SSM.to_owned())),
            None => verdict.open.push(failure("not yet sent".to_owned())),
        }
    }
    verdict
}

const UNKNOWN_TO_SSM: &str =
    "Systems Manager does not know this node (is its agent running, its role AmazonSSMManagedInstanceCore?)";

enum Outcome {
    Success,
    Failure(String),
    Open,
}

fn outcome(invocation: &Invocation) -> Outcome {
    // The documentation writes "Delivery Timed Out", the API "DeliveryTimedOut".
    let plain = |text: &str| text.replace(' ', "");
    let (status, details) = (plain(&invocation.status), plain(&invocation.details));
    let open = |text: &str| matches!(text, "" | "Pending" | "InProgress" | "Delayed" | "Cancelling");
    match status.as_str() {
        "Success" => Outcome::Success,
        _ if open(&status) && open(&details) => Outcome::Open,
        _ => {
            let name = if open(&details) { status } else { details };
            Outcome::Failure(format!("{name}{}", explanation(&name, &invocation.output)))
        }
    }
}

/// What to do about a status, or the script's own words.
fn explanation(status: &str, output: &str) -> String {
    match status {
        "Failed" | "ExecutionTimedOut" => last_words(output),
        "DeliveryTimedOut" | "Undeliverable" => " (is its agent running and connected?)".to_owned(),
        "InvalidPlatform" => " (the document is for Linux)".to_owned(),
        "AccessDenied" => " (the function's role may not send commands to it)".to_owned(),
        "Terminated" => " (too many others failed)".to_owned(),
        _ => String::new(),
    }
}

/// Why the script says that it failed, on one line and cut short; else the last line of whatever was printed.
fn last_words(output: &str) -> String {
    const LONGEST: usize = 300;
    let lines = || output.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut said: Vec<_> = lines().filter_map(|line| line.strip_prefix("ssh-rotation: ")).collect();
    if said.is_empty() {
        said.extend(lines().rfind(|line| !line.starts_with("failed to run commands")));
    }
    let said = said.join("; ");
    if said.is_empty() { said } else { format!(" ({})", said.chars().take(LONGEST).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(id: &str) -> Node {
        Node { instance: id.into(), address: None }
    }

    fn said(id: &str, status: &str, details: &str, output: &str) -> Invocation {
        Invocation { instance: id.into(), status: status.into(), details: details.into(), output: output.into() }
    }

    #[test]
    fn only_success_is_success_and_only_these_four_are_open() {
        #[rustfmt::skip]
        let table = [
            ("Success", "Success", "done"),
            ("Pending", "Pending", "open"), ("InProgress", "InProgress", "open"), ("Delayed", "Delayed", "open"),
            ("Cancelling", "Cancelling", "open"), ("InProgress", "", "open"), ("", "", "open"),
            ("Failed", "Failed", "failed"), ("TimedOut", "DeliveryTimedOut", "failed"),
            ("TimedOut", "Delivery Timed Out", "failed"), ("TimedOut", "ExecutionTimedOut", "failed"),
            ("Cancelled", "Cancelled", "failed"), ("Failed", "Undeliverable", "failed"),
            ("Pending", "Undeliverable", "failed"), ("Cancelled", "Terminated", "failed"),
            ("Failed", "InvalidPlatform", "failed"), ("Failed", "AccessDenied", "failed"),
            ("SomethingNew", "SomethingNew", "failed"),
        ];
        for (status, details, expected) in table {
            let verdict = judge(&[node("i-1")], &[said("i-1", status, details, "")], true);
            let found = [("done", verdict.done.len()), ("failed", verdict.failed.len()), ("open", verdict.open.len())];
            assert_eq!(found.iter().find(|(_, n)| *n == 1).unwrap().0, expected, "{status} {details}");
        }
    }

    #[test]
    fn a_node_without_an_invocation_is_open_until_no_more_can_come_and_then_failed() {
        let expected = [node("i-1"), node("i-2")];
        let invocations = [said("i-1", "Success", "Success", "out"), said("i-9", "Failed", "Failed", "")];
        let before = judge(&expected, &invocations, false);
        assert_eq!((before.done.len(), before.failed.len(), before.open.len()), (1, 0, 1));
        let after = judge(&expected, &invocations, true);
        assert_eq!(after.done, [(node("i-1"), "out".to_owned())]);
        assert_eq!(after.failed.len(), 1, "i-9 is nobody's concern");
        assert!(after.failed[0].to_string().starts_with("i-2: Systems Manager does not know"), "{:?}", after.failed);
    }

    #[test]
    fn a_failure_carries_the_scripts_last_words_cut_short() {
        for (output, words) in [
            (
                "host-key ssh-ed25519 A\n----------ERROR-------\nssh-rotation: bob: a link\nssh-rotation: bob: failed\nfailed to run commands: exit status 1",
                "bob: a link; bob: failed",
            ),
            (
                "host-key ssh-ed25519 A\n----------ERROR-------\nsh: not found\nfailed to run commands: exit status 127",
                "sh: not found",
            ),
        ] {
            let verdict = judge(&[node("i-1")], &[said("i-1", "Failed", "Failed", output)], true);
            assert_eq!(verdict.failed[0].to_string(), format!("i-1: Failed ({words})"));
        }
        let long = judge(&[node("i-1")], &[said("i-1", "Failed", "Failed", &"ö".repeat(2500))], true);
        assert!(long.failed[0].why.chars().count() < 320);
    }
}
