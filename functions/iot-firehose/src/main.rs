//! Wires the function: configuration, AWS, handler.

use std::process::ExitCode;

use iot_firehose::aws::Aws;
use iot_firehose::config::Config;
use iot_firehose::handler::Handler;
use shared::env::ConfigurationError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::log::init();
    shared::runtime::serve(set_up(), async |handler, event| handler.handle(event).await).await
}

fn set_up() -> Result<Handler<Aws>, ConfigurationError> {
    let mut env = shared::env::process();
    let config = Config::read(&mut env, |path| std::fs::read_to_string(path)); // relative to Lambda's task folder
    let aws = shared::aws::config(&mut env);
    env.finish()?;
    match (config, aws) {
        (Some(config), Some(aws)) => Ok(Handler::new(Aws::new(&aws, &config), config)),
        _ => Err(ConfigurationError(vec!["the configuration is incomplete".to_owned()])),
    }
}
