//! The function's sentence: read the event, find the interaction, carry it out, answer.
//!
//! Whatever goes wrong with a request is answered with an `OperationOutcome`; only an event that is no HTTP is an error of
//! the function.

mod dispatch;

use std::time::{Duration, Instant};

use lambda_runtime::LambdaEvent;
use serde_json::Value;
use serde_json::value::RawValue;
use shared::deadline::Deadline;
use shared::error::{Failure, FunctionError as _};
use shared::metrics::{Metrics, Unit};

use crate::archive::Archive;
use crate::config::Config;
use crate::error::Error;
use crate::http::event::Received;
use crate::http::request::{BodyKind, Request};
use crate::http::response::Response;
use crate::interaction::Server;
use crate::route::{Route, route};
use crate::store::Store;
use crate::store::bodies::Bodies;
use crate::store::table::Table;
use dispatch::dispatch;

/// Kept back from Lambda's deadline to answer that there was no time.
const MARGIN: Duration = Duration::from_secs(1);

/// Answers events.
#[derive(Debug)]
pub struct Handler {
    table: Table,
    bodies: Bodies,
    archive: Option<Archive>,
    config: Config,
    clock: Option<fn() -> i64>,
}

impl Handler {
    /// A handler with those clients. Makes no call.
    #[must_use]
    pub fn new(dynamodb: aws_sdk_dynamodb::Client, s3: aws_sdk_s3::Client, config: Config) -> Self {
        Self {
            table: Table::new(dynamodb, &config.table),
            bodies: Bodies::new(s3.clone(), &config.bucket),
            archive: config.archive_bucket.as_ref().map(|bucket| Archive::new(s3, bucket)),
            config,
            clock: None,
        }
    }

    /// The same with another clock, for tests.
    #[must_use]
    pub fn with_clock(mut self, clock: fn() -> i64) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Answers what API Gateway or a function URL sent.
    pub async fn handle(&self, event: LambdaEvent<Box<RawValue>>) -> Result<Value, Failure> {
        let began = Instant::now();
        let LambdaEvent { payload, context } = event;
        let deadline = Deadline::of(&context, MARGIN);
        let Received { negotiated, request } = Received::read(payload.get(), &self.config.edge)?;
        drop(payload); // up to 6 MB
        let found = request.and_then(|request| Ok((find(&request)?, request)));
        let (route, answered) = match found {
            Ok((route, request)) => {
                // Boxed: the types of futures nested this deep overflow the compiler's recursion limit.
                let answering = Box::pin(self.answer(&route, &request, &context.request_id));
                let answered = deadline.cut(answering).await.unwrap_or(Err(Error::Timeout));
                (Some(route), answered)
            }
            Err(error) => (None, Err(error)),
        };
        let id = if negotiated.request_id.is_empty() { &context.request_id } else { &negotiated.request_id };
        record(id, route.as_ref(), &answered, began.elapsed());
        Ok(answered.unwrap_or_else(|error| error.response()).into_event(&negotiated))
    }

    /// Carries out the interaction, and archives what it brings meanwhile.
    async fn answer(&self, route: &Route, request: &Request, invocation: &str) -> Result<Response, Error> {
        let server = Server { store: self.store(&request.base), base: &request.base, config: &self.config };
        let Some(archive) = self.archive.as_ref().filter(|_| route.stores() && request.kind != BodyKind::None) else {
            return dispatch(&server, route, request).await;
        };
        let id = if request.id.is_empty() { invocation } else { &request.id };
        let archiving = archive.put(request, id, server.store.now());
        let (archived, answered) = futures_util::join!(archiving, dispatch(&server, route, request));
        let answered = answered?;
        archived.map_err(Error::Archive)?;
        Ok(answered)
    }

    /// The store, as this client sees the server: absolute references to its own resources begin with its base.
    fn store(&self, base: &str) -> Store {
        let store = Store::new(self.table.clone(), self.bodies.clone(), base);
        match self.clock {
            Some(clock) => store.with_clock(clock),
            None => store,
        }
    }
}

/// Which interaction is asked for.
fn find(request: &Request) -> Result<Route, Error> {
    let parameters = request.query.iter().any(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty"));
    route(request.method, &request.segments(), parameters)
}

/// One line in the logs and one for the metrics: ids and names, nothing of what was sent or found.
fn record(id: &str, route: Option<&Route>, answered: &Result<Response, Error>, took: Duration) {
    let interaction = route.map_or("none", Route::name);
    let resource_type = route.map_or("", Route::resource_type);
    let resource = route.and_then(Route::key).map_or("", |key| key.id.as_str());
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let status = answered.as_ref().map_or_else(Error::status, |response| response.status);
    let failed = status >= 500;
    match answered {
        Ok(_) => tracing::info!(id, interaction, resource_type, resource, status, milliseconds, "answered"),
        Err(error) if !failed => {
            let error_type = error.error_type();
            tracing::info!(id, interaction, resource_type, resource, status, error_type, milliseconds, "refused");
        }
        Err(error) => {
            let (error_type, cause) = (error.error_type(), error.cause());
            tracing::error!(
                id,
                interaction,
                resource_type,
                resource,
                status,
                error_type,
                cause,
                milliseconds,
                "failed"
            );
        }
    }
    Metrics::new("Fhir")
        .dimension("Interaction", interaction)
        .value("Requests", Unit::Count, 1)
        .value("Refused", Unit::Count, u64::from(status >= 400 && !failed))
        .value("Failed", Unit::Count, u64::from(failed))
        .value("Latency", Unit::Milliseconds, milliseconds)
        .emit();
}
