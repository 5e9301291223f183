//! The function, as Lambda holds it: its handler, made once, and an event for each request.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fhir::config::Config;
use fhir::error::Error;
use fhir::http::event::Received;
use lambda_runtime::{Context, LambdaEvent};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::cloud::Cloud;

/// What the template gives the function.
const TIMEOUT: Duration = Duration::from_secs(29);

/// The function.
pub struct Function {
    config: Config,
}

impl Function {
    /// Sets it up on those services.
    #[must_use]
    pub fn new(_cloud: &Cloud, config: Config) -> Self {
        Self { config }
    }

    /// Answers one event. An error is what Lambda would log and API Gateway would answer with 502.
    #[expect(clippy::unused_async, reason = "the handler is to come")]
    pub async fn answer(&self, event: Box<RawValue>, request_id: String) -> Result<Value, String> {
        let mut context = Context::default();
        context.request_id = request_id;
        let deadline = SystemTime::now() + TIMEOUT;
        let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        context.deadline = u64::try_from(deadline).unwrap_or(u64::MAX);
        self.handle(&LambdaEvent::new(event, context))
    }

    /// Stands in until `fhir::handler::Handler` does it.
    fn handle(&self, event: &LambdaEvent<Box<RawValue>>) -> Result<Value, String> {
        let received = Received::read(event.payload.get(), &self.config.edge).map_err(|error| error.to_string())?;
        let response = match received.request {
            Ok(_) => Error::NotImplemented("the handler is to come".to_owned()).response(),
            Err(error) => error.response(),
        };
        Ok(response.into_event(&received.negotiated))
    }
}
