//! The other direction of least privilege: what a role allows and nothing uses.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Policies;
use super::pattern::action_matches;
use crate::error::{Error, Result};
use crate::function::FunctionInner;
use crate::world::AccountState;
use crate::{lock, read};

/// What the roles of functions allow, and what of it was used. Functions are named by their binaries, which are the same
/// in every stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyCoverage {
    granted: BTreeMap<String, BTreeSet<String>>,
    used: BTreeMap<String, BTreeSet<String>>,
}

/// Actions that Lambda itself uses by the function's role: nothing that a function calls.
const LAMBDA_S_OWN: &[&str] = &[
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
];

impl PolicyCoverage {
    pub(crate) fn of(account: &AccountState) -> Self {
        let mut coverage = Self::default();
        for function in read(&account.functions).values() {
            coverage.grant(function);
        }
        for (program, action) in lock(&account.used).iter() {
            coverage.used.entry(program.clone()).or_default().insert(action.clone());
        }
        coverage
    }

    fn grant(&mut self, function: &FunctionInner) {
        let granted = self.granted.entry(function.program().to_owned()).or_default();
        // Events that failed every try: Lambda itself sends them.
        let dead_letters = function.configuration.dead_letter_target.iter().cloned().collect::<Vec<_>>();
        for (action, resources) in Policies::new(&function.configuration.policies).allowed_actions() {
            let own = LAMBDA_S_OWN.contains(&action) || (!dead_letters.is_empty() && resources == dead_letters);
            if !own {
                granted.insert(action.to_owned());
            }
        }
    }

    /// Adds what another account or another run has seen.
    pub fn merge(&mut self, other: Self) {
        for (program, actions) in other.granted {
            self.granted.entry(program).or_default().extend(actions);
        }
        for (program, actions) in other.used {
            self.used.entry(program).or_default().extend(actions);
        }
    }

    /// What roles allow and no call used, a line each: `nat-failover may ec2:CreateRoute`. A pattern (`ec2:Describe*`)
    /// counts as used when one action that it matches was.
    #[must_use]
    pub fn unused_actions(&self) -> Vec<String> {
        let unused = self.granted.iter().flat_map(|(program, granted)| {
            let used = self.used.get(program).cloned().unwrap_or_default();
            let unused = granted.iter().filter(move |action| !used.iter().any(|used| action_matches(action, used)));
            unused.map(move |action| format!("{program} may {action}"))
        });
        unused.collect()
    }

    /// Appends itself to a file, so that several test binaries can be looked at together.
    pub fn append_to(&self, file: &Path) -> Result<()> {
        let line = serde_json::to_string(self).map_err(|error| Error::malformed("policy coverage", error))?;
        let failed = || Error::io(format!("{} cannot be written", file.display()));
        let mut file = std::fs::OpenOptions::new().create(true).append(true).open(file).map_err(failed())?;
        file.write_all(format!("{line}\n").as_bytes()).map_err(failed())
    }

    /// Everything that was appended to a file.
    pub fn read_from(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).map_err(Error::io(format!("{} cannot be read", file.display())))?;
        let mut coverage = Self::default();
        for line in text.lines() {
            coverage.merge(serde_json::from_str(line).map_err(|error| Error::malformed("policy coverage", error))?);
        }
        Ok(coverage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(granted: &[&str], used: &[&str]) -> PolicyCoverage {
        let set = |actions: &[&str]| {
            BTreeMap::from([("f".to_owned(), actions.iter().map(|&action| action.to_owned()).collect())])
        };
        PolicyCoverage { granted: set(granted), used: set(used) }
    }

    #[test]
    fn what_nothing_used_is_named() {
        let mut all = coverage(&["ec2:Describe*", "ec2:ReplaceRoute", "sns:Publish"], &["ec2:DescribeRouteTables"]);
        assert_eq!(all.unused_actions(), ["f may ec2:ReplaceRoute", "f may sns:Publish"]);
        all.merge(coverage(&[], &["sns:Publish", "ec2:ReplaceRoute"]));
        assert_eq!(all.unused_actions(), Vec::<String>::new());
    }
}
