//! Wires onboarding-trigger: configuration, AWS, handler.

use std::process::ExitCode;

use onboarding::trigger::aws::Aws;
use onboarding::trigger::config::Config;
use onboarding::trigger::handler::Handler;
use shared::env::ConfigurationError;

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
        (Some(config), Some(aws)) => Ok(Handler::new(Aws::new(&aws, config.state_machine), config.directory)),
        _ => Err(ConfigurationError(vec!["the configuration is incomplete".to_owned()])),
    }
}
