//! The function, as Lambda holds it: its handler, made once, and an event for each request.

use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use fhir::config::Config;
use fhir::handler::Handler;
use lambda_runtime::{Context, Diagnostic, LambdaEvent};
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};
use tokio::task::LocalSet;

use crate::StartError;
use crate::cloud::Cloud;

/// What the template gives the function.
const TIMEOUT: Duration = Duration::from_secs(29);

/// The function, on a thread of its own: as in Lambda, its futures never move between threads. The thread ends with this.
pub struct Function(mpsc::UnboundedSender<Job>);

struct Job {
    event: LambdaEvent<Box<RawValue>>,
    answer: oneshot::Sender<Result<Value, String>>,
}

impl Function {
    /// Sets it up on those services.
    pub fn start(cloud: &Cloud, config: Config) -> Result<Self, StartError> {
        let handler = Handler::new(cloud.dynamodb.clone(), cloud.s3.clone(), config);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| StartError::Service(format!("no runtime: {error}")))?;
        let (sender, jobs) = mpsc::unbounded_channel();
        std::thread::spawn(move || LocalSet::new().block_on(&runtime, work(Rc::new(handler), jobs)));
        Ok(Self(sender))
    }

    /// Answers one event. An error is what Lambda would log and API Gateway would answer with 502.
    pub async fn answer(&self, event: Box<RawValue>, request_id: String) -> Result<Value, String> {
        let mut context = Context::default();
        context.request_id = request_id;
        let deadline = SystemTime::now() + TIMEOUT;
        let deadline = deadline.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        context.deadline = u64::try_from(deadline).unwrap_or(u64::MAX);
        let (answer, answered) = oneshot::channel();
        let job = Job { event: LambdaEvent::new(event, context), answer };
        self.0.send(job).map_err(|_| "the function has ended".to_owned())?;
        answered.await.unwrap_or_else(|_| Err("the function panicked".to_owned()))
    }
}

/// Answers events, all that are there at the same time, until no more can come.
async fn work(handler: Rc<Handler>, mut jobs: mpsc::UnboundedReceiver<Job>) {
    while let Some(Job { event, answer }) = jobs.recv().await {
        let handler = Rc::clone(&handler);
        tokio::task::spawn_local(async move {
            let answered = handler.handle(event).await;
            // Nobody waits for it where the client went away.
            let _ = answer.send(answered.map_err(|failure| Diagnostic::from(failure).error_message));
        });
    }
}
