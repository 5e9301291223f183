//! The worlds of the scenarios: the template that ships, with what makes a demo short.

use std::path::Path;

use e2e::Result;
use e2e::iot::Iot;
use local_aws::{Deploy, LocalAws};

const TEMPLATE: &str = "../../functions/iot-firehose/template.yaml";

/// The rule hands on payloads as they are, so that bad ones can be seen; the sensor's value must be there, and a whole
/// number; a time must be one.
pub(crate) async fn strict(aws: &LocalAws) -> Result<Iot> {
    let mapping = r#"{"fields": {"time": {"time": "time"},
                                "sensor_value": {"from": "sensor_a0", "required": true, "type": "bigint"}}}"#;
    let parameters =
        [("SelectClause", "*"), ("TransformMapping", mapping), ("TimePolicy", "strict"), ("BatchSeconds", "1")];
    Iot::new(aws, &parameters).await
}

/// The messages' other fields go along.
pub(crate) async fn keeping_others(aws: &LocalAws) -> Result<Iot> {
    let mapping = r#"{"fields": {"time": {"time": "time"}, "sensor_value": {"from": "sensor_a0"}}, "others": "keep"}"#;
    Iot::new(aws, &[("TransformMapping", mapping), ("BatchSeconds", "2")]).await
}

/// What is given back comes again after so many seconds.
pub(crate) async fn retrying_after(aws: &LocalAws, seconds: u32) -> Result<Iot> {
    let iot = Iot::new(aws, &[]).await?;
    iot.set_visibility_timeout(seconds).await?;
    Ok(iot)
}

/// The same with a function that has few seconds for a batch: the template's own minute would make the demo long.
pub(crate) async fn hurried(aws: &LocalAws, timeout: u32, retry_after: u32) -> Result<Iot> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(TEMPLATE);
    let template = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let minute = "\n      Timeout: 60 ";
    if template.matches(minute).count() != 1 {
        return Err("the template's time-out is not where it was".into());
    }
    let folder = tempfile::tempdir()?;
    let folder = folder.path().join("iot-firehose"); // the binary is found by this name
    std::fs::create_dir(&folder)?;
    let copy = folder.join("template.yaml");
    std::fs::write(&copy, template.replace(minute, &format!("\n      Timeout: {timeout} ")))?;
    let account = aws.account();
    let stack = account.deploy(Deploy::template(copy).parameter("BatchSeconds", "1")).await?;
    let function = stack.function("IotFirehoseFunction")?.clone();
    let iot = Iot { account, stack, function };
    iot.set_visibility_timeout(retry_after).await?;
    Ok(iot)
}
