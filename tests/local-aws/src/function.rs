//! A deployed function.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::environment::Environment;
use crate::error::{Error, Result};
use crate::invocation::{Invocation, Trigger, outcome};
use crate::record::CallLog;
use crate::world::{AccountState, World};
use crate::{lock, observe, startup};

/// What a function was deployed with, read back from Lambda and IAM.
#[derive(Debug, Clone)]
pub struct FunctionConfiguration {
    /// The name, made by CloudFormation unless the template gives one.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// The logical id in the template; in a nested stack after the application's: `NatFailover.Function`.
    pub logical_id: String,
    /// `Handler`.
    pub handler: String,
    /// The template's environment.
    pub environment: BTreeMap<String, String>,
    /// The time that an invocation may take.
    pub timeout: Duration,
    /// The memory in MB.
    pub memory_size: u32,
    /// `LoggingConfig`: `JSON` or `Text`.
    pub log_format: String,
    /// `LoggingConfig`: the least level that is logged, where the format is JSON.
    pub log_level: Option<String>,
    /// `LoggingConfig`: the log group's name.
    pub log_group: String,
    /// How many invocations may run at once, if that is reserved.
    pub reserved_concurrency: Option<u32>,
    /// Where the events go that failed every try.
    pub dead_letter_target: Option<String>,
    /// The execution role's name.
    pub role: String,
    /// The role's policies, inline and attached.
    pub policies: Vec<RolePolicy>,
}

/// A policy of a role.
#[derive(Debug, Clone)]
pub struct RolePolicy {
    /// Its name, or a managed policy's ARN.
    pub name: String,
    /// Its document.
    pub document: Value,
}

/// A function of a stack. Clones are the same function.
#[derive(Debug, Clone)]
pub struct Function {
    pub(crate) inner: Arc<FunctionInner>,
}

#[derive(Debug)]
pub(crate) struct FunctionInner {
    world: Arc<World>,
    account: Arc<AccountState>,
    pub(crate) configuration: Arc<FunctionConfiguration>,
    bootstrap: PathBuf,
    environments: tokio::sync::Mutex<Vec<Arc<Environment>>>,
}

impl Function {
    pub(crate) fn new(
        world: Arc<World>,
        account: Arc<AccountState>,
        configuration: FunctionConfiguration,
        bootstrap: PathBuf,
    ) -> Self {
        let (configuration, environments) = (Arc::new(configuration), tokio::sync::Mutex::default());
        Self { inner: Arc::new(FunctionInner { world, account, configuration, bootstrap, environments }) }
    }

    /// What it was deployed with.
    #[must_use]
    pub fn configuration(&self) -> &FunctionConfiguration {
        &self.inner.configuration
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.configuration.name
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.inner.configuration.arn
    }

    /// The binary that it runs.
    #[must_use]
    pub fn bootstrap(&self) -> &Path {
        &self.inner.bootstrap
    }

    /// Invokes it and waits for the end. An event that comes while another is worked on gets an execution environment
    /// of its own, as in Lambda; reserved concurrency counts only for events that come through the stack.
    pub async fn invoke(&self, event: &Value) -> Result<Invocation> {
        run(&self.inner, event, Trigger::Test, None).await
    }

    /// The same function with other environment variables (added or replaced), for tests of configuration. The deployed
    /// one, and what events invoke, stay as they are.
    #[must_use]
    pub fn with_env(&self, variables: &[(&str, &str)]) -> Self {
        let mut configuration = (*self.inner.configuration).clone();
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        configuration.environment.extend(variables);
        self.with_configuration(configuration)
    }

    /// The same function without some environment variables.
    #[must_use]
    pub fn without_env(&self, names: &[&str]) -> Self {
        let mut configuration = (*self.inner.configuration).clone();
        configuration.environment.retain(|name, _| !names.contains(&name.as_str()));
        self.with_configuration(configuration)
    }

    /// The same function with another time-out.
    #[must_use]
    pub fn with_timeout(&self, timeout: Duration) -> Self {
        self.with_configuration(FunctionConfiguration { timeout, ..(*self.inner.configuration).clone() })
    }

    fn with_configuration(&self, configuration: FunctionConfiguration) -> Self {
        let inner = &self.inner;
        Self::new(inner.world.clone(), inner.account.clone(), configuration, inner.bootstrap.clone())
    }

    /// Ends its execution environments, so that the next invocation is a cold start.
    pub async fn restart(&self) {
        self.inner.environments.lock().await.clear();
    }

    /// The peak resident memory in bytes of its (first) process; nothing before the first invocation.
    pub async fn rss(&self) -> Option<u64> {
        let process = self.inner.environments.lock().await.iter().find_map(|environment| environment.process_id())?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        peak.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    }

    /// The CPU time that its (first) process has used so far, the kernel's part included.
    pub async fn cpu_time(&self) -> Option<Duration> {
        let process = self.inner.environments.lock().await.iter().find_map(|environment| environment.process_id())?;
        observe::cpu_time(process)
    }

    /// What the writable memory of its (first) process holds: for tests that look for secrets left there.
    pub async fn memory(&self) -> Result<Vec<u8>> {
        let process = self.inner.environments.lock().await.iter().find_map(|environment| environment.process_id());
        let process = process.ok_or_else(|| Error::malformed("a function's memory", "it has no process"))?;
        observe::writable(process).map_err(|error| Error::malformed("a function's memory", error))
    }

    /// The time from starting its process to its first poll of the runtime API, without the emulator between.
    pub async fn startup_time(&self) -> Result<Duration> {
        startup::first_poll(&self.inner.world, &self.inner.configuration, &self.inner.bootstrap).await
    }
}

/// The name of a function's binary.
pub(crate) fn program(bootstrap: &Path) -> &str {
    bootstrap.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

impl FunctionInner {
    pub(crate) fn program(&self) -> &str {
        program(&self.bootstrap)
    }

    /// A free execution environment, or a new one.
    async fn environment(&self) -> Result<(Arc<Environment>, tokio::sync::OwnedMutexGuard<()>)> {
        let mut environments = self.environments.lock().await;
        environments.retain(|environment| environment.is_alive());
        for environment in environments.iter() {
            if let Ok(turn) = environment.busy.clone().try_lock_owned() {
                return Ok((environment.clone(), turn));
            }
        }
        let environment = Environment::start(&self.world, &self.account, &self.configuration, &self.bootstrap).await?;
        let turn = environment.busy.clone().lock_owned().await;
        environments.push(environment.clone());
        Ok((environment, turn))
    }
}

/// Runs one event and records it. `request_id`: Lambda tries an asynchronous event again under the same one.
pub(crate) async fn run(
    function: &Arc<FunctionInner>,
    event: &Value,
    trigger: Trigger,
    request_id: Option<&str>,
) -> Result<Invocation> {
    let (environment, _turn) = function.environment().await?;
    let id = function.account.next_invocation();
    let started = Instant::now();
    let ran = environment.run(id, event, request_id).await?;
    let (platform, logs): (Vec<_>, Vec<_>) = ran.lines.into_iter().partition(|line| is_platform(line));
    let calls = lock(&function.account.calls).iter().filter(|call| call.invocation == id).cloned().collect::<Vec<_>>();
    let invocation = Invocation {
        id,
        function: function.configuration.name.clone(),
        logical_id: function.configuration.logical_id.clone(),
        trigger,
        event: event.clone(),
        result: outcome(&ran.body),
        logs,
        report: platform.into_iter().find(|line| line.starts_with("REPORT ")),
        duration: started.elapsed(),
        calls: CallLog::from(calls),
    };
    function.account.record_invocation(invocation.clone());
    Ok(invocation)
}

fn is_platform(line: &str) -> bool {
    ["START RequestId: ", "END RequestId: ", "REPORT RequestId: "].iter().any(|start| line.starts_with(start))
}
