//! The emulators: moto and ministack as processes, dynoxide in this one.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::process::{Process, Spawner, bound, free_address};
use crate::{REGION, http};

/// How long an emulator may take to start on a busy machine.
const READY_WITHIN: Duration = Duration::from_mins(1);

/// The Python environment with the emulators and the Runtime Interface Emulator.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    venv: PathBuf,
}

impl Tools {
    /// `LOCAL_AWS_VENV`, or `.tools/venv` of this repository.
    pub(crate) fn find() -> Result<Self> {
        let venv = std::env::var_os("LOCAL_AWS_VENV").map_or_else(|| repository().join(".tools/venv"), PathBuf::from);
        let tools = Self { venv };
        existing(tools.python())?;
        Ok(tools)
    }

    /// The interpreter.
    pub(crate) fn python(&self) -> PathBuf {
        self.venv.join("bin/python")
    }

    /// The Lambda Runtime Interface Emulator that comes with the SAM CLI.
    pub(crate) fn runtime_interface_emulator(&self) -> Result<PathBuf> {
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
        let within = format!("site-packages/samcli/local/rapid/aws-lambda-rie-{architecture}");
        let lib = self.venv.join("lib");
        let pythons = std::fs::read_dir(&lib).map_err(Error::io(format!("{} cannot be read", lib.display())))?;
        let found = pythons.filter_map(|python| Some(python.ok()?.path().join(&within))).find(|path| path.exists());
        found.ok_or(Error::MissingTool { path: lib.join("python3").join(within) })
    }
}

/// This repository's root, of which this crate lies two folders deep.
pub(crate) fn repository() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().and_then(Path::parent).unwrap_or(here).to_owned()
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    if path.exists() { Ok(path) } else { Err(Error::MissingTool { path }) }
}

/// The running emulators; killed on drop.
#[derive(Debug)]
pub(crate) struct Emulators {
    pub(crate) moto: SocketAddr,
    pub(crate) ministack: SocketAddr,
    /// Where ministack takes MQTT over TLS.
    pub(crate) mqtt: SocketAddr,
    moto_process: Process,
    ministack_process: Process,
}

impl Emulators {
    /// Starts both; `gateway` is where the functions that ministack invokes are run.
    pub(crate) fn start(tools: &Tools, spawner: &Spawner, gateway: SocketAddr) -> Result<Self> {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("emulators");
        let (moto, ministack, mqtt) = (free_address()?, free_address()?, free_address()?);

        let mut command = bound(tools.python());
        command.arg(existing(sources.join("moto_plus"))?).args(["--port", &moto.port().to_string()]);
        command.env("AWS_DEFAULT_REGION", REGION).env("PYTHONDONTWRITEBYTECODE", "1");
        let moto_process = spawner.spawn("moto_plus", command)?;

        let mut command = bound(tools.python());
        command.arg(existing(sources.join("ministack_plus.py"))?);
        command.env("GATEWAY_PORT", ministack.port().to_string()).env("BIND_HOST", "127.0.0.1");
        command
            .env("LOCAL_AWS_GATEWAY", format!("http://{gateway}"))
            .env("AWS_ENDPOINT_URL", format!("http://{gateway}"));
        // Both: the SAM transform reads the second, which ministack otherwise sets and unsets for each stack.
        command.env("MINISTACK_REGION", REGION).env("AWS_DEFAULT_REGION", REGION);
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("IOT_MTLS_ENABLED", "1").env("IOT_MTLS_PORT", mqtt.port().to_string());
        // Nothing here speaks SFTP, and it binds a fixed port.
        command.env("SFTP_ENABLED", "0");
        let ministack_process = spawner.spawn("ministack", command)?;

        Ok(Self { moto, ministack, mqtt, moto_process, ministack_process })
    }

    /// Waits until both answer.
    pub(crate) async fn ready(&self) -> Result<()> {
        answers(&self.moto_process, self.moto, "/moto-plus/health").await?;
        answers(&self.ministack_process, self.ministack, "/_ministack/ready").await
    }
}

async fn answers(process: &Process, address: SocketAddr, path: &str) -> Result<()> {
    let begun = Instant::now();
    while begun.elapsed() < READY_WITHIN && process.runs() {
        let answer = http::send(address, http::request("GET", path, &[], "")?).await;
        if answer.is_ok_and(|answer| answer.status().is_success()) {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (what, log) = (process.name().to_owned(), process.output.tail());
    Err(Error::NotReady { what, seconds: begun.elapsed().as_secs(), log })
}

/// Starts DynamoDB in this process.
#[cfg(feature = "dynamodb")]
pub(crate) async fn start_dynamodb() -> Result<SocketAddr> {
    use dynoxide::{Database, server};
    let failed = |error| Error::io("DynamoDB")(error);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let database = Database::memory().map_err(|error| Error::malformed("DynamoDB", error))?;
    tokio::spawn(server::serve_on(listener, database));
    Ok(address)
}

/// Says that DynamoDB was left out.
#[cfg(not(feature = "dynamodb"))]
pub(crate) async fn start_dynamodb() -> Result<SocketAddr> {
    Err(Error::malformed("a call of DynamoDB", "local-aws is built without its feature `dynamodb`"))
}
