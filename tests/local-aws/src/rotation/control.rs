//! `RotateSecret` as a call of the test's: asynchronous, as in AWS.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, Response};

use super::open::{OpenRotation, refusal, secret, text};
use super::{Options, permission};
use crate::account::Account;
use crate::call::ApiCall;
use crate::control::Answer;
use crate::error::{Error, Result};
use crate::function::Function;
use crate::invocation::Trigger;
use crate::wire::ServiceError;
use crate::world::{AccountState, World};
use crate::{forward, read};

/// AWS: "multiple times".
const ATTEMPTS: usize = 3;

/// Where the next attempt would start, so that a failing function does not spin.
const PAUSE: Duration = Duration::from_millis(200);

/// `RotateSecret`: checked, forwarded; the steps run after the answer.
pub(crate) async fn rotate_secret(
    world: &Arc<World>,
    account: &Arc<AccountState>,
    call: &ApiCall,
    request: Request<Bytes>,
) -> Response<Bytes> {
    let account = Account { world: world.clone(), state: account.clone() };
    match answered(account, call, request).await {
        Ok(response) => response,
        Err(Error::Control { status, code, message, .. }) => {
            ServiceError::new(status, code, message).response(call.protocol)
        }
        Err(error) => ServiceError::new(500, "InternalServiceError", format!("{error:?}")).response(call.protocol),
    }
}

async fn answered(account: Account, call: &ApiCall, request: Request<Bytes>) -> Result<Response<Bytes>> {
    let secret = secret(&account, call.parameter("SecretId").unwrap_or_default()).await?;
    let configured = text(&secret, "RotationLambdaARN");
    let arn = call.parameter("RotationLambdaARN").unwrap_or(&configured);
    let function = (!arn.is_empty()).then(|| function(&account, arn)).transpose()?;
    if function.is_some() {
        permission::check(&account, arn, &text(&secret, "ARN")).await?;
    }
    let response = forward::forward(&account.world, &account.state, call, request).await?;
    if let (Some(function), true) = (function, response.status().is_success()) {
        let rotate_immediately = call.parameter("RotateImmediately") != Some("false");
        let options = Options { rotate_immediately, attempts: ATTEMPTS, ..Options::default() };
        let answer = Answer::from(response.clone()).json()?;
        tokio::spawn(steps(OpenRotation::new(account, function, options, Trigger::Event, &answer)));
    }
    Ok(response)
}

/// The deployed function of an ARN.
fn function(account: &Account, arn: &str) -> Result<Function> {
    let name = arn.split(':').nth(6).unwrap_or_default();
    let inner = read(&account.state.functions).get(name).cloned();
    let missing = || refusal("ResourceNotFoundException", &format!("Resource not found for ARN '{arn}'."));
    inner.map(|inner| Function { inner }).ok_or_else(missing)
}

/// Nobody waits for it: what came of it is in the account's invocations and in the secret.
async fn steps(mut open: OpenRotation) {
    while let Ok(Some(run)) = open.next_step().await {
        if run.invocation.result.is_err() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}
