//! Starts a function: sets it up, then answers events until Lambda ends the process.

use std::process::ExitCode;

use http::{Method, Request};
use lambda_runtime::{LambdaEvent, service_fn};
use lambda_runtime_api_client::{BoxError, Client, body::Body};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Failure, FunctionError, chain};

/// Answers events with `handle`, if `setup` went well; otherwise tells Lambda why not, and ends.
///
/// Told through the Runtime API, the reason reaches the invoker and the console as the error's type and message. A
/// process that merely ends shows as `Runtime.ExitError` and leaves the reason to be looked for in the logs.
pub async fn serve<S, E, P, F>(setup: Result<S, E>, handle: F) -> ExitCode
where
    E: FunctionError,
    P: DeserializeOwned,
    F: AsyncFn(&S, LambdaEvent<P>) -> Result<Value, Failure>,
{
    let state = match setup {
        Ok(state) => state,
        Err(error) => return refuse(&error).await,
    };
    let (state, handle) = (&state, &handle);
    match lambda_runtime::run(service_fn(move |event| handle(state, event))).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = %error, "the runtime ended");
            ExitCode::FAILURE
        }
    }
}

async fn refuse(error: &impl FunctionError) -> ExitCode {
    let message = chain(error);
    tracing::error!(error_type = error.error_type(), error = message, "the function can't start");
    if let Err(why) = report_init_error(error.error_type(), &message).await {
        tracing::error!(error = %why, "Lambda could not be told");
    }
    ExitCode::FAILURE
}

/// <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html#runtimes-api-initerror>
async fn report_init_error(error_type: &str, message: &str) -> Result<(), BoxError> {
    let body = json!({"errorType": error_type, "errorMessage": message, "stackTrace": []});
    let request = Request::builder()
        .method(Method::POST)
        .uri("/2018-06-01/runtime/init/error")
        .header("Lambda-Runtime-Function-Error-Type", error_type)
        .body(Body::from(body.to_string()))?;
    Client::builder().build()?.call(request).await?;
    Ok(())
}
