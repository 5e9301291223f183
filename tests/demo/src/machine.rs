//! What the demo ran on, and when.

use std::path::Path;
use std::process::Command;

use report::Fact;

/// Now, as it is to be read.
pub(crate) fn now() -> String {
    let date = Command::new("date").args(["-u", "+%-d %B %Y, %H:%M UTC"]).env("LC_ALL", "C").output();
    date.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}

/// The processor, and what plays which part of AWS.
pub(crate) fn facts() -> Vec<Fact> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = format!("{cores} × {}, {}", model().unwrap_or("unknown".into()), std::env::consts::ARCH);
    let mut facts = vec![Fact::new("processor", processor)];
    let played = [
        ("EC2, Auto Scaling, CloudWatch, Secrets Manager, WorkSpaces", "moto"),
        ("CloudFormation, Lambda's front, SNS, SQS, EventBridge, IAM, S3", "ministack"),
        ("IoT's broker and rules, CloudWatch Logs, Step Functions", "ministack"),
        ("API Gateway, Cognito", "ministack"),
    ];
    facts.extend(played.into_iter().filter_map(|(part, tool)| Some(Fact::new(part, pinned(tool)?))));
    facts.push(Fact::new("DynamoDB", "dynoxide, in this process"));
    facts.push(Fact::new("Systems Manager, and who calls for a rotation", "tests/local-aws; its scripts really run"));
    facts.push(Fact::new("Firehose", "tests/local-aws; its objects are in S3"));
    facts.push(Fact::new("Connect", "tests/local-aws"));
    facts.push(Fact::new("devices", "MQTT over TLS, each with a certificate of its own"));
    facts.push(Fact::new("nodes", format!("{}, each in namespaces of its own", sshd().unwrap_or("OpenSSH".into()))));
    facts.push(Fact::new(
        "route tables, nodes and users in calls",
        "shown by their names, where the functions write their ids",
    ));
    facts.push(Fact::new("the functions", "their release binaries, under AWS's Runtime Interface Emulator"));
    facts
}

fn model() -> Option<String> {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = cpus.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// `OpenSSH_9.2p1`; it says so where others say an error.
fn sshd() -> Option<String> {
    let said = Command::new("ssh").arg("-V").output().ok()?.stderr;
    let said = String::from_utf8_lossy(&said);
    Some(said.split([' ', ',']).next()?.trim().replace('_', " "))
}

/// An emulator with its version, as the local AWS pins it.
fn pinned(tool: &str) -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../local-aws/emulators/requirements.txt");
    let pins = std::fs::read_to_string(file).ok()?;
    let mut pins = pins.lines().filter_map(|line| line.split_once("=="));
    let (_, version) = pins.find(|(name, _)| name.split('[').next() == Some(tool))?;
    Some(format!("{tool} {version}"))
}
