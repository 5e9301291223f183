//! Wires the function: configuration, AWS, handler.

use std::process::ExitCode;

use fhir::config::Config;
use fhir::handler::Handler;
use shared::env::ConfigurationError;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::log::init();
    shared::runtime::serve(set_up(), async |handler, event| handler.handle(event).await).await
}

fn set_up() -> Result<Handler, ConfigurationError> {
    let mut env = shared::env::process();
    let config = Config::read(&mut env);
    let aws = shared::aws::config(&mut env);
    env.finish()?;
    match (config, aws) {
        (Some(config), Some(aws)) => {
            Ok(Handler::new(aws_sdk_dynamodb::Client::new(&aws), aws_sdk_s3::Client::new(&aws), config))
        }
        _ => Err(ConfigurationError(vec!["the configuration is incomplete".to_owned()])),
    }
}
