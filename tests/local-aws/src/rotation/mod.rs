//! Stand-in: what Secrets Manager does after `RotateSecret`. No emulator runs the four steps. moto (with
//! `emulators/moto_plus/secrets.py`) keeps the versions and their labels; here the function is invoked, step by step.
//!
//! <https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html>

mod control;
mod open;
mod permission;

pub(crate) use control::rotate_secret;
pub use open::OpenRotation;

use serde_json::Value;

use crate::account::Account;
use crate::error::Result;
use crate::function::Function;
use crate::invocation::{FunctionError, Invocation};
use crate::random;

/// A step of a rotation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RotationStep {
    /// `createSecret`: makes the new value, as AWSPENDING.
    Create,
    /// `setSecret`: makes what the secret opens accept it.
    Set,
    /// `testSecret`: opens it with the new value.
    Test,
    /// `finishSecret`: makes the new value AWSCURRENT.
    Finish,
}

impl RotationStep {
    /// All four, in their order.
    pub const ALL: [Self; 4] = [Self::Create, Self::Set, Self::Test, Self::Finish];

    /// Its name in the event: `createSecret`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "createSecret",
            Self::Set => "setSecret",
            Self::Test => "testSecret",
            Self::Finish => "finishSecret",
        }
    }

    /// Its name as part of AWS's documentation writes it: `create_secret`.
    #[must_use]
    pub fn snake_case_name(self) -> &'static str {
        match self {
            Self::Create => "create_secret",
            Self::Set => "set_secret",
            Self::Test => "test_secret",
            Self::Finish => "finish_secret",
        }
    }
}

/// A step that was run.
#[derive(Debug, Clone)]
pub struct StepRun {
    /// Which.
    pub step: RotationStep,
    /// In which attempt, from 1.
    pub attempt: usize,
    /// The invocation. An error in its result ended the attempt.
    pub invocation: Invocation,
}

impl StepRun {
    /// The step's name: `createSecret`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.step.name()
    }
}

/// A rotation, so far or to its end.
#[derive(Debug, Clone)]
pub struct Rotation {
    /// The secret.
    pub secret_arn: String,
    /// The new version: the events' `ClientRequestToken`.
    pub version_id: String,
    /// Every step that was run, of all attempts.
    pub steps: Vec<StepRun>,
    /// Whether an attempt ran to its end without an error. Not after [`RotateSecret::stop_after`].
    pub succeeded: bool,
}

impl Rotation {
    /// The names of the steps that were run: `["createSecret", "setSecret"]`.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.steps.iter().map(StepRun::name).collect()
    }

    /// The last invocation of a step.
    #[must_use]
    pub fn invocation(&self, step: RotationStep) -> Option<&Invocation> {
        self.steps.iter().rev().find(|run| run.step == step).map(|run| &run.invocation)
    }

    /// What ended the last attempt, if an error did.
    #[must_use]
    pub fn error(&self) -> Option<&FunctionError> {
        self.steps.last().and_then(|run| run.invocation.result.as_ref().err())
    }
}

/// A rotation to come; see [`Account::rotation`].
#[derive(Debug, Clone)]
#[must_use = "nothing is rotated before `run` or `begin`"]
pub struct RotateSecret {
    account: Account,
    function: Function,
    secret_id: String,
    options: Options,
}

/// How to rotate.
#[derive(Debug, Clone)]
struct Options {
    version_id: Option<String>,
    rotation_token: Option<String>,
    rotate_immediately: bool,
    attempts: usize,
    last_step: RotationStep,
    snake_case: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            version_id: None,
            rotation_token: Some(random::uuid()),
            rotate_immediately: true,
            attempts: 1,
            last_step: RotationStep::Finish,
            snake_case: false,
        }
    }
}

impl Options {
    /// The steps of one attempt.
    fn plan(&self) -> Vec<RotationStep> {
        if !self.rotate_immediately {
            return vec![RotationStep::Test];
        }
        RotationStep::ALL.into_iter().filter(|step| *step <= self.last_step).collect()
    }

    fn event(&self, step: RotationStep, secret_arn: &str, version_id: &str) -> Value {
        let name = if self.snake_case { step.snake_case_name() } else { step.name() };
        let members = [("Step", name), ("SecretId", secret_arn), ("ClientRequestToken", version_id)];
        let token = self.rotation_token.as_deref().map(|token| ("RotationToken", token));
        members.into_iter().chain(token).map(|(name, value)| (name.to_owned(), Value::from(value))).collect()
    }
}

impl RotateSecret {
    /// How often the whole is tried, from `createSecret` with the same token. AWS tries "multiple times"; here once,
    /// unless a test asks for more.
    pub fn attempts(mut self, attempts: usize) -> Self {
        self.options.attempts = attempts.max(1);
        self
    }

    /// `RotateImmediately`; `false` runs `testSecret` alone, on a version that is removed afterwards.
    pub fn rotate_immediately(mut self, immediately: bool) -> Self {
        self.options.rotate_immediately = immediately;
        self
    }

    /// `ClientRequestToken`; else a new one. That of an unfinished rotation takes it up again, as AWS does.
    pub fn version_id(mut self, version_id: &str) -> Self {
        self.options.version_id = Some(version_id.to_owned());
        self
    }

    /// The events' `RotationToken`; else a generated one of 36 characters.
    pub fn rotation_token(mut self, token: &str) -> Self {
        self.options.rotation_token = Some(token.to_owned());
        self
    }

    /// Events without `RotationToken`.
    pub fn without_rotation_token(mut self) -> Self {
        self.options.rotation_token = None;
        self
    }

    /// Nothing after this step, as if Secrets Manager were still about to go on.
    pub fn stop_after(mut self, step: RotationStep) -> Self {
        self.options.last_step = step;
        self
    }

    /// `create_secret` in the events, not `createSecret`.
    pub fn snake_case_steps(mut self) -> Self {
        self.options.snake_case = true;
        self
    }

    /// Calls `RotateSecret`: the AWSPENDING version is there, no step has run yet. Secrets Manager's refusals are
    /// [`Error::Control`](crate::Error::Control).
    pub async fn begin(self) -> Result<OpenRotation> {
        open::begin(self).await
    }

    /// Begins and runs it to its end. A failed step is data, not an error.
    pub async fn run(self) -> Result<Rotation> {
        self.begin().await?.finish().await
    }
}

impl Account {
    /// A rotation of a secret, named by name or ARN, by a function of the account, to be adjusted and then run:
    /// `account.rotation(&function, "worker-key").attempts(2).run().await?`.
    pub fn rotation(&self, function: &Function, secret_id: &str) -> RotateSecret {
        RotateSecret {
            account: self.clone(),
            function: function.clone(),
            secret_id: secret_id.to_owned(),
            options: Options::default(),
        }
    }

    /// Rotates a secret by a function, in one attempt.
    pub async fn rotate(&self, function: &Function, secret_id: &str) -> Result<Rotation> {
        self.rotation(function, secret_id).run().await
    }
}
