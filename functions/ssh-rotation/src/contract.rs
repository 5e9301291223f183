//! Whether the rotation stands where a step needs it. A pure function of what `DescribeSecret` says.
//!
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html>; a function that
//! skips this can be made to promote or install whatever version a caller names.

use std::collections::BTreeMap;

/// Attached to the version that clients read.
pub const CURRENT: &str = "AWSCURRENT";
/// Attached to the version that the rotation makes.
pub const PENDING: &str = "AWSPENDING";
/// Attached to the version before the current one.
pub const PREVIOUS: &str = "AWSPREVIOUS";

/// What `DescribeSecret` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description {
    /// The secret's ARN.
    pub arn: String,
    /// Whether rotation is enabled.
    pub rotation_enabled: bool,
    /// The versions that have labels, by id.
    pub versions: BTreeMap<String, Vec<String>>,
}

/// Where the version stands that the rotation makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is being made.
    Pending,
    /// It is current: the rotation is done, and at most has something left to clear away.
    Current,
}

/// The rotation does not stand where a step needs it. Nothing was written.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContractError {
    /// Somebody calls the function by hand, or rotation was just switched off.
    #[error(
        "rotation is not enabled for the secret {0}; enable it (aws secretsmanager rotate-secret) and let Secrets Manager call"
    )]
    RotationDisabled(String),
    /// The token is of another secret, or of a version long gone.
    #[error("the secret {0} has no version {1}; the event is not from a rotation of this secret, or is long past")]
    UnknownVersion(String, String),
    /// The version was made by something else than a rotation, or the rotation was cancelled.
    #[error(
        "version {1} of the secret {0} is not AWSPENDING; its rotation was cancelled, start it again (aws secretsmanager rotate-secret)"
    )]
    NotPending(String, String),
}

impl Description {
    /// Where the version `token` stands.
    pub fn standing(&self, token: &str) -> Result<Standing, ContractError> {
        if !self.rotation_enabled {
            return Err(ContractError::RotationDisabled(self.arn.clone()));
        }
        let labels = self.versions.get(token);
        let labels = labels.ok_or_else(|| ContractError::UnknownVersion(self.arn.clone(), token.to_owned()))?;
        let has = |label: &str| labels.iter().any(|l| l == label);
        if has(CURRENT) {
            Ok(Standing::Current)
        } else if has(PENDING) {
            Ok(Standing::Pending)
        } else {
            Err(ContractError::NotPending(self.arn.clone(), token.to_owned()))
        }
    }

    /// The version that has a label.
    #[must_use]
    pub fn version(&self, label: &str) -> Option<&str> {
        let found = self.versions.iter().find(|(_, labels)| labels.iter().any(|l| l == label));
        found.map(|(id, _)| id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description(versions: &[(&str, &[&str])]) -> Description {
        let versions = versions.iter().map(|(id, labels)| ((*id).into(), labels.iter().map(|l| (*l).into()).collect()));
        Description { arn: "arn".into(), rotation_enabled: true, versions: versions.collect() }
    }

    #[test]
    fn a_version_is_pending_or_current_or_none_of_the_rotations_business() {
        type Versions = [(&'static str, &'static [&'static str])];
        let unknown = Err(ContractError::UnknownVersion("arn".into(), "t".into()));
        let not_pending = Err(ContractError::NotPending("arn".into(), "t".into()));
        #[rustfmt::skip]
        let table: [(&Versions, Result<Standing, ContractError>); 7] = [
            (&[("t", &[PENDING])], Ok(Standing::Pending)),
            (&[("t", &[PENDING]), ("old", &[CURRENT])], Ok(Standing::Pending)),
            (&[("t", &[CURRENT, PENDING])], Ok(Standing::Current)),
            (&[("t", &[CURRENT])], Ok(Standing::Current)),
            (&[("t", &[PREVIOUS]), ("new", &[CURRENT])], not_pending),
            (&[("other", &[PENDING])], unknown),
            (&[], Err(ContractError::UnknownVersion("arn".into(), "t".into()))),
        ];
        for (versions, expected) in table {
            assert_eq!(description(versions).standing("t"), expected, "{versions:?}");
        }
    }

    #[test]
    fn without_rotation_no_version_stands_anywhere() {
        let disabled = Description { rotation_enabled: false, ..description(&[("t", &[PENDING])]) };
        assert_eq!(disabled.standing("t"), Err(ContractError::RotationDisabled("arn".into())));
    }

    #[test]
    fn a_label_finds_its_version() {
        let description = description(&[("t", &[PENDING]), ("old", &[CURRENT])]);
        assert_eq!(description.version(CURRENT), Some("old"));
        assert_eq!(description.version(PREVIOUS), None);
    }
}
