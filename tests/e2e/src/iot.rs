//! Devices that publish by MQTT, and the lake that iot-firehose writes: the rule, the queue, the stream and the buckets of
//! its template.
//!
//! ```no_run
//! # async fn example(aws: &local_aws::LocalAws) -> e2e::Result<()> {
//! let iot = e2e::iot::Iot::new(aws, &[]).await?; // or &[("Delivery", "direct")], &[("LakeFormat", "parquet")]
//! let device = iot.device("sensor-1").await?;
//! device.publish(e2e::iot::TOPIC, r#"{"time": 1567023375013, "sensor_a0": 512}"#).await?;
//! let lake = iot.wait_for_lake(1).await?; // or lake(), what is there now
//! println!("{} {}", lake[0].id(), lake[0].json["sensor_value"]);
//! println!("{:?}", iot.quarantined().await?);
//! # Ok(())
//! # }
//! ```

pub mod make;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use local_aws::{Account, Deploy, Device, Function, LakeObject, LocalAws, Stack};
use serde_json::{Value, json};

use crate::Result;

/// The topic that the rule takes.
pub const TOPIC: &str = "arduino/outgoing";

/// The world: an account with the deployed function, its rule, its stream and its buckets.
pub struct Iot {
    /// The account.
    pub account: Account,
    /// The deployed template.
    pub stack: Stack,
    /// The function.
    pub function: Function,
}

/// A line of the lake or of the quarantine, as read back from S3.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// As it is in the object, digit for digit; of Parquet the row as JSON.
    pub text: String,
    /// What it says. Numbers that no double holds are in `text`.
    pub json: Value,
}

impl Line {
    /// Its id, by which duplicates are told; empty if it has none.
    #[must_use]
    pub fn id(&self) -> &str {
        self.json.get("id").and_then(Value::as_str).unwrap_or_default()
    }
}

/// The different ids of lines.
#[must_use]
pub fn ids(lines: &[Line]) -> BTreeSet<&str> {
    lines.iter().map(Line::id).collect()
}

impl Iot {
    /// The function deployed from its shipped template with `parameters`; batches are gathered for a second.
    pub async fn new(aws: &LocalAws, parameters: &[(&str, &str)]) -> Result<Self> {
        let account = aws.account();
        let template = Deploy::template("functions/iot-firehose/template.yaml").parameter("BatchSeconds", "1");
        let deploy = parameters.iter().fold(template, |deploy, (name, value)| deploy.parameter(name, value));
        let stack = account.deploy(deploy).await?;
        let function = stack.function("IotFirehoseFunction")?.clone();
        Ok(Self { account, stack, function })
    }

    /// A device that may publish to [`TOPIC`], connected.
    pub async fn device(&self, client_id: &str) -> Result<Device> {
        Ok(self.account.device(client_id).may_publish([TOPIC]).await?)
    }

    /// The stream's name.
    pub fn stream(&self) -> Result<&str> {
        Ok(self.stack.output("DeliveryStreamName")?)
    }

    /// The lake's objects, after Firehose has delivered what it has.
    pub async fn objects(&self) -> Result<Vec<LakeObject>> {
        self.account.flush_firehose().await?;
        Ok(self.account.objects(self.stack.output("LakeBucket")?, "readings/").await?)
    }

    /// The lines of the lake, after Firehose has delivered what it has.
    pub async fn lake(&self) -> Result<Vec<Line>> {
        lines(self.objects().await?).await
    }

    /// The lines of the quarantine.
    pub async fn quarantined(&self) -> Result<Vec<Line>> {
        lines(self.account.objects(self.stack.output("QuarantineBucket")?, "quarantine/").await?).await
    }

    /// The lake as soon as it has so many different ids, or an error after 60 seconds.
    pub async fn wait_for_lake(&self, ids_expected: usize) -> Result<Vec<Line>> {
        let end = Instant::now() + Duration::from_mins(1);
        loop {
            let lake = self.lake().await?;
            let there = ids(&lake).len();
            if there >= ids_expected {
                return Ok(lake);
            }
            if Instant::now() > end {
                return Err(format!("{there} of {ids_expected} messages are in the lake after a minute").into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// How many messages a queue has, those in work too: `Queue`, `DeadLetters` or `RuleErrors`.
    pub async fn waiting(&self, queue: &str) -> Result<usize> {
        let all = json!({"AttributeNames": ["All"]});
        let answer = self.sqs(queue, "GetQueueAttributes", all).await?;
        let number = |name: &str| -> Result<usize> {
            let value = answer.pointer(&format!("/Attributes/{name}")).and_then(Value::as_str).unwrap_or("0");
            Ok(value.parse()?)
        };
        Ok(number("ApproximateNumberOfMessages")? + number("ApproximateNumberOfMessagesNotVisible")?)
    }

    /// Returns as soon as nothing is in the queue, in work neither, or an error after 60 seconds.
    pub async fn wait_for_empty_queue(&self) -> Result<()> {
        let end = Instant::now() + Duration::from_mins(1);
        while self.waiting("Queue").await? > 0 {
            if Instant::now() > end {
                return Err(format!("{} messages are in the queue after a minute", self.waiting("Queue").await?).into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }

    /// The bodies of the messages that can be seen in a queue, which then can't be seen for its visibility time-out.
    pub async fn received(&self, queue: &str) -> Result<Vec<String>> {
        let mut bodies = Vec::new();
        loop {
            let answer = self.sqs(queue, "ReceiveMessage", json!({"MaxNumberOfMessages": 10})).await?;
            let messages = answer.get("Messages").and_then(Value::as_array).cloned().unwrap_or_default();
            if messages.is_empty() {
                return Ok(bodies);
            }
            bodies.extend(messages.iter().filter_map(|message| message.get("Body")?.as_str().map(str::to_owned)));
        }
    }

    /// Lets messages that the function gave back come again after so many seconds, instead of minutes.
    pub async fn set_visibility_timeout(&self, seconds: u32) -> Result<()> {
        let attributes = json!({"Attributes": {"VisibilityTimeout": seconds.to_string()}});
        self.sqs("Queue", "SetQueueAttributes", attributes).await.map(drop)
    }

    async fn sqs(&self, queue: &str, operation: &str, mut body: Value) -> Result<Value> {
        if let Some(fields) = body.as_object_mut() {
            fields.insert("QueueUrl".to_owned(), json!(self.stack.resource(queue)?.physical_id));
        }
        let answer = self.account.control_json("sqs", &format!("AmazonSQS.{operation}"), &body).await?;
        Ok(if answer.body().is_empty() { Value::Null } else { answer.json()? })
    }
}

async fn lines(objects: Vec<LakeObject>) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    for object in objects {
        if object.key.ends_with(".parquet") {
            let rows = object.rows().await?;
            lines.extend(rows.into_iter().map(|json| Line { text: json.to_string(), json }));
            continue;
        }
        for text in object.text().lines() {
            let json = serde_json::from_str(text).map_err(|error| format!("{}: {error}: {text}", object.key))?;
            lines.push(Line { text: text.to_owned(), json });
        }
    }
    Ok(lines)
}
