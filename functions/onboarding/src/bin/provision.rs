//! Wires onboarding-provision: configuration, AWS, handler.

use std::alloc::System;
use std::process::ExitCode;

use onboarding::provision::aws::Aws;
use onboarding::provision::config::Config;
use onboarding::provision::handler::Handler;
use shared::env::ConfigurationError;
use zeroizing_alloc::ZeroAlloc;

/// Wipes all memory that is given back: nobody else wipes the copies that the SDK and the HTTP client make of a password.
#[global_allocator]
static WIPING: ZeroAlloc<System> = ZeroAlloc(System);

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::log::init();
    shared::runtime::serve(set_up(), async |handler, event| handler.handle(event).await).await
}

fn set_up() -> Result<Handler<Aws>, ConfigurationError> {
    let mut env = shared::env::process();
    let config = Config::read(&mut env);
    let aws = shared::aws::config(&mut env);
    env.finish()?;
    match (config, aws) {
        (Some(config), Some(aws)) => Ok(Handler::new(Aws::new(&aws), config)),
        _ => Err(ConfigurationError(vec!["the configuration is incomplete".to_owned()])),
    }
}
