//! An execution environment: one process of a function under Lambda's Runtime Interface Emulator (RIE).

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpStream;

use crate::error::{Error, Result};
use crate::function::{FunctionConfiguration, program};
use crate::iam::Policies;
use crate::process::{Process, bound, children, free_address, kill};
use crate::world::{AccountState, World};
use crate::{REGION, http};

/// A process that answers one event after another.
#[derive(Debug)]
pub(crate) struct Environment {
    configuration: Arc<FunctionConfiguration>,
    policies: Policies,
    program: String,
    invocation: AtomicU64,
    running: OnceLock<Running>,
    /// One event at a time: two at once crash the RIE.
    pub(crate) busy: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Debug)]
struct Running {
    emulator: Process,
    address: SocketAddr,
}

/// What the RIE answered, and what was written meanwhile.
pub(crate) struct Ran {
    pub(crate) body: Bytes,
    pub(crate) lines: Vec<String>,
}

impl Environment {
    /// Starts the emulator; the function itself starts with the first event.
    pub(crate) async fn start(
        world: &World,
        account: &Arc<AccountState>,
        configuration: &Arc<FunctionConfiguration>,
        bootstrap: &Path,
    ) -> Result<Arc<Self>> {
        let environment = Arc::new(Self {
            configuration: configuration.clone(),
            policies: Policies::new(&configuration.policies),
            program: program(bootstrap).to_owned(),
            invocation: AtomicU64::new(0),
            running: OnceLock::new(),
            busy: Arc::default(),
        });
        let access_key = world.new_access_key(account);
        world.register(&access_key, account, &environment);

        let (address, runtime_api) = (free_address()?, free_address()?);
        let mut command = bound(world.tools.runtime_interface_emulator()?);
        command.args(["--runtime-interface-emulator-address", &address.to_string()]);
        command.args(["--runtime-api-address", &runtime_api.to_string()]);
        command.args(["--log-level", "fatal"]).arg(bootstrap);
        command.env_clear().envs(variables(world, configuration, &access_key));
        let emulator = world.spawner.spawn(&configuration.name, command)?;
        let running = Running { emulator, address };
        // Both: a function that starts in 2 ms may look for the Runtime API before a busy machine has opened it.
        running.answers(address).await?;
        running.answers(runtime_api).await?;
        let _ = environment.running.set(running); // set once, here
        Ok(environment)
    }

    pub(crate) fn function_name(&self) -> &str {
        &self.configuration.name
    }

    pub(crate) fn configuration(&self) -> &FunctionConfiguration {
        &self.configuration
    }

    pub(crate) fn policies(&self) -> &Policies {
        &self.policies
    }

    /// The name of the binary.
    pub(crate) fn program(&self) -> &str {
        &self.program
    }

    /// The names by which a fault may mean it.
    pub(crate) fn names(&self) -> [&str; 4] {
        let logical_id = self.configuration.logical_id.as_str();
        let last = logical_id.rsplit('.').next().unwrap_or(logical_id);
        [&self.configuration.name, logical_id, last, &self.program]
    }

    /// The invocation that it is at.
    pub(crate) fn invocation(&self) -> u64 {
        self.invocation.load(Ordering::Relaxed)
    }

    /// Lets it run one event, under a request id of the RIE's own unless one is given. The caller holds `busy`.
    pub(crate) async fn run(&self, invocation: u64, event: &Value, request_id: Option<&str>) -> Result<Ran> {
        let running = self.running.get().ok_or(Error::Stopped)?;
        self.invocation.store(invocation, Ordering::Relaxed);
        running.emulator.output.take();
        let headers = [("content-type", "application/json")].into_iter();
        let headers: Vec<_> = headers.chain(request_id.map(|id| ("x-amzn-requestid", id))).collect();
        let request = http::request("POST", "/2015-03-31/functions/function/invocations", &headers, event.to_string())?;
        let response = http::send(running.address, request).await?;
        Ok(Ran { body: response.into_body(), lines: running.lines().await })
    }

    /// Whether another event can be given to it.
    pub(crate) fn is_alive(&self) -> bool {
        self.running.get().is_some_and(|running| running.emulator.runs())
    }

    /// The function's own process, once it has started.
    pub(crate) fn process_id(&self) -> Option<u32> {
        children(self.running.get()?.emulator.id()).first().copied()
    }

    /// SIGKILL to the function, not to the emulator, which reports it as Lambda does.
    pub(crate) fn kill_function(&self) {
        if let Some(process) = self.process_id() {
            kill(process);
        }
    }
}

impl Running {
    async fn answers(&self, address: SocketAddr) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) && self.emulator.runs() {
            if TcpStream::connect(address).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let (what, log) = (self.emulator.name().to_owned(), self.emulator.output.tail());
        Err(Error::NotReady { what, seconds: begun.elapsed().as_secs(), log })
    }

    /// The lines of this invocation. They come through a pipe, the last (REPORT) perhaps after the answer.
    async fn lines(&self) -> Vec<String> {
        for _ in 0..20 {
            if self.emulator.output.contains("REPORT RequestId") {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.emulator.output.take()
    }
}

/// What the function finds in its environment: what the template says, what Lambda sets, and the one addition that
/// makes it local, `AWS_ENDPOINT_URL`.
pub(crate) fn variables(
    world: &World,
    configuration: &FunctionConfiguration,
    access_key: &str,
) -> Vec<(String, String)> {
    let fixed: [(&str, &str); 15] = [
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin"),
        ("LANG", "en_US.UTF-8"),
        ("TZ", ":UTC"),
        ("LAMBDA_TASK_ROOT", "/var/task"),
        ("_HANDLER", &configuration.handler),
        ("AWS_REGION", REGION),
        ("AWS_DEFAULT_REGION", REGION),
        ("AWS_ACCESS_KEY_ID", access_key),
        ("AWS_SECRET_ACCESS_KEY", "local-aws"),
        ("AWS_SESSION_TOKEN", "local-aws"),
        ("AWS_LAMBDA_FUNCTION_NAME", &configuration.name),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"),
        ("AWS_LAMBDA_LOG_GROUP_NAME", &configuration.log_group),
        ("AWS_LAMBDA_LOG_STREAM_NAME", "local"),
    ];
    let mut variables: Vec<_> = fixed.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    variables.push(("AWS_LAMBDA_FUNCTION_MEMORY_SIZE".to_owned(), configuration.memory_size.to_string()));
    variables.push(("AWS_LAMBDA_LOG_FORMAT".to_owned(), configuration.log_format.clone()));
    variables.extend(configuration.log_level.clone().map(|level| ("AWS_LAMBDA_LOG_LEVEL".to_owned(), level)));
    // Read by the RIE, which passes it on.
    variables.push(("AWS_LAMBDA_FUNCTION_TIMEOUT".to_owned(), configuration.timeout.as_secs().to_string()));
    variables.extend(configuration.environment.clone());
    variables.push(("AWS_ENDPOINT_URL".to_owned(), format!("http://{}", world.gateway)));
    variables
}
