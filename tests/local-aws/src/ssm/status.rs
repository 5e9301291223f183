//! The statuses of invocations and commands, and how a command's follows from its invocations'.

/// An invocation's status in detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    InProgress,
    Delayed,
    Success,
    Failed,
    DeliveryTimedOut,
    ExecutionTimedOut,
    Cancelled,
    Undeliverable,
    Terminated,
}

impl Status {
    /// `Status`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::InProgress => "InProgress",
            Self::Delayed => "Delayed",
            Self::Success => "Success",
            Self::Failed | Self::Undeliverable => "Failed",
            Self::DeliveryTimedOut | Self::ExecutionTimedOut => "TimedOut",
            Self::Cancelled | Self::Terminated => "Cancelled",
        }
    }

    /// `StatusDetails`.
    pub(crate) fn details(self) -> &'static str {
        match self {
            Self::DeliveryTimedOut => "DeliveryTimedOut",
            Self::ExecutionTimedOut => "ExecutionTimedOut",
            Self::Undeliverable => "Undeliverable",
            Self::Terminated => "Terminated",
            other => other.name(),
        }
    }

    pub(crate) fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::InProgress | Self::Delayed)
    }

    /// Whether it counts against `MaxErrors`.
    pub(crate) fn is_error(self) -> bool {
        matches!(self, Self::Failed | Self::ExecutionTimedOut)
    }
}

/// A command's `Status` and `StatusDetails`, once its targets are known.
pub(crate) fn of_command(invocations: &[Status], max_errors: usize, cancelled: bool) -> (&'static str, &'static str) {
    let count = |wanted: fn(Status) -> bool| invocations.iter().filter(|status| wanted(**status)).count();
    if invocations.is_empty() {
        return if cancelled { ("Cancelled", "Cancelled") } else { ("Success", "NoInstancesInTag") };
    }
    if count(Status::is_final) < invocations.len() {
        return match (cancelled, count(|status| status == Status::Pending) == invocations.len()) {
            (true, _) => ("Cancelling", "Cancelling"),
            (_, true) => ("Pending", "Pending"),
            _ => ("InProgress", "InProgress"),
        };
    }
    let enough = |errors: usize| errors > 0 && errors >= max_errors;
    let (failed, succeeded) = (count(|status| status == Status::Failed), count(|status| status == Status::Success));
    let undelivered = count(|status| status == Status::DeliveryTimedOut);
    if cancelled {
        ("Cancelled", "Cancelled")
    } else if enough(count(Status::is_error)) && failed > 0 {
        ("Failed", "Failed")
    } else if enough(count(Status::is_error)) {
        ("TimedOut", "ExecutionTimedOut")
    } else if enough(undelivered) {
        ("TimedOut", "DeliveryTimedOut")
    } else if count(Status::is_error) + undelivered > 0 {
        ("Failed", "Incomplete")
    } else if succeeded == 0 {
        ("Failed", "Failed") // all of them Undeliverable
    } else {
        ("Success", "Success") // which hides those that are Undeliverable
    }
}

#[cfg(test)]
mod tests {
    use super::Status::{
        Cancelled, DeliveryTimedOut, ExecutionTimedOut, Failed, InProgress, Pending, Success, Terminated, Undeliverable,
    };
    use super::*;

    #[test]
    fn a_commands_status_follows_from_its_invocations() {
        type Row = (&'static [Status], usize, bool, (&'static str, &'static str));
        #[rustfmt::skip]
        let table: [Row; 14] = [
            (&[], 0, false, ("Success", "NoInstancesInTag")),
            (&[Pending, Pending], 0, false, ("Pending", "Pending")),
            (&[Pending, Success], 0, false, ("InProgress", "InProgress")),
            (&[InProgress, Failed], 0, false, ("InProgress", "InProgress")),
            (&[InProgress, Success], 0, true, ("Cancelling", "Cancelling")),
            (&[Success, Success], 0, false, ("Success", "Success")),
            (&[Success, Undeliverable], 0, false, ("Success", "Success")),
            (&[Undeliverable, Undeliverable], 0, false, ("Failed", "Failed")),
            (&[Success, Failed, Terminated], 0, false, ("Failed", "Failed")),
            (&[Success, Failed], 2, false, ("Failed", "Incomplete")),
            (&[Failed, Failed], 2, false, ("Failed", "Failed")),
            (&[Success, ExecutionTimedOut], 0, false, ("TimedOut", "ExecutionTimedOut")),
            (&[Success, DeliveryTimedOut], 0, false, ("TimedOut", "DeliveryTimedOut")),
            (&[Success, Cancelled], 0, true, ("Cancelled", "Cancelled")),
        ];
        for (invocations, max_errors, cancelled, expected) in table {
            assert_eq!(of_command(invocations, max_errors, cancelled), expected, "{invocations:?}");
        }
    }
}
