//! The gateway: what functions and tests take for AWS.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::call::{ApiCall, Protocol};
use crate::environment::Environment;
use crate::faults::{Effect, Verdict};
use crate::firehose::{self, Refusal};
use crate::iam::{self, Authorization};
use crate::invocation::{Invocation, Trigger};
use crate::record::{Call, is_mutating};
use crate::routes::{StandIn, stand_in};
use crate::wire::{ServiceError, error_code};
use crate::world::{AccountState, Caller, World};
use crate::{alarms, connect, forward, function, lock, read, rotation, ssm, states};

/// Answers calls until the runtime ends.
pub(crate) async fn serve(listener: TcpListener, world: Arc<World>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true); // a slower gateway is still a gateway
        let world = world.clone();
        let service = service_fn(move |request| {
            let world = world.clone();
            async move { answer(&world, request).await }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// The connection is cut instead of an answer: hyper closes it on a service's error.
#[derive(Debug, thiserror::Error)]
#[error("cut on purpose")]
struct Cut;

async fn answer(world: &Arc<World>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Cut> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Cut)?.to_bytes();
    let request = Request::from_parts(parts, body);
    let response = match request.uri().path() {
        "/local-aws/invoke" => {
            let Ok(response) = invoke(world, &request).await;
            response
        }
        "/local-aws/states-clock" => states::clock(world, request.uri().query().unwrap_or_default()),
        _ => dispatch(world, request).await?,
    };
    Ok(response.map(Full::new))
}

async fn dispatch(world: &Arc<World>, request: Request<Bytes>) -> Result<Response<Bytes>, Cut> {
    let call = match ApiCall::parse(&request) {
        Ok(call) => call,
        Err(error) => return Ok(ServiceError::new(400, "NotUnderstood", error.to_string()).response(Protocol::Query)),
    };
    match world.caller(&call.access_key) {
        Some(Caller::Control(account)) => Ok(control(world, &account, &call, request).await),
        Some(Caller::Function(account, environment)) => {
            // A task of its own: it is carried out and recorded though the caller be gone, as after a time-out.
            let world = world.clone();
            let task = async move { function_call(&world, &account, &environment, call, request).await };
            tokio::spawn(task).await.unwrap_or(Err(Cut))
        }
        None => {
            let message = format!("the access key {} belongs to no account of this local AWS", call.access_key);
            Ok(ServiceError::new(403, "InvalidClientTokenId", message).response(call.protocol))
        }
    }
}

/// A call of the test itself.
async fn control(
    world: &Arc<World>,
    account: &Arc<AccountState>,
    call: &ApiCall,
    request: Request<Bytes>,
) -> Response<Bytes> {
    if is_mutating(&call.action) {
        account.lookups.forget(); // the test may change tags
    }
    answered(world, account, call, request, &[]).await
}

/// By a stand-in or by the emulator, whoever calls. `refusals`: records that Firehose is not to take.
async fn answered(
    world: &Arc<World>,
    account: &Arc<AccountState>,
    call: &ApiCall,
    request: Request<Bytes>,
    refusals: &[Refusal],
) -> Response<Bytes> {
    match stand_in(&call.service, &call.action) {
        Some(StandIn::AlarmActions) => alarms::set_state(world, account, call, request).await,
        Some(StandIn::RotationSteps) => rotation::rotate_secret(world, account, call, request).await,
        Some(StandIn::RunCommand) => ssm::answer(world, account, call, &request).await,
        Some(StandIn::Firehose) => firehose::answer(world, account, call, &request, refusals).await,
        Some(StandIn::Connect) => connect::answer(account, call, &request),
        None => forwarded(world, account, call, request).await,
    }
}

async fn forwarded(world: &World, account: &AccountState, call: &ApiCall, request: Request<Bytes>) -> Response<Bytes> {
    forward::forward(world, account, call, request).await.unwrap_or_else(|error| {
        let message = format!("the emulator of {} failed: {error:?}", call.service);
        ServiceError::new(500, "InternalFailure", message).response(call.protocol)
    })
}

/// A call of a function: authorized, perhaps disturbed, forwarded, recorded.
async fn function_call(
    world: &Arc<World>,
    account: &Arc<AccountState>,
    environment: &Environment,
    call: ApiCall,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Cut> {
    let started = Instant::now();
    let invocation = environment.invocation();
    let verdict = lock(&account.faults).judge(&environment.names(), &call);
    tokio::time::sleep(verdict.delay).await;
    let authorization = iam::authorize(world, account, environment, &call).await;
    let outcome = carried_out(world, account, environment, &call, &verdict, &authorization, request).await;
    let answer = outcome.as_ref().ok();
    account.record_call(Call {
        function: environment.function_name().to_owned(),
        invocation,
        service: crate::call::iam_prefix(&call.service).to_owned(),
        action: call.action,
        resources: authorization.resources,
        parameters: connect::without_password(&call.service, call.parameters),
        started,
        ended: Instant::now(),
        status: answer.map_or(0, |response| response.status().as_u16()),
        error_code: answer.map_or_else(|| Some("ConnectionCut".to_owned()), error_code),
        faults: verdict.names,
    });
    outcome
}

async fn carried_out(
    world: &Arc<World>,
    account: &Arc<AccountState>,
    environment: &Environment,
    call: &ApiCall,
    verdict: &Verdict,
    authorization: &Authorization,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, Cut> {
    match &verdict.effect {
        Some(Effect::CutBefore) => return Err(Cut),
        Some(Effect::Throttle) => {
            return Ok(ServiceError::throttled(&call.service, call.protocol).response(call.protocol));
        }
        Some(Effect::Error(error)) => return Ok(error.response(call.protocol)),
        _ => {}
    }
    if let Some(message) = &authorization.denied {
        return Ok(ServiceError::denied(&call.service, call.protocol, message).response(call.protocol));
    }
    let mut response = answered(world, account, call, request, &verdict.refusals).await;
    let is_read = call.service == "s3" && matches!(call.action.as_str(), "GetObject" | "HeadObject");
    if is_read
        && response.status() == 404
        && let Some(message) = iam::hides_missing_object(account, environment, call)
    {
        response = ServiceError::denied(&call.service, call.protocol, message).response(call.protocol);
    }
    match &verdict.effect {
        Some(Effect::CutAfter) => Err(Cut),
        Some(Effect::KillAfter) => {
            environment.kill_function();
            Err(Cut)
        }
        _ => Ok(response),
    }
}

/// ministack hands over an invocation: an event came for a deployed function.
async fn invoke(world: &Arc<World>, request: &Request<Bytes>) -> Result<Response<Bytes>, Infallible> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let arn = header("x-function-arn").unwrap_or_default();
    let answer = match event_driven(world, arn, header("x-request-id"), request.body()).await {
        Ok(invocation) => {
            let failed = invocation.result.is_err();
            let payload = match &invocation.result {
                Ok(payload) => payload.clone(),
                Err(error) => error.to_json(),
            };
            json!({"payload": payload, "failed": failed, "log": invocation.logs.join("\n")})
        }
        Err(reason) => {
            let payload = json!({"errorType": "LocalAws", "errorMessage": reason});
            json!({"payload": payload, "failed": true, "log": reason})
        }
    };
    Ok(Response::new(answer.to_string().into()))
}

async fn event_driven(
    world: &Arc<World>,
    arn: &str,
    request_id: Option<&str>,
    event: &Bytes,
) -> Result<Invocation, String> {
    let mut parts = arn.split(':');
    let (account, name) = (parts.nth(4).unwrap_or_default(), parts.nth(1).unwrap_or_default());
    let account = world.account(account).ok_or_else(|| format!("no account of {arn}"))?;
    let inner = read(&account.functions).get(name).cloned().ok_or_else(|| format!("{arn} is not deployed"))?;
    let event: Value = serde_json::from_slice(event).map_err(|error| format!("the event is no JSON: {error}"))?;
    function::run(&inner, &event, Trigger::Event, request_id).await.map_err(|error| format!("{error:?}"))
}
