//! Which emulator answers which service, and which operations are answered by a stand-in. README.md repeats this
//! table; change both.

/// Who answers a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answerer {
    /// moto with corrections (`emulators/moto_plus`).
    Moto,
    /// ministack with corrections (`emulators/ministack_plus.py`).
    Ministack,
    /// dynoxide, in this process.
    Dynamodb,
}

/// The emulator that gets a service right.
pub(crate) fn answerer(service: &str) -> Answerer {
    match service {
        // ministack loses routes to network interfaces, has no source/dest check, no SetInstanceHealth and no WorkSpaces,
        // and its RotateSecret is a stub. Alarms have one home; their actions are the stand-in below.
        "ec2" | "autoscaling" | "monitoring" | "secretsmanager" | "workspaces" => Answerer::Moto,
        // moto's DynamoDB transactions are not isolated.
        "dynamodb" => Answerer::Dynamodb,
        _ => Answerer::Ministack,
    }
}

/// What the gateway itself does beside an emulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StandIn {
    /// After `SetAlarmState`: the alarm's actions (SNS, Lambda) and its EventBridge event, which moto lacks.
    AlarmActions,
    /// After `RotateSecret`: the four steps.
    RotationSteps,
    /// SSM's Run Command: moto's succeeds on every instance, ministack's knows no documents.
    RunCommand,
    /// Firehose: ministack's writes an object for each record and never compresses.
    Firehose,
    /// Connect's users: ministack has no Connect, moto's has no users.
    Connect,
}

/// The stand-ins, by service and action.
pub(crate) const STAND_INS: &[(&str, &str, StandIn)] = &[
    ("monitoring", "SetAlarmState", StandIn::AlarmActions),
    ("secretsmanager", "RotateSecret", StandIn::RotationSteps),
    ("firehose", "PutRecord", StandIn::Firehose),
    ("firehose", "PutRecordBatch", StandIn::Firehose),
    ("connect", "CreateUser", StandIn::Connect),
    ("ssm", "SendCommand", StandIn::RunCommand),
    ("ssm", "CancelCommand", StandIn::RunCommand),
    ("ssm", "ListCommands", StandIn::RunCommand),
    ("ssm", "ListCommandInvocations", StandIn::RunCommand),
    ("ssm", "GetCommandInvocation", StandIn::RunCommand),
    ("ssm", "DescribeInstanceInformation", StandIn::RunCommand),
];

/// The stand-in of an operation.
pub(crate) fn stand_in(service: &str, action: &str) -> Option<StandIn> {
    STAND_INS.iter().find(|(of, name, _)| *of == service && *name == action).map(|(.., stand_in)| *stand_in)
}
