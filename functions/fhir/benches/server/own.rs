//! The handler's own CPU time: that of its thread, on which neither dynoxide nor anything else runs. What of it is the AWS
//! SDK's is told by the same call, made without the handler; and both with the answer from memory instead of a socket.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::FinalizerInterceptorContextRef;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use fhir::handler::Handler;
use fhir::store::Key;
use fhir::store::table::Table;
use fhir_local::cloud::TABLE;

use crate::data::Synthea;
use crate::samples::{head, microseconds, percentile, row};
use crate::world::{World, client, cpu_time, event, handler, send};

const TIMES: usize = 300;

/// The last answer that a client got.
#[derive(Clone, Debug, Default)]
struct Recorder(Arc<Mutex<Vec<u8>>>);

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.response().and_then(|response| response.body().bytes());
        *self.0.lock().unwrap() = body.unwrap_or_default().to_vec();
        Ok(())
    }
}

/// Gives that answer to all.
#[derive(Debug)]
struct Memory(Vec<u8>);

impl HttpConnector for Memory {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let mut response = HttpResponse::new(200.try_into().unwrap(), SdkBody::from(self.0.clone()));
        response.headers_mut().insert("content-type", "application/x-amz-json-1.0");
        HttpConnectorFuture::ready(Ok(response))
    }
}

/// Prints the table.
pub(crate) fn figures(world: &World, synthea: &Synthea) {
    head("Own CPU time, the handler's thread's, median of 300:", &["", "by socket", "answer from memory", "to reach"]);
    let middle = |kind: &str| {
        let size = |url: &&String| world.send(&format!("GET /{url}"), b"", 200)["body"].as_str().unwrap().len();
        let mut urls: Vec<&String> = synthea.all.iter().filter(|url| url.starts_with(kind)).take(200).collect();
        urls.sort_by_key(size);
        urls[urls.len() / 2].clone()
    };
    for kind in ["Observation", "Patient", "Encounter", "Claim"] {
        read(world, kind, &middle(&format!("{kind}/")));
    }
    let search = &synthea.searches()[0];
    let own = handler_time(world, &world.handler, search);
    row(&[
        "search, 20 Observations of a patient with a code".to_owned(),
        microseconds(own),
        String::new(),
        String::new(),
    ]);
}

/// A read, the SDK's part of it, and what is left.
fn read(world: &World, kind: &str, url: &str) {
    let recorder = Recorder::default();
    let config = client(&world.cloud).config().to_builder().interceptor(recorder.clone()).build();
    let request = format!("GET /{url}");
    let answer = world.runtime.block_on(send(
        &handler(&aws_sdk_dynamodb::Client::from_conf(config), &world.cloud),
        event(&request, b""),
        200,
    ));
    let bytes = answer["body"].as_str().unwrap().len();
    let connector = SharedHttpConnector::new(Memory(recorder.0.lock().unwrap().clone()));
    let memory = client(&world.cloud).config().to_builder();
    let memory = memory.http_client(http_client_fn(move |_, _| connector.clone())).build();
    let memory = aws_sdk_dynamodb::Client::from_conf(memory);

    let other = handler(&memory, &world.cloud);
    let (_, id) = url.split_once('/').unwrap();
    let key = Key::new(fhir_definitions::resource_type(kind).unwrap().name, id).head();
    let tables = [client(&world.cloud), memory].map(|client| Table::new(client, TABLE));
    // In turns: what the machine does meanwhile is the same for all.
    let mut times: [Vec<Duration>; 4] = Default::default();
    for _ in 0..20 + TIMES {
        for (at, (handler, table)) in [&world.handler, &other].into_iter().zip(&tables).enumerate() {
            times[at].push(handled(world, handler, &request));
            let before = cpu_time();
            world.runtime.block_on(table.get(&key)).unwrap();
            times[at + 2].push(cpu_time().saturating_sub(before));
        }
    }
    let [socket, from_memory, sdk_socket, sdk_memory] = times.map(|mut times| percentile(&mut times.split_off(20), 50));
    let (whole, sdk) = ([socket, from_memory], [sdk_socket, sdk_memory]);
    let cells = |what: String, [socket, memory]: [Duration; 2], to_reach: &str| {
        row(&[what, microseconds(socket), microseconds(memory), to_reach.to_owned()]);
    };
    cells(format!("read, {kind} of {bytes} bytes"), whole, "");
    cells("- GetItem by the AWS SDK".to_owned(), sdk, "");
    cells("- the server".to_owned(), [0, 1].map(|at| whole[at].saturating_sub(sdk[at])), "100 µs");
}

fn handler_time(world: &World, handler: &Handler, request: &str) -> Duration {
    let mut times: Vec<Duration> = (0..20 + TIMES).map(|_| handled(world, handler, request)).collect();
    percentile(&mut times.split_off(20), 50)
}

fn handled(world: &World, handler: &Handler, request: &str) -> Duration {
    let event = event(request, b"");
    let before = cpu_time();
    let answer = world.runtime.block_on(send(handler, event, 200));
    let took = cpu_time().saturating_sub(before);
    drop(answer);
    took
}
