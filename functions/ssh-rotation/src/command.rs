//! What the nodes are told: the parameters of the SSM document (`document/authorized_keys.sh` says what they do).

use crate::key_line::{Generation, KeyLine};

/// A command for all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// What to do.
    pub action: Action,
    /// Whose `authorized_keys` to change.
    pub users: Vec<String>,
    /// The line that it is about.
    pub line: KeyLine,
}

/// What to do with the line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// See that it is there.
    Add,
    /// See that it is there, and remove the older lines of this secret.
    Finish {
        /// The one older generation that stays.
        keep: Option<Generation>,
        /// The superseded key (base64): the nodes tell if it is also in a line that is not ours.
        superseded: Option<String>,
    },
}

impl Command {
    /// The document's parameters.
    #[must_use]
    pub fn parameters(&self) -> [(&'static str, String); 5] {
        let none = || "none".to_owned();
        let (action, keep, superseded) = match &self.action {
            Action::Add => ("add", none(), none()),
            Action::Finish { keep, superseded } => {
                let keep = keep.map_or_else(none, |generation| generation.to_string());
                ("finish", keep, superseded.clone().unwrap_or_else(none))
            }
        };
        [
            ("Action", action.to_owned()),
            ("Users", self.users.join(",")),
            ("PublicKey", self.line.text().to_owned()),
            ("KeepGeneration", keep),
            ("SupersededKey", superseded),
        ]
    }
}

/// What one node did with a command, as `ListCommandInvocations` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The node's instance.
    pub instance: String,
    /// `Status`.
    pub status: String,
    /// `StatusDetails`, which is more precise.
    pub details: String,
    /// What the script printed: standard output, then standard error; 2,500 characters at most.
    pub output: String,
}
