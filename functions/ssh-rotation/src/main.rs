//! Wires the function: configuration, AWS, SSH, handler.

use std::alloc::System;
use std::process::ExitCode;

use shared::env::ConfigurationError;
use ssh_rotation::aws::Aws;
use ssh_rotation::config::Config;
use ssh_rotation::handler::Handler;
use ssh_rotation::ssh::Ssh;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all memory that is given back. Our own types wipe their secrets; the copies that the SDK and the HTTP client
/// make of a request or an answer are wiped by nobody else.
#[global_allocator]
static WIPING: ZeroAlloc<System> = ZeroAlloc(System);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::log::init();
    shared::runtime::serve(set_up(), async |handler, event| handler.handle(event).await).await
}

fn set_up() -> Result<Handler<Aws, Ssh>, ConfigurationError> {
    let mut env = shared::env::process();
    let config = Config::read(&mut env);
    let aws = shared::aws::config(&mut env);
    env.finish()?;
    match (config, aws) {
        (Some(config), Some(aws)) => Ok(Handler::new(Aws::new(&aws), Ssh::new(config.ssh_port), config)),
        _ => Err(ConfigurationError(vec!["the configuration is incomplete".to_owned()])),
    }
}
