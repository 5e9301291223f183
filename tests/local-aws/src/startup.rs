//! How long a function takes to its first poll of the runtime API.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;

use crate::environment::variables;
use crate::error::{Error, Result};
use crate::function::FunctionConfiguration;
use crate::world::World;

/// Starts the bootstrap against a runtime API that never has an event, and stops the clock at the first request.
pub(crate) async fn first_poll(
    world: &World,
    configuration: &FunctionConfiguration,
    bootstrap: &Path,
) -> Result<Duration> {
    let failed = || Error::io("a runtime API to measure with");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed())?;
    let address = listener.local_addr().map_err(failed())?;
    let mut command = Command::new(bootstrap); // not bound: `setpriv` would be measured too
    command.env_clear().envs(variables(world, configuration, "ASIASTARTUPTIME00000"));
    command.env("AWS_LAMBDA_RUNTIME_API", address.to_string());
    let begun = Instant::now();
    let process = world.spawner.spawn(&configuration.name, command)?;
    let poll = async {
        let (stream, _) = listener.accept().await?;
        stream.readable().await
    };
    let polled = tokio::time::timeout(Duration::from_secs(10), poll).await;
    let took = begun.elapsed();
    match polled {
        Ok(Ok(())) => Ok(took),
        _ => Err(Error::NotReady { what: configuration.name.clone(), seconds: 10, log: process.output.tail() }),
    }
}
