//! A Connect user, as tests read it back.

use std::fmt;

/// A user of a Connect instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectUser {
    /// Its id.
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// The name to log in by.
    pub username: String,
    /// The first name.
    pub first_name: Option<String>,
    /// The last name.
    pub last_name: Option<String>,
    /// The mail address.
    pub email: Option<String>,
    /// The user's id in the directory.
    pub directory_user_id: Option<String>,
    /// The routing profile's id.
    pub routing_profile: String,
    /// The ids of the security profiles.
    pub security_profiles: Vec<String>,
    pub(super) password: Password,
}

impl ConnectUser {
    /// Whether a password was given.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.password.0.is_some()
    }

    /// The password itself, for tests that look for it where it must not be.
    #[must_use]
    pub fn expose_password(&self) -> Option<&str> {
        self.password.0.as_deref()
    }
}

/// Not in what tests print.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Password(pub(super) Option<String>);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "given" } else { "none" })
    }
}
