//! What can go wrong in the local AWS itself. What a function or an emulated service answers is data, not an error here.

use std::path::PathBuf;

/// An error of the local AWS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tool of the Python environment is not there.
    #[error(
        "{path} is not there: run `make tools`, or let LOCAL_AWS_VENV name a virtual environment that has tests/local-aws/emulators/requirements.txt installed"
    )]
    MissingTool {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A process could not be started.
    #[error("{program} could not be started")]
    Start {
        /// The program.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// An emulator or a runtime does not answer in time; its last words are kept.
    #[error("{what} did not answer within {seconds} s; it last wrote:\n{log}")]
    NotReady {
        /// Who should have answered.
        what: String,
        /// How long it was waited for.
        seconds: u64,
        /// Its output.
        log: String,
    },
    /// A function's binary is not built.
    #[error(
        "no bootstrap at {path}: build it with `cargo build --release -p {binary}`, or name its folder in LOCAL_AWS_BOOTSTRAPS"
    )]
    MissingBootstrap {
        /// Where it was looked for.
        path: PathBuf,
        /// The binary's name.
        binary: String,
    },
    /// A service answered a control call with an error.
    #[error("{service}:{action} answered {status} {code}: {message}")]
    Control {
        /// The service's signing name.
        service: String,
        /// The operation.
        action: String,
        /// The HTTP status.
        status: u16,
        /// The service's error code.
        code: String,
        /// The service's message.
        message: String,
    },
    /// The stack could not be created.
    #[error("stack {stack}: {status}: {reason}")]
    Deploy {
        /// The stack's name.
        stack: String,
        /// Its status.
        status: String,
        /// Every failed resource's reason.
        reason: String,
    },
    /// A template cannot be used.
    #[error("template {path}: {reason}")]
    Template {
        /// The template.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A resource, function or output that a stack does not have.
    #[error("{stack} has no {what} {name}; it has {known}")]
    NotInStack {
        /// The stack.
        stack: String,
        /// What was asked for.
        what: &'static str,
        /// Its name.
        name: String,
        /// The names that are there.
        known: String,
    },
    /// Something that was waited for did not come.
    #[error("waited {seconds} s for {what}; what came: {seen}")]
    Waited {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// What was there in the end.
        seen: String,
    },
    /// An answer that is not in the form it should be.
    #[error("{what} is not understood: {reason}")]
    Malformed {
        /// What.
        what: String,
        /// Why.
        reason: String,
    },
    /// A device was refused, or its connection broke.
    #[error("{what}")]
    Mqtt {
        /// What the device wanted.
        what: String,
        /// What MQTT or TLS says of it.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// HTTP on this machine failed.
    #[error("HTTP to {to}")]
    Http {
        /// The address.
        to: String,
        /// Why.
        #[source]
        source: hyper::Error,
    },
    /// Input or output on this machine failed.
    #[error("{what}")]
    Io {
        /// What was being done.
        what: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Firehose could not deliver; the records are kept.
    #[error("{stream} could not deliver to {bucket}: {reason}")]
    Delivery {
        /// The stream.
        stream: String,
        /// The bucket.
        bucket: String,
        /// Why.
        reason: String,
    },
    /// The local AWS has been stopped.
    #[error("the local AWS has been stopped")]
    Stopped,
}

/// A result with the local AWS's own error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    pub(crate) fn malformed(what: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        Self::Malformed { what: what.into(), reason: format!("{reason}") }
    }

    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}
