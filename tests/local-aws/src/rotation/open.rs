//! A rotation that has begun.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::{Options, RotateSecret, Rotation, RotationStep, StepRun, permission};
use crate::account::Account;
use crate::control;
use crate::error::{Error, Result};
use crate::function::{self, Function};
use crate::invocation::{Invocation, Trigger};
use crate::random;

/// A rotation that has begun, with the steps that are still to come. Between the steps a test can look around.
#[derive(Debug)]
pub struct OpenRotation {
    account: Account,
    function: Function,
    options: Options,
    trigger: Trigger,
    left: VecDeque<RotationStep>,
    attempt: usize,
    rotation: Rotation,
}

/// Asks Secrets Manager: the state part is moto's, the permission to invoke is looked up here.
pub(super) async fn begin(asked: RotateSecret) -> Result<OpenRotation> {
    let RotateSecret { account, function, secret_id, options } = asked;
    let secret = secret(&account, &secret_id).await?;
    permission::check(&account, function.arn(), &text(&secret, "ARN")).await?;
    let body = json!({
        "SecretId": secret_id,
        "ClientRequestToken": options.version_id.clone().unwrap_or_else(random::uuid),
        "RotationLambdaARN": function.arn(),
        "RotateImmediately": options.rotate_immediately,
    });
    let answer = control::json_to_emulator(&account, "secretsmanager", "secretsmanager.RotateSecret", &body).await?;
    Ok(OpenRotation::new(account, function, options, Trigger::Test, &answer.json()?))
}

/// `DescribeSecret`.
pub(super) async fn secret(account: &Account, secret_id: &str) -> Result<Value> {
    let body = json!({"SecretId": secret_id});
    control::json_to_emulator(account, "secretsmanager", "secretsmanager.DescribeSecret", &body).await?.json()
}

pub(super) fn text(of: &Value, name: &str) -> String {
    of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

impl OpenRotation {
    /// From the answer of `RotateSecret`.
    pub(super) fn new(
        account: Account,
        function: Function,
        options: Options,
        trigger: Trigger,
        answer: &Value,
    ) -> Self {
        account.state.lookups.forget(); // the secret may have another rotation function now
        let (secret_arn, version_id) = (text(answer, "ARN"), text(answer, "VersionId"));
        let rotation = Rotation { secret_arn, version_id, steps: Vec::new(), succeeded: false };
        let left = options.plan().into();
        Self { account, function, options, trigger, left, attempt: 1, rotation }
    }

    /// The new version: the events' `ClientRequestToken`.
    #[must_use]
    pub fn version_id(&self) -> &str {
        &self.rotation.version_id
    }

    /// The secret.
    #[must_use]
    pub fn secret_arn(&self) -> &str {
        &self.rotation.secret_arn
    }

    /// What has happened so far.
    #[must_use]
    pub fn so_far(&self) -> &Rotation {
        &self.rotation
    }

    /// The step that would run next.
    #[must_use]
    pub fn next(&self) -> Option<RotationStep> {
        self.left.front().copied()
    }

    /// Runs the next step; nothing is left after the last one, or after an error in the last attempt.
    pub async fn next_step(&mut self) -> Result<Option<&StepRun>> {
        let Some(step) = self.left.pop_front() else { return Ok(None) };
        let invocation = self.run_step(step).await?;
        let failed = invocation.result.is_err();
        self.rotation.steps.push(StepRun { step, attempt: self.attempt, invocation });
        if failed {
            self.left.clear();
            if self.attempt < self.options.attempts {
                self.attempt += 1;
                self.left = self.options.plan().into();
                return Ok(self.rotation.steps.last());
            }
        }
        if self.left.is_empty() {
            self.end(step, failed).await?;
        }
        Ok(self.rotation.steps.last())
    }

    /// Runs one step, whichever, with this rotation's token: once more, too early, after a crash. It counts neither
    /// as a step nor as an attempt of the rotation.
    pub async fn run_step(&self, step: RotationStep) -> Result<Invocation> {
        let event = self.options.event(step, self.secret_arn(), self.version_id());
        function::run(&self.function.inner, &event, self.trigger, None).await
    }

    /// Runs what is left.
    pub async fn finish(mut self) -> Result<Rotation> {
        while self.next_step().await?.is_some() {}
        Ok(self.rotation)
    }

    /// What Secrets Manager does after the last step: it notes the date, or takes the version of a mere test away.
    async fn end(&mut self, last: RotationStep, failed: bool) -> Result<()> {
        let tested = !self.options.rotate_immediately;
        self.rotation.succeeded = !failed && (tested || last == RotationStep::Finish);
        if !tested && !self.rotation.succeeded {
            return Ok(()); // AWSPENDING stays, for the next attempt
        }
        let body = json!({"secret_id": self.secret_arn(), "version_id": self.version_id(), "tested": tested});
        self.account.moto_plus("end-rotation", &body).await.map(drop)
    }
}

/// Secrets Manager's own refusal, where this stand-in gives it.
pub(super) fn refusal(code: &str, message: &str) -> Error {
    Error::Control {
        service: "secretsmanager".to_owned(),
        action: "RotateSecret".to_owned(),
        status: 400,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}
